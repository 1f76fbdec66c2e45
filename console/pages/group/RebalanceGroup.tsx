// Rebalancing a group: what would move whither, as the server decides it; the yes does just that, or is refused.
import { App, Skeleton } from 'antd'
import type { Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import type { Group } from './GroupListPage.tsx'

type Rebalance = Returns<'POST /v1/groups/{groupId}/rebalance/preview'>

const countOf = ({ moves, otherMoves }: Rebalance): number => moves.length + otherMoves

export function RebalanceGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const { message } = App.useApp()
  const params = { groupId: group.groupId }
  const preview = useApi('POST /v1/groups/{groupId}/rebalance/preview', { params }, { refetchInterval: 3_000 })
  const rebalance = useAct('POST /v1/groups/{groupId}/rebalance')
  const confirm = async () => {
    const { previewId } = preview.data ?? {}
    await rebalance.mutateAsync({ params, body: previewId === undefined ? {} : { previewId } })
    void message.success(t('groups.rebalancing'))
  }
  return (
    <ConfirmImpact
      open
      title={t('groups.rebalanceTitle', { name: group.name })}
      action={t('groups.rebalance')}
      ready={preview.data !== undefined && countOf(preview.data) > 0}
      onConfirm={confirm}
      onClose={onClose}
    >
      {preview.error && !preview.data ? (
        <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
      ) : preview.data ? (
        <Moves rebalance={preview.data} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      )}
    </ConfirmImpact>
  )
}

const shownAtMost = 8

function Moves({ rebalance }: { rebalance: Rebalance }) {
  const { moves, otherMoves, emptiedMachineIds } = rebalance
  if (countOf(rebalance) === 0) return <div>{t('groups.balanced')}</div>
  const hidden = Math.max(0, moves.length - shownAtMost)
  return (
    <>
      <div>{t('groups.rebalanceMoves', { count: countOf(rebalance), machines: emptiedMachineIds.length })}</div>
      <ul className="impact">
        {moves
          .slice(0, shownAtMost)
          .map(({ serviceInstanceId, serviceName: service, fromMachineId: from, toMachineId: to }) => (
            <li key={serviceInstanceId}>{t('fit.move', { service, from, to })}</li>
          ))}
        {hidden > 0 ? <li>{t('impact.more', { count: hidden })}</li> : null}
        {otherMoves > 0 ? <li>{t('groups.rebalanceOthers', { count: otherMoves })}</li> : null}
      </ul>
    </>
  )
}
