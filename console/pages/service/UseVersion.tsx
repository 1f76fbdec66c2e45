import { App, Skeleton } from 'antd'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import type { Service } from './ServiceActions.tsx'
import { UpdateImpact } from './UpdateImpact.tsx'

interface Props {
  service: Service
  version: number
  /** Where it is gone back to: the words of the button that asked. */
  rollBack?: boolean
  onClose: () => void
}

/** Goes back, or forth, to a version that the service had, once its impact has been seen. */
export function UseVersion({ service, version, rollBack = false, onClose }: Props) {
  const number = { version: String(version) }
  const action = rollBack ? t('rollout.rollBack', number) : t('services.useVersion')
  const { message } = App.useApp()
  const params = { service: service.serviceId, version }
  const asked = useApi('POST /v1/services/{service}/versions/{version}/check', { params })
  const use = useAct('POST /v1/services/{service}/versions/{version}/use')
  const confirm = async () => {
    await use.mutateAsync({ params, query: asked.data ? { previewId: asked.data.impact.previewId } : {} })
    void message.success(t('services.accepted', { action }))
  }
  return (
    <ConfirmImpact
      open
      title={t(rollBack ? 'rollout.rollBackTitle' : 'services.useVersionTitle', number)}
      action={action}
      ready={asked.data !== undefined}
      onConfirm={confirm}
      onClose={onClose}
    >
      {asked.error ? <ErrorState error={asked.error} onRetry={() => void asked.refetch()} /> : null}
      {asked.isPending ? <Skeleton active paragraph={{ rows: 2 }} title={false} /> : null}
      {asked.data ? <UpdateImpact impact={asked.data.impact} title={t('services.updateImpact')} use /> : null}
    </ConfirmImpact>
  )
}
