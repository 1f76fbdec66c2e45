// Before an action on machines: the server's own preview, then a button that names the action. The preview is made anew
// while the dialog is open, and only machines that take the action are sent.
import { useQueryClient } from '@tanstack/react-query'
import { App, InputNumber } from 'antd'
import { useState } from 'react'
import { call, type Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { refreshShown, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { WillItFit } from '../../ui/WillItFit.tsx'
import { useWorkspaceId } from '../../ui/workspace.ts'
import { ChangeImpact } from './ChangeImpact.tsx'

export type ChangePreview = Returns<'POST /v1/machines/preview'>
/** A drain's deadline has a form of its own. */
export type ChangeAction = Exclude<ChangePreview['action'], 'extendDrain'>

export const actionText = (action: ChangeAction): string =>
  t(action === 'release' ? 'machines.delete' : `machines.${action}`)

/** As many as the server takes in one call. */
const atOnce = 9_999
const defaultDeadlineMinutes = 60

interface Props {
  action: ChangeAction
  machineIds: readonly string[]
  onDone?: () => void
  onClose: () => void
}

export function ConfirmChange({ action, machineIds, onDone = () => undefined, onClose }: Props) {
  const { message } = App.useApp()
  const client = useQueryClient()
  const [deadlineMinutes, setDeadlineMinutes] = useState<number | null>(defaultDeadlineMinutes)
  const body = { action, machineIds: machineIds.slice(0, atOnce) }
  const preview = useApi('POST /v1/machines/preview', { body }, { refetchInterval: 5_000 })
  const taken = preview.data?.machines.filter(machine => machine.refusal === null) ?? []
  const confirm = async (reason: string) => {
    const ids = taken.map(machine => machine.machineId)
    const { previewId } = preview.data ?? {}
    const shown = previewId === undefined ? {} : { previewId }
    const deadlineSeconds = action === 'drain' ? { deadlineSeconds: Math.round((deadlineMinutes ?? 0) * 60) } : {}
    try {
      if (action === 'release') await call('POST /v1/machines/release', { body: { machineIds: ids, reason, ...shown } })
      else {
        const body = { action, machineIds: ids, reason, ...deadlineSeconds, ...shown }
        await call('POST /v1/machines/actions', { body })
      }
      void message.success(t('machines.accepted', { action: actionText(action), count: ids.length }))
      onDone()
    } catch (refused) {
      // Whoever reads why sees what the next press would do.
      await preview.refetch()
      throw refused
    } finally {
      void refreshShown(client)
    }
  }
  return (
    <ConfirmImpact
      open
      title={t(`machines.confirm.${action}`, { count: preview.data ? taken.length : machineIds.length })}
      action={actionText(action)}
      {...(action === 'cancelDrain' ? { cancel: t('common.back') } : {})}
      danger={action === 'release' || action === 'overrideDrain' || action === 'forceDrain'}
      askReason={action !== 'uncordon' && action !== 'cancelDrain'}
      {...(action === 'release' ? { acknowledge: t('machines.deleteForGood') } : {})}
      {...(action === 'forceDrain' ? { acknowledge: t('machines.forceForGood') } : {})}
      ready={preview.data !== undefined && taken.length > 0 && deadlineMinutes !== null}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div>{t(`machines.impact.${action}`)}</div>
      {preview.error && !preview.data ? (
        <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
      ) : (
        <ChangeImpact preview={preview.data} />
      )}
      {action === 'drain' && preview.data ? <DrainFit preview={preview.data} /> : null}
      {action === 'drain' ? (
        <div>
          <label htmlFor="deadline" className="label">
            {t('drain.deadlineMinutes')}
          </label>
          <div>
            <InputNumber
              id="deadline"
              min={0}
              max={1_440}
              precision={0}
              value={deadlineMinutes}
              onChange={setDeadlineMinutes}
            />
          </div>
          <div className="quiet">{t('drain.deadlineHint')}</div>
        </div>
      ) : null}
    </ConfirmImpact>
  )
}

/** What makes room for what finds none. It stays in its group, so it is asked for one group at a time. */
function DrainFit({ preview: { machines, services, groups } }: { preview: ChangePreview }) {
  const workspaceId = useWorkspaceId()
  const machineIds = machines.filter(machine => machine.refusal === null).map(machine => machine.machineId)
  const isHomeless = services.some(({ instances }) => instances.some(one => one.noRoom !== null))
  const enabled = isHomeless && groups.length === 1 && machineIds.length > 0
  const fit = useApi('POST /v1/machines/fit', { body: { machineIds } }, { enabled })
  return fit.data && enabled && workspaceId ? <WillItFit fit={fit.data} workspaceId={workspaceId} /> : null
}
