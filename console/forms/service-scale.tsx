import { Alert, App, Form, InputNumber } from 'antd'
import type { Returns } from '../api.ts'
import { t } from '../i18n/t.ts'
import { ServiceFit } from '../pages/service/ServiceFit.tsx'
import { ShareImpact } from '../pages/service/ShareImpact.tsx'
import { UpdateImpact } from '../pages/service/UpdateImpact.tsx'
import { useAct, useApi } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'
import { errorText } from '../ui/refusal.ts'

type Service = Returns<'GET /v1/services/{service}'>

/** Sets how many instances are wanted. */
export function ServiceScale({ service, onClose }: { service: Service; onClose: () => void }) {
  const { message } = App.useApp()
  const scale = useAct('POST /v1/services/{service}/scale')
  const [form] = Form.useForm<{ replicas: number }>()
  const replicas = Form.useWatch('replicas', form) ?? service.replicas
  const submit = async (values: { replicas: number }) => {
    await scale.mutateAsync({ params: { service: service.serviceId }, body: values })
    void message.success(t('services.accepted', { action: t('services.scale') }))
    onClose()
  }
  return (
    <FormDialog<{ replicas: number }>
      title={t('services.scaleTitle', { name: service.name })}
      action={t('services.scale')}
      form={form}
      initial={{ replicas: service.replicas }}
      disabled={replicas === service.replicas}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item
        name="replicas"
        label={t('services.scaleTo')}
        extra={t('services.scaleHint', { replicas: service.replicas })}
        rules={needed()}
      >
        <InputNumber autoFocus min={0} precision={0} />
      </Form.Item>
      {replicas === service.replicas ? null : <ScaleImpact service={service} replicas={replicas} />}
    </FormDialog>
  )
}

/** Scaling is an update of the replicas alone, and so is its preview. */
function ScaleImpact({ service, replicas }: { service: Service; replicas: number }) {
  const preview = useApi('POST /v1/services/{service}/check', {
    params: { service: service.serviceId },
    body: { config: { metadata: { instance: replicas } } },
  })
  if (preview.error) return <Alert type="error" showIcon role="alert" title={errorText(preview.error)} />
  if (!preview.data || preview.isPlaceholderData) return null
  return (
    <div className="stack">
      <UpdateImpact impact={preview.data.impact} title={t('services.scaleImpact')} />
      {preview.data.impact.shortage ? <ServiceFit service={service} change={{ replicas }} /> : null}
      <ScaledShare service={service} replicas={replicas} />
    </div>
  )
}

/** Asked for only where there is a share: it is known once the whole scaling has been foreseen. */
function ScaledShare({ service, replicas }: { service: Service; replicas: number }) {
  const params = { service: service.serviceId }
  const isShared = useApi('GET /v1/services/{service}/traffic', { params }).data?.trafficGroup != null
  const preview = useApi(
    'POST /v1/services/{service}/preview',
    { params, body: { action: 'scale', replicas } },
    { enabled: isShared },
  )
  if (!isShared || !preview.data || preview.isPlaceholderData) return null
  return <ShareImpact traffic={preview.data.traffic} />
}
