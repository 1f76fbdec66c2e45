import { App, Skeleton } from 'antd'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import type { Service } from './ServiceActions.tsx'
import { UpdateImpact } from './UpdateImpact.tsx'

/** Goes back, or forth, to a version that the service had, once its impact has been seen. */
export function UseVersion(props: { service: Service; version: number; onClose: () => void }) {
  const { service, version, onClose } = props
  const { message } = App.useApp()
  const params = { service: service.serviceId, version }
  const asked = useApi('POST /v1/services/{service}/versions/{version}/check', { params })
  const use = useAct('POST /v1/services/{service}/versions/{version}/use')
  const confirm = async () => {
    await use.mutateAsync({ params })
    void message.success(t('services.accepted', { action: t('services.useVersion') }))
  }
  return (
    <ConfirmImpact
      open
      title={t('services.useVersionTitle', { version: String(version) })}
      action={t('services.useVersion')}
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
