// What can be done to the chosen machines. An action takes those that it can be done to, and says how many it leaves out
// and why; the server decides which (refusals of each machine) and says what it would do (ConfirmChange).
import { useState } from 'react'
import { AutoRenewMachines } from '../../forms/machine-auto-renew.tsx'
import { RenewMachines } from '../../forms/machine-renew.tsx'
import { t } from '../../i18n/t.ts'
import { useSession } from '../../session.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { actionText, type ChangeAction, ConfirmChange } from '../machine/ConfirmChange.tsx'
import type { Machine } from './GroupMachines.tsx'

interface Props {
  machines: readonly Machine[]
  /** The page of one machine: nothing is chosen there, so nothing is counted. */
  single?: boolean
  /** Where nothing else of them is at hand. */
  only?: 'renewal'
  onDone?: () => void
}

export function MachineActions({ machines, single = false, only, onDone = () => undefined }: Props) {
  const [asking, setAsking] = useState<ChangeAction | 'renew' | 'autoRenew' | null>(null)
  const { data: session } = useSession()
  /** Only when it can be done to none of them: the reason of the first. */
  const refusal = (action: ChangeAction | 'renew') => {
    const open = machines.filter(machine => machine.refusals[action] === null)
    if (machines.length === 0) return { code: 'NothingSelected', message: t('machines.selectFirst') }
    if (open.length === 0) return machines[0]?.refusals[action] ?? null
    if (action === 'uncordon' && open.every(isOpen)) return { code: 'SoAlready', message: t('machines.takesInstances') }
    if (action === 'cordon' && open.every(machine => isCordonedBy(machine, session?.userId)))
      return { code: 'SoAlready', message: t('machines.cordonedByYou') }
    return null
  }
  const prepaid = machines.filter(machine => machine.refusals.renew === null)
  const close = () => setAsking(null)
  const action = asking === 'renew' || asking === 'autoRenew' ? null : asking
  return (
    <div className="buttons">
      <span role="status" style={{ alignSelf: 'center' }}>
        {machines.length > 0 && !single ? t('machines.selected', { count: machines.length }) : ''}
      </span>
      <RenewalButtons refusal={refusal} ask={setAsking} />
      {only === 'renewal' ? null : <Buttons refusal={refusal} draining={machines.some(isDraining)} ask={setAsking} />}
      {action === null ? null : (
        <ConfirmChange
          action={action}
          machineIds={machines.map(machine => machine.machineId)}
          onDone={onDone}
          onClose={close}
        />
      )}
      {asking === 'autoRenew' ? (
        <AutoRenewMachines
          machineIds={prepaid.map(m => m.machineId)}
          autoRenew={prepaid.every(m => m.autoRenew)}
          onDone={onDone}
          onClose={close}
        />
      ) : null}
      {asking === 'renew' ? (
        <RenewMachines machineIds={prepaid.map(m => m.machineId)} onDone={onDone} onClose={close} />
      ) : null}
    </div>
  )
}

/** There is nothing that an uncordon would lift. */
const isOpen = (machine: Machine): boolean => machine.holds.length === 0 && !isDraining(machine)

/** By a hold of one's own that stands for itself: one that may be of a drain goes with the drain. */
const isCordonedBy = ({ holds, drain }: Machine, userId: string | undefined): boolean =>
  drain?.phase !== 'draining' &&
  drain?.phase !== 'drained' &&
  holds.some(({ ownerKind, owner }) => ownerKind === 'person' && owner === `user:${userId}`)

const isDraining = ({ drain }: Machine): boolean => drain?.phase === 'draining'

interface ButtonsProps {
  refusal: (action: ChangeAction | 'renew') => { code: string; message: string } | null
  /** A drain is under way on one of them: only then is there one to call back or to force. */
  draining: boolean
  ask: (action: ChangeAction | 'renew' | 'autoRenew') => void
}

const RenewalButtons = ({ refusal, ask }: Omit<ButtonsProps, 'draining'>) => (
  <>
    <ActionButton can="order.write" refusal={refusal('renew')} onClick={() => ask('renew')}>
      {t('machines.renew')}
    </ActionButton>
    <ActionButton can="order.write" refusal={refusal('renew')} onClick={() => ask('autoRenew')}>
      {t('machines.autoRenew')}
    </ActionButton>
  </>
)

const Buttons = ({ refusal, draining, ask }: ButtonsProps) => (
  <>
    {(draining
      ? (['cordon', 'drain', 'cancelDrain', 'overrideDrain', 'forceDrain', 'uncordon', 'release'] as const)
      : (['cordon', 'drain', 'uncordon', 'release'] as const)
    ).map(action => (
      <ActionButton
        key={action}
        can={action === 'release' ? 'order.write' : 'fleet.operate'}
        danger={action === 'release' || action === 'forceDrain'}
        refusal={refusal(action)}
        onClick={() => ask(action)}
      >
        {actionText(action)}
      </ActionButton>
    ))}
  </>
)
