import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { errorText } from '../ui/refusal.ts'

/** Sets how many machines of a spec a zone has, sold ones included. */
export function OfferingStock({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, stock } = offering
  const { message } = App.useApp()
  const [total, setTotal] = useState<number | null>(stock.total)
  const set = useAct('PUT /v1/stock')
  const submit = async () => {
    if (total === null) return
    await set.mutateAsync({ body: { zoneId, specId, total } })
    void message.success(t('operator.stockSet'))
    onClose()
  }
  return (
    <Modal
      open
      title={t('operator.stockTitle', { spec: specId, zone: zoneId })}
      okText={t('common.save')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: total === null || total === stock.total }}
      confirmLoading={set.isPending}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <Form layout="vertical" component="div">
        <Form.Item
          label={t('operator.stockTotal')}
          htmlFor="stock-total"
          extra={t('operator.stockHint', { allocated: stock.allocated })}
        >
          <InputNumber
            id="stock-total"
            autoFocus
            min={0}
            max={1_000_000}
            precision={0}
            value={total}
            onChange={setTotal}
          />
        </Form.Item>
      </Form>
      {set.error ? <Alert type="error" showIcon role="alert" title={errorText(set.error)} /> : null}
    </Modal>
  )
}
