// What the server says that an action would do: who refuses, what moves whither or stops, which services suffer, which holds
// go, what is billed. The browser decides nothing of it.
import { Alert, Skeleton } from 'antd'
import type { ReactNode } from 'react'
import { formatFen, t, tryT } from '../../i18n/t.ts'
import { BillingInstant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { refusalText } from '../../ui/refusal.ts'
import type { ChangePreview } from './ConfirmChange.tsx'
import { InstanceImpacts } from './InstanceImpacts.tsx'

type MachinePreview = ChangePreview['machines'][number]

const shownAtMost = 5

export function ChangeImpact({ preview }: { preview: ChangePreview | undefined }) {
  const contact = useInstallation()?.operatorContact
  if (!preview) return <Skeleton active title={false} paragraph={{ rows: 2 }} />
  const { machines, services, otherServices, groups, billing } = preview
  const taken = machines.filter(machine => machine.refusal === null)
  const refused = machines.filter(machine => machine.refusal !== null)
  const same = taken.filter(machine => machine.unchanged)
  const closed = groups.filter(group => group.openMachines > 0 && group.openMachinesAfter === 0)
  return (
    <section aria-label={t('impact.title')} style={{ display: 'grid', gap: 8 }}>
      {same.length > 0 ? <div>{t('impact.unchanged', { count: same.length })}</div> : null}
      <InstanceImpacts services={services} />
      {otherServices.serviceInstances > 0 ? (
        <div>{t('impact.otherServices', { count: otherServices.serviceInstances })}</div>
      ) : null}
      {otherServices.belowFloor > 0 ? (
        <Alert type="warning" showIcon title={t('impact.othersBelowFloor', { count: otherServices.belowFloor })} />
      ) : null}
      {closed.length > 0 ? <Alert type="warning" showIcon title={t('impact.noneOpen')} /> : null}
      {groups.map(({ groupId, openMachines, openMachinesAfter }) => (
        <div key={groupId}>{t('impact.open', { before: openMachines, after: openMachinesAfter })}</div>
      ))}
      <Holds which="lifts" machines={taken} />
      <Holds which="remaining" machines={taken} />
      {billing && taken.length > 0 ? <Billing machines={taken} billing={billing} /> : null}
      <Listed title={t('machines.leftOut', { count: refused.length })} machines={refused}>
        {machine => (machine.refusal ? refusalText(machine.refusal, contact) : '')}
      </Listed>
    </section>
  )
}

function Billing({
  machines,
  billing,
}: {
  machines: MachinePreview[]
  billing: NonNullable<ChangePreview['billing']>
}) {
  const currency = useInstallation()?.currency ?? ''
  return (
    <div>
      <div>
        {t('impact.billing')}
        {t('common.colon')}
        <BillingInstant at={billing.endsAt} />
      </div>
      {machines.some(machine => machine.accruedFen !== null) ? (
        <div>{t('impact.accrued', { amount: formatFen(billing.accruedFen, currency) })}</div>
      ) : null}
    </div>
  )
}

function Holds({ which, machines }: { which: 'lifts' | 'remaining'; machines: readonly MachinePreview[] }) {
  const holds = machines.flatMap(({ machineId, [which]: own }) => own.map(hold => ({ machineId, hold })))
  if (holds.length === 0) return null
  return (
    <div>
      {t(`impact.${which}`, { count: holds.length })}
      <ul className="impact">
        {holds.slice(0, shownAtMost).map(({ machineId, hold }) => (
          <li key={machineId + hold.ownerKind + hold.owner + hold.at}>
            <span className="id-text">{machineId}</span>
            {' · '}
            <span className="said">
              {tryT(`hold.${hold.ownerKind}`) ?? hold.ownerKind} · {hold.by.name} · {hold.reason || '—'}
            </span>
          </li>
        ))}
        {holds.length > shownAtMost ? <li>{t('impact.more', { count: holds.length - shownAtMost })}</li> : null}
      </ul>
    </div>
  )
}

interface ListedProps {
  title: string
  machines: readonly MachinePreview[]
  children: (machine: MachinePreview) => ReactNode
}

function Listed({ title, machines, children }: ListedProps) {
  if (machines.length === 0) return null
  return (
    <div>
      {title}
      <ul className="impact">
        {machines.slice(0, shownAtMost).map(machine => (
          <li key={machine.machineId}>
            <span className="id-text">{machine.machineId}</span>
            {' · '}
            <span className="said">{children(machine)}</span>
          </li>
        ))}
        {machines.length > shownAtMost ? <li>{t('impact.more', { count: machines.length - shownAtMost })}</li> : null}
      </ul>
    </div>
  )
}
