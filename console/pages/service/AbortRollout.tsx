import { App, Skeleton } from 'antd'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import type { Service } from './ServiceActions.tsx'
import { UpdateImpact } from './UpdateImpact.tsx'

/** Takes a rollout back, once it has been seen what that does. */
export function AbortRollout({ service, onClose }: { service: Service; onClose: () => void }) {
  const { message } = App.useApp()
  const params = { service: service.serviceId }
  const asked = useApi('POST /v1/services/{service}/rollout/abort/preview', { params })
  const abort = useAct('POST /v1/services/{service}/rollout/abort')
  const action = t('rollout.abortIt')
  const confirm = async () => {
    await abort.mutateAsync({ params, query: asked.data ? { previewId: asked.data.impact.previewId } : {} })
    void message.success(t('services.accepted', { action }))
  }
  return (
    <ConfirmImpact
      open
      danger
      title={t('rollout.abortTitle', { name: service.name })}
      action={action}
      ready={asked.data !== undefined}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div>{t(service.rollout?.kind === 'restart' ? 'rollout.abortRestart' : 'rollout.abortUpdate')}</div>
      {asked.error ? <ErrorState error={asked.error} onRetry={() => void asked.refetch()} /> : null}
      {asked.isPending ? <Skeleton active paragraph={{ rows: 2 }} title={false} /> : null}
      {asked.data ? <UpdateImpact impact={asked.data.impact} title={t('services.updateImpact')} use /> : null}
    </ConfirmImpact>
  )
}
