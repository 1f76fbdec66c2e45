import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { Returns } from '../api.ts'
import { t } from '../i18n/t.ts'
import { UpdateImpact } from '../pages/service/UpdateImpact.tsx'
import { useAct, useApi } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'

/** Sets how many instances are wanted. */
export function ServiceScale(props: { service: Returns<'GET /v1/services/{service}'>; onClose: () => void }) {
  const { service, onClose } = props
  const { message } = App.useApp()
  const scale = useAct('POST /v1/services/{service}/scale')
  const [replicas, setReplicas] = useState<number | null>(service.replicas)
  const changed = replicas !== null && replicas !== service.replicas
  // Scaling is an update of the replicas alone, and so is its preview.
  const preview = useApi(
    'POST /v1/services/{service}/check',
    { params: { service: service.serviceId }, body: { config: { metadata: { instance: replicas } } } },
    { enabled: changed },
  )
  const submit = async () => {
    if (replicas === null) return
    await scale.mutateAsync({ params: { service: service.serviceId }, body: { replicas } })
    void message.success(t('services.accepted', { action: t('services.scale') }))
    onClose()
  }
  return (
    <Modal
      open
      title={<span className="said">{t('services.scaleTitle', { name: service.name })}</span>}
      okText={t('services.scale')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: !changed }}
      confirmLoading={scale.isPending}
      onCancel={onClose}
      // What is refused is shown below.
      onOk={() => void submit().catch(() => undefined)}
    >
      <Form layout="vertical" component="div">
        <Form.Item
          label={t('services.scaleTo')}
          htmlFor="scale-to"
          extra={t('services.scaleHint', { replicas: service.replicas })}
        >
          <InputNumber id="scale-to" autoFocus min={0} precision={0} value={replicas} onChange={setReplicas} />
        </Form.Item>
      </Form>
      {changed && preview.data && !preview.isPlaceholderData ? (
        <UpdateImpact impact={preview.data.impact} title={t('services.scaleImpact')} />
      ) : null}
      {changed && preview.error ? <Alert type="error" showIcon role="alert" title={errorText(preview.error)} /> : null}
      {scale.error ? <Alert type="error" showIcon role="alert" title={errorText(scale.error)} /> : null}
    </Modal>
  )
}
