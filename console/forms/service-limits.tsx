import { Alert, App, Form, InputNumber } from 'antd'
import type { Returns } from '../api.ts'
import { t, textFrom } from '../i18n/t.ts'
import { traffic } from '../i18n/traffic.ts'
import { UpdateImpact } from '../pages/service/UpdateImpact.tsx'
import { useAct, useApi } from '../queries.ts'
import { FormDialog } from '../ui/FormDialog.tsx'
import { errorText } from '../ui/refusal.ts'
import { useSettled } from '../ui/use-settled.ts'

type Service = Returns<'GET /v1/services/{service}'>
type Limits = Returns<'GET /v1/services/{service}/traffic'>['limits']
type Values = Record<keyof Limits, number | null>

export const limitNames = ['rateLimit', 'maxInFlight', 'perInstance', 'queueMax'] as const

/** Those that change, where they stand in the service JSON. */
function configOf(values: Values, limits: Limits) {
  const [rate, inFlight, each, queue] = limitNames.map(name => {
    const value = values[name] ?? 0
    return value === limits[name] ? null : value
  })
  return {
    metadata: {
      rpc: {
        ...(rate == null ? {} : { rate_limit: rate }),
        ...(each == null ? {} : { max_concurrency: each }),
        ...(queue == null ? {} : { max_queue_size: queue }),
      },
    },
    networking: {
      gateway_policy: {
        // It can be said in two places, and the lower one counts.
        ...(rate == null ? {} : { rate_limit: { enable: false } }),
        ...(inFlight == null ? {} : { concurrency_limit: { enable: inFlight > 0, limit: inFlight } }),
      },
    },
  }
}

/** An update of the limits alone, with what it does to the instances. */
export function ServiceLimits({ service, limits, onClose }: { service: Service; limits: Limits; onClose: () => void }) {
  const { message } = App.useApp()
  const [form] = Form.useForm<Values>()
  const initial = Object.fromEntries(limitNames.map(name => [name, limits[name] === 0 ? null : limits[name]])) as Values
  const values: Values = Form.useWatch([], form) ?? initial
  const settled = useSettled(JSON.stringify(configOf(values, limits)))
  const params = { service: service.serviceId }
  const changed = limitNames.some(name => (values[name] ?? 0) !== limits[name])
  const asked = { params, body: { config: JSON.parse(settled) as Record<string, unknown> } }
  const preview = useApi('POST /v1/services/{service}/check', asked, { enabled: changed })
  const update = useAct('PUT /v1/services/{service}')
  const submit = async (values: Values) => {
    await update.mutateAsync({ params, body: { config: configOf(values, limits), ifVersion: service.version } })
    void message.success(textFrom(traffic, 'traffic.limitsSaved'))
    onClose()
  }
  return (
    <FormDialog<Values>
      title={textFrom(traffic, 'traffic.limitsTitle', { name: service.name })}
      action={t('common.save')}
      form={form}
      initial={initial}
      disabled={!changed}
      onSubmit={submit}
      onClose={onClose}
    >
      <p className="quiet">{textFrom(traffic, 'traffic.limitsHint')}</p>
      {limitNames.map((name, index) => (
        <Form.Item
          key={name}
          name={name}
          label={textFrom(traffic, `traffic.limit.${name}`)}
          extra={textFrom(traffic, `traffic.limit.${name}.over`)}
        >
          <InputNumber autoFocus={index === 0} min={0} max={1_000_000} precision={0} />
        </Form.Item>
      ))}
      {changed && preview.error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(preview.error)}</span>} />
      ) : null}
      {changed && preview.data ? (
        <UpdateImpact impact={preview.data.impact} title={t('services.updateImpact')} />
      ) : null}
    </FormDialog>
  )
}
