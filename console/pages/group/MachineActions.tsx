// What can be done to the chosen machines. An action takes those that it can be done to, and says how many it leaves out
// and why; the server decides which (refusals of each machine).

import { useQueryClient } from '@tanstack/react-query'
import { App, Space } from 'antd'
import { useState } from 'react'
import { call } from '../../api.ts'
import { AutoRenewMachines } from '../../forms/machine-auto-renew.tsx'
import { RenewMachines } from '../../forms/machine-renew.tsx'
import { t } from '../../i18n/t.ts'
import { refreshShown } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { refusalText } from '../../ui/refusal.ts'
import { DrainImpact } from '../machine/DrainImpact.tsx'
import type { Machine } from './GroupMachines.tsx'

type Action = 'cordon' | 'drain' | 'uncordon' | 'release'

const atOnce = 6

/** Each machine by itself, a few at a time; ends at the first that is refused. */
async function each(machines: readonly Machine[], act: (machineId: string) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < machines.length; first += atOnce)
    await Promise.all(machines.slice(first, first + atOnce).map(({ machineId }) => act(machineId)))
}

const perform: Record<Action, (machines: readonly Machine[], reason: string) => Promise<unknown>> = {
  cordon: (machines, reason) =>
    each(machines, machineId =>
      call('POST /v1/machines/{machineId}/cordon', { params: { machineId }, body: { reason } }),
    ),
  uncordon: machines =>
    each(machines, machineId => call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })),
  drain: (machines, reason) =>
    each(machines, machineId =>
      call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: { reason } }),
    ),
  release: (machines, reason) =>
    call('POST /v1/machines/release', { body: { machineIds: machines.map(m => m.machineId), reason } }),
}

interface Props {
  machines: readonly Machine[]
  /** The page of one machine: nothing is chosen there, so nothing is counted. */
  single?: boolean
  onDone?: () => void
}

export function MachineActions({ machines, single = false, onDone = () => undefined }: Props) {
  const { message } = App.useApp()
  const client = useQueryClient()
  const [asking, setAsking] = useState<Action | 'renew' | 'autoRenew' | null>(null)
  const can = (action: Action) => machines.filter(machine => machine.refusals[action] === null)
  /** Only when it can be done to none of them: the reason of the first. */
  const refusal = (action: Action | 'renew') =>
    machines.length === 0
      ? { code: 'NothingSelected', message: t('machines.selectFirst') }
      : machines.some(machine => machine.refusals[action] === null)
        ? null
        : (machines[0]?.refusals[action] ?? null)
  const confirm = (action: Action) => async (reason: string) => {
    try {
      await perform[action](can(action), reason)
      void message.success(t('machines.accepted', { action: actionText(action), count: can(action).length }))
      onDone()
    } finally {
      void refreshShown(client)
    }
  }
  const open = asking === 'renew' || asking === 'autoRenew' ? null : asking
  const prepaid = machines.filter(machine => machine.refusals.renew === null)
  return (
    <Space wrap>
      <span role="status">
        {machines.length > 0 && !single ? t('machines.selected', { count: machines.length }) : ''}
      </span>
      <Buttons refusal={refusal} ask={setAsking} />
      {open === null ? null : (
        <ConfirmImpact
          open
          title={t('machines.confirm', { action: actionText(open), count: can(open).length })}
          action={actionText(open)}
          danger={open === 'release'}
          askReason={open !== 'uncordon'}
          {...(open === 'release' ? { acknowledge: t('machines.deleteForGood') } : {})}
          onConfirm={confirm(open)}
          onClose={() => setAsking(null)}
        >
          <div>{t(`machines.impact.${open}`)}</div>
          {open === 'drain' ? <DrainImpact machines={can('drain')} /> : null}
          <LeftOut machines={machines.filter(machine => machine.refusals[open] !== null)} action={open} />
        </ConfirmImpact>
      )}
      {asking === 'autoRenew' ? (
        <AutoRenewMachines
          machineIds={prepaid.map(m => m.machineId)}
          autoRenew={prepaid.every(m => m.autoRenew)}
          onDone={onDone}
          onClose={() => setAsking(null)}
        />
      ) : null}
      {asking === 'renew' ? (
        <RenewMachines machineIds={prepaid.map(m => m.machineId)} onDone={onDone} onClose={() => setAsking(null)} />
      ) : null}
    </Space>
  )
}

interface ButtonsProps {
  refusal: (action: Action | 'renew') => { code: string; message: string } | null
  ask: (action: Action | 'renew' | 'autoRenew') => void
}

const Buttons = ({ refusal, ask }: ButtonsProps) => (
  <>
    <ActionButton refusal={refusal('renew')} onClick={() => ask('renew')}>
      {t('machines.renew')}
    </ActionButton>
    <ActionButton refusal={refusal('renew')} onClick={() => ask('autoRenew')}>
      {t('machines.autoRenew')}
    </ActionButton>
    {(['cordon', 'drain', 'uncordon', 'release'] as const).map(action => (
      <ActionButton key={action} danger={action === 'release'} refusal={refusal(action)} onClick={() => ask(action)}>
        {actionText(action)}
      </ActionButton>
    ))}
  </>
)

export function actionText(action: Action): string {
  return t(action === 'release' ? 'machines.delete' : `machines.${action}`)
}

const shownAtMost = 5

function LeftOut({ machines, action }: { machines: readonly Machine[]; action: Action }) {
  if (machines.length === 0) return null
  return (
    <div>
      {t('machines.leftOut', { count: machines.length })}
      <ul style={{ margin: '4px 0 0', paddingInlineStart: 20 }}>
        {machines.slice(0, shownAtMost).map(machine => (
          <li key={machine.machineId}>
            <span className="id-text">{machine.machineId}</span>{' '}
            <span className="said">{machine.refusals[action] ? refusalText(machine.refusals[action]) : ''}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
