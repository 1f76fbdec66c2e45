import { App, Form, InputNumber, Segmented } from 'antd'
import type { Input, Returns } from '../api.ts'
import { t, textFrom } from '../i18n/t.ts'
import { traffic } from '../i18n/traffic.ts'
import { SplitImpact } from '../pages/traffic/SplitImpact.tsx'
import { useAct, useApi } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'
import { useSettled } from '../ui/use-settled.ts'

type Group = Returns<'GET /v1/traffic-groups/{trafficGroup}'>
type Body = NonNullable<Input<'PUT /v1/traffic-groups/{trafficGroup}/split'>['body']>
interface Values {
  mode: Group['mode']
  weights: Record<string, number | null>
}

const bodyOf = ({ mode, weights }: Values): Body => ({
  mode,
  weights: Object.fromEntries(Object.entries(weights).filter((pair): pair is [string, number] => pair[1] !== null)),
})

/** Sets what each member gets, with the shares that come of it. */
export function TrafficSplit({ group, onClose }: { group: Group; onClose: () => void }) {
  const { message } = App.useApp()
  const [form] = Form.useForm<Values>()
  const initial: Values = {
    mode: group.mode,
    weights: Object.fromEntries(group.members.map(({ serviceId, weight }) => [serviceId, weight])),
  }
  const values: Values = Form.useWatch([], form) ?? initial
  const params = { trafficGroup: group.trafficGroupId }
  const settled = useSettled(JSON.stringify(bodyOf({ ...initial, ...values })))
  const asked = { params, body: JSON.parse(settled) as Body }
  const preview = useApi('POST /v1/traffic-groups/{trafficGroup}/split/preview', asked)
  const change = useAct('PUT /v1/traffic-groups/{trafficGroup}/split')
  const submit = async (values: Values) => {
    await change.mutateAsync({ params, body: bodyOf(values) })
    void message.success(textFrom(traffic, 'traffic.changed'))
    onClose()
  }
  return (
    <FormDialog<Values>
      title={textFrom(traffic, 'traffic.changeTitle', { name: group.name })}
      action={t('common.save')}
      form={form}
      initial={initial}
      disabled={!preview.data?.changed || preview.data.unserved}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item name="mode" label={textFrom(traffic, 'traffic.mode')}>
        <Segmented
          options={(['weighted', 'auto'] as const).map(value => ({
            value,
            label: t(`detail.mode.${value}`),
          }))}
        />
      </Form.Item>
      <p className="quiet">{textFrom(traffic, values.mode === 'auto' ? 'traffic.autoHint' : 'traffic.weightHint')}</p>
      {group.members.map(({ serviceId, name }) => (
        <Form.Item
          key={serviceId}
          name={['weights', serviceId]}
          label={<span className="said">{textFrom(traffic, 'traffic.weightOf', { name })}</span>}
          rules={needed()}
        >
          <InputNumber min={0} max={1_000} precision={0} />
        </Form.Item>
      ))}
      <SplitImpact preview={preview} />
    </FormDialog>
  )
}
