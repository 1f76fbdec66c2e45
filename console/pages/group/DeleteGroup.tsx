// Deleting a group: first what stands in the way, as the server says it, with the way to each; then, once nothing does, a yes.
import { useRouter } from '@tanstack/react-router'
import { Alert, App, Skeleton } from 'antd'
import type { Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { refusalText } from '../../ui/refusal.ts'
import { TextLink } from '../../ui/TextLink.tsx'
import type { Group } from './GroupListPage.tsx'

type Remaining = Returns<'GET /v1/groups/{groupId}/remaining'>

export function DeleteGroup(props: { workspaceId: string; group: Group; onClose: () => void }) {
  const { workspaceId, group, onClose } = props
  const router = useRouter()
  const { message } = App.useApp()
  const params = { groupId: group.groupId }
  const remaining = useApi('GET /v1/groups/{groupId}/remaining', { params }, { refetchInterval: 3_000 })
  const remove = useAct('DELETE /v1/groups/{groupId}')
  const confirm = async () => {
    await remove.mutateAsync({ params })
    void message.success(t('groups.deleted'))
    router.history.push(paths.groups(workspaceId))
  }
  return (
    <ConfirmImpact
      open
      title={t('groups.deleteTitle', { name: group.name })}
      action={t('groups.delete')}
      danger
      ready={remaining.data?.refusal === null}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div>{t('groups.deleteImpact')}</div>
      {remaining.error && !remaining.data ? (
        <ErrorState error={remaining.error} onRetry={() => void remaining.refetch()} />
      ) : remaining.data ? (
        <InTheWay workspaceId={workspaceId} remaining={remaining.data} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      )}
    </ConfirmImpact>
  )
}

const shownAtMost = 8

function InTheWay({ workspaceId, remaining }: { workspaceId: string; remaining: Remaining }) {
  const { refusal, machines, services, otherServices, more } = remaining
  if (refusal === null) return <div>{t('groups.nothingRemains')}</div>
  const hidden = Math.max(0, machines.length - shownAtMost) + Math.max(0, services.length - shownAtMost)
  return (
    <Alert
      type="warning"
      showIcon
      title={refusalText(refusal)}
      description={
        <ul className="impact">
          {services.slice(0, shownAtMost).map(({ serviceId, name }) => (
            <li key={serviceId}>
              {t('groups.remainingService')}{' '}
              <TextLink to={paths.service(workspaceId, name)} className="said">
                {name}
              </TextLink>
            </li>
          ))}
          {otherServices > 0 ? <li>{t('groups.remainingOthers', { count: otherServices })}</li> : null}
          {machines.slice(0, shownAtMost).map(({ machineId }) => (
            <li key={machineId}>
              {t('groups.remainingMachine')} <TextLink to={paths.machine(workspaceId, machineId)}>
                {machineId}
              </TextLink>{' '}
            </li>
          ))}
          {hidden > 0 ? <li>{t('impact.more', { count: hidden })}</li> : null}
          {more ? <li>{t('groups.remainingMore')}</li> : null}
        </ul>
      }
    />
  )
}
