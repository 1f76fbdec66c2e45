import { App, Form, InputNumber } from 'antd'
import type { Returns } from '../api.ts'
import { scaling } from '../i18n/scaling.ts'
import { textFrom } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

type Service = Returns<'GET /v1/services/{service}'>
type Autoscaler = Returns<'GET /v1/services/{service}/autoscaler'>

const metrics = ['qps', 'concurrency', 'cpu', 'memory', 'gpu'] as const
type Metric = (typeof metrics)[number]

type Values = { min: number; max: number; downWindow: number; zeroGrace: number } & Partial<
  Record<Metric, number | null>
>

interface Props {
  service: Service
  /** What is in effect; null: it is scaled by hand. */
  present: Autoscaler | null
  onClose: () => void
}

/** Sets between which counts a service scales by itself, and by what. */
export function ServiceAutoscale({ service, present, onClose }: Props) {
  const { message } = App.useApp()
  const put = useAct('PUT /v1/services/{service}/autoscaler')
  const [form] = Form.useForm<Values>()
  const min = Form.useWatch('min', form)
  const shown = metrics.filter(metric => metric !== 'gpu' || service.gpuCount > 0)
  const submit = async (values: Values) => {
    await put.mutateAsync({ params: { service: service.serviceId }, body: bodyOf(values, present) })
    void message.success(textFrom(scaling, 'scaling.saved'))
    onClose()
  }
  return (
    <FormDialog<Values>
      title={textFrom(scaling, 'scaling.formTitle', { name: service.name })}
      action={textFrom(scaling, 'scaling.save')}
      form={form}
      initial={initialOf(service, present)}
      onSubmit={submit}
      onClose={onClose}
    >
      <Form.Item
        name="min"
        label={textFrom(scaling, 'scaling.min')}
        extra={textFrom(scaling, 'scaling.minHint')}
        rules={needed()}
      >
        <InputNumber autoFocus min={0} precision={0} />
      </Form.Item>
      <Form.Item name="max" label={textFrom(scaling, 'scaling.max')} rules={needed()}>
        <InputNumber min={1} precision={0} />
      </Form.Item>
      {shown.map((metric, index) => (
        <Form.Item
          key={metric}
          name={metric}
          label={textFrom(scaling, `scaling.metric.${metric}`)}
          {...(index === 0 ? { extra: textFrom(scaling, 'scaling.metricHint') } : {})}
        >
          <InputNumber min={0} {...(metric === 'qps' || metric === 'concurrency' ? {} : { max: 100 })} />
        </Form.Item>
      ))}
      <Form.Item name="downWindow" label={textFrom(scaling, 'scaling.downWindow')} rules={needed()}>
        <InputNumber min={0} max={3_600} precision={0} />
      </Form.Item>
      {min === 0 ? (
        <Form.Item name="zeroGrace" label={textFrom(scaling, 'scaling.zeroGrace')} rules={needed()}>
          <InputNumber min={60} max={3_600} precision={0} />
        </Form.Item>
      ) : null}
    </FormDialog>
  )
}

function initialOf(service: Service, present: Autoscaler | null): Partial<Values> {
  if (present === null) return { min: 1, max: Math.max(2, service.replicas), downWindow: 300, zeroGrace: 600 }
  const { min, max, scaleStrategies, behavior } = present
  return {
    ...{ min, max },
    ...Object.fromEntries(scaleStrategies.map(({ metricName, threshold }) => [metricName, threshold])),
    downWindow: behavior.scaleDown.stabilizationWindowSeconds,
    zeroGrace: behavior.onZero.scaleDownGracePeriodSeconds,
  }
}

/** What the form does not show stays as it is. */
function bodyOf({ min, max, downWindow, zeroGrace, ...targets }: Values, present: Autoscaler | null) {
  const onZero = present?.behavior.onZero ?? {}
  return {
    ...{ min, max },
    scaleStrategies: metrics.flatMap(metricName => {
      const threshold = targets[metricName]
      return threshold === undefined || threshold === null ? [] : [{ metricName, threshold }]
    }),
    behavior: {
      ...(present ? { scaleUp: present.behavior.scaleUp } : {}),
      scaleDown: { stabilizationWindowSeconds: downWindow },
      onZero: { ...onZero, ...(zeroGrace === undefined ? {} : { scaleDownGracePeriodSeconds: zeroGrace }) },
    },
  }
}
