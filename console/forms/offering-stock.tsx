import { App, Form, InputNumber } from 'antd'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { usePlaceNames } from '../ui/catalog-names.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

/** Sets how many machines of a spec a zone has, sold ones included. */
export function OfferingStock({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, stock } = offering
  const placeNameOf = usePlaceNames()
  const { message } = App.useApp()
  const set = useAct('PUT /v1/stock')
  const submit = async ({ total }: { total: number }) => {
    await set.mutateAsync({ body: { zoneId, specId, total } })
    void message.success(t('operator.stockSet'))
    onClose()
  }
  return (
    <FormDialog<{ total: number }>
      title={t('operator.stockTitle', { spec: specId, zone: placeNameOf(zoneId) })}
      action={t('common.save')}
      initial={{ total: stock.total }}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item
        name="total"
        label={t('operator.stockTotal')}
        extra={t('operator.stockHint', { allocated: stock.allocated })}
        rules={needed()}
      >
        <InputNumber autoFocus min={0} max={1_000_000} precision={0} />
      </Form.Item>
    </FormDialog>
  )
}
