import { DeleteOutlined } from '@ant-design/icons'
import { App, Button, Form, Input, InputNumber, Select } from 'antd'
import type { Input as ApiInput, Returns } from '../api.ts'
import { scaling } from '../i18n/scaling.ts'
import { textFrom } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'

type Service = Returns<'GET /v1/services/{service}'>
type CronScaler = Returns<'GET /v1/services/{service}/cron-scaler'>
type Body = NonNullable<ApiInput<'PUT /v1/services/{service}/cron-scaler'>['body']>
type Job = Body['scaleJobs'][number]

interface Props {
  service: Service
  /** null: it has none. */
  present: CronScaler | null
  onClose: () => void
}

/** As many as the server takes. */
const jobsMax = 20

/** Sets all jobs of a service at once: those that are not in the form end. */
export function ServiceCron({ service, present, onClose }: Props) {
  const { message } = App.useApp()
  const put = useAct('PUT /v1/services/{service}/cron-scaler')
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const aJob = { schedule: '0 0 8 * * MON-FRI', targetSize: service.replicas, timeZone: own }
  const jobs = present?.scaleJobs.map(
    ({ name, schedule, targetSize, timeZone }): Job => ({ name, schedule, targetSize, timeZone }),
  )
  const submit = async (body: Body) => {
    await put.mutateAsync({ params: { service: service.serviceId }, body })
    void message.success(textFrom(scaling, 'cron.saved'))
    onClose()
  }
  return (
    <FormDialog<Body>
      title={textFrom(scaling, 'cron.formTitle', { name: service.name })}
      action={textFrom(scaling, 'scaling.save')}
      initial={{ scaleJobs: jobs ?? [aJob as Job], excludeDates: present?.excludeDates ?? [] }}
      onSubmit={submit}
      onClose={onClose}
    >
      <p className="quiet">{textFrom(scaling, 'cron.scheduleHint')}</p>
      <Form.List name="scaleJobs">
        {(fields, { add, remove }) => (
          <div className="stack" style={{ marginBottom: 24 }}>
            {fields.map(({ key, name }) => (
              <JobFields key={key} at={name} own={own} onRemove={fields.length > 1 ? () => remove(name) : null} />
            ))}
            {fields.length < jobsMax ? (
              <div>
                <Button size="small" onClick={() => add(aJob)}>
                  {textFrom(scaling, 'cron.add')}
                </Button>
              </div>
            ) : null}
          </div>
        )}
      </Form.List>
      <Form.Item
        name="excludeDates"
        label={textFrom(scaling, 'cron.exclude')}
        extra={textFrom(scaling, 'cron.excludeHint')}
      >
        <Select mode="tags" open={false} suffixIcon={null} />
      </Form.Item>
    </FormDialog>
  )
}

function JobFields({ at, own, onRemove }: { at: number; own: string; onRemove: (() => void) | null }) {
  const number = at + 1
  const zones = [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])].map(value => ({ value }))
  const label = (key: 'nameOf' | 'scheduleOf' | 'targetOf' | 'zoneOf') => textFrom(scaling, `cron.${key}`, { number })
  return (
    <fieldset className="job-fields" aria-label={textFrom(scaling, 'cron.job', { number })}>
      <Form.Item name={[at, 'name']} label={label('nameOf')} rules={needed()}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name={[at, 'targetSize']} label={label('targetOf')} rules={needed()}>
        <InputNumber min={0} precision={0} />
      </Form.Item>
      <Form.Item name={[at, 'schedule']} label={label('scheduleOf')} rules={needed()}>
        <Input maxLength={100} />
      </Form.Item>
      <Form.Item name={[at, 'timeZone']} label={label('zoneOf')} rules={needed()}>
        <Select showSearch options={zones} />
      </Form.Item>
      {onRemove === null ? null : (
        <Button size="small" icon={<DeleteOutlined aria-hidden />} onClick={onRemove}>
          {textFrom(scaling, 'cron.remove', { number })}
        </Button>
      )}
    </fieldset>
  )
}
