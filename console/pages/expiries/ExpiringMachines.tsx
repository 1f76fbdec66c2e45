import { useState } from 'react'
import type { Item } from '../../api.ts'
import { expiries as texts } from '../../i18n/expiries.ts'
import { t, textFrom } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, still, useAll } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { useWorkspaceId } from '../../ui/workspace.ts'
import { MachineActions } from '../group/MachineActions.tsx'

type Expiring = Item<'GET /v1/expiries/machines'>

/** The machines of a day: choose, then renew them or let them renew themselves. */
export function ExpiringMachines({ day }: { day: string }) {
  const [keys, setKeys] = useState<string[]>([])
  const workspaceId = useWorkspaceId()
  const machines = useAll('GET /v1/expiries/machines', { day }, live)
  const groups = useAll('GET /v1/groups', {}, still)
  const nameOf = (groupId: string) => groups.data?.find(group => group.groupId === groupId)?.name ?? groupId
  const chosen = (machines.data ?? []).filter(machine => keys.includes(machine.machineId))
  return (
    <>
      <div className="toolbar">
        <MachineActions machines={chosen} only="renewal" onDone={() => setKeys([])} />
      </div>
      <DataTable<Expiring>
        label={t('nav.expiries')}
        answer={machines}
        rowKey={machine => machine.machineId}
        selection={{ keys, onChange: setKeys }}
        empty={<EmptyState title={textFrom(texts, 'expiries.noneThatDay')} />}
        columns={[
          {
            title: `${t('machines.id')} / ${t('machines.group')}`,
            width: widths.id,
            render: (_, { machineId, groupId }) => (
              <>
                <IdText
                  id={machineId}
                  {...(workspaceId === null ? {} : { to: paths.machine(workspaceId, machineId) })}
                />
                <div className="said quiet">{nameOf(groupId)}</div>
              </>
            ),
          },
          {
            title: t('common.status'),
            width: widths.machineStatus,
            render: (_, { status }) => <StatusTag status={status} />,
          },
          { title: t('machines.spec'), width: widths.spec, dataIndex: 'specId' },
          {
            title: t('machines.expiresAt'),
            width: widths.instant,
            render: (_, { expiresAt }) => <BillingInstant at={expiresAt} />,
          },
          {
            title: t('machines.autoRenew'),
            width: widths.count,
            render: (_, { autoRenew }) => t(autoRenew ? 'machines.on' : 'machines.off'),
          },
          {
            title: textFrom(texts, 'expiries.renewal'),
            width: widths.money,
            render: (_, { renewalFen, renewalMonths }) => (
              <div className="lines">
                <div>{renewalFen === null ? '—' : <Money fen={renewalFen} />}</div>
                <div className="quiet">{textFrom(texts, 'expiries.forMonths', { count: renewalMonths })}</div>
              </div>
            ),
          },
        ]}
      />
    </>
  )
}
