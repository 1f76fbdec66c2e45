import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { Returns } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'

/** Sets how many instances are wanted. */
export function ServiceScale(props: { service: Returns<'GET /v1/services/{service}'>; onClose: () => void }) {
  const { service, onClose } = props
  const { message } = App.useApp()
  const scale = useAct('POST /v1/services/{service}/scale')
  const [replicas, setReplicas] = useState<number | null>(service.replicas)
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
      okButtonProps={{ disabled: replicas === null || replicas === service.replicas }}
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
      {scale.error ? <Alert type="error" showIcon role="alert" title={errorText(scale.error)} /> : null}
    </Modal>
  )
}
