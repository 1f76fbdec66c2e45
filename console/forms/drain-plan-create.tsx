// A drain plan as it is put together: which machines, how many at a time, when; and what it would do.
import { DeleteOutlined } from '@ant-design/icons'
import { useRouter } from '@tanstack/react-router'
import { App, Button, Form, type FormInstance, Input, InputNumber, Select } from 'antd'
import type { Input as ApiInput } from '../api.ts'
import { plans } from '../i18n/plans.ts'
import { t, textFrom } from '../i18n/t.ts'
import { PlanPreview } from '../pages/drain-plan/PlanPreview.tsx'
import { weekday } from '../pages/drain-plan/windows-text.ts'
import { paths } from '../paths.ts'
import { still, useAct, useAll } from '../queries.ts'
import { usePlaceNames } from '../ui/catalog-names.ts'
import { FormDialog, needed } from '../ui/FormDialog.tsx'
import { useInstallation } from '../ui/installation.ts'
import { useSettled } from '../ui/use-settled.ts'

type Body = NonNullable<ApiInput<'POST /v1/drain-plans'>['body']>
interface Values {
  groupId?: string
  /** `zone …`, `spec …`: of the group's machines; none: all of them. */
  only?: string
  batchSize: number
  deadlineMinutes: number
  afterwards: 'hold' | 'return'
  windows?: Partial<NonNullable<Body['windows']>[number]>[]
  timeZone: string
  reason?: string
}

interface Props {
  workspaceId: string
  onClose: () => void
}

export function DrainPlanCreate({ workspaceId, onClose }: Props) {
  const { message } = App.useApp()
  const router = useRouter()
  const [form] = Form.useForm<Values>()
  const zone = useInstallation()?.billingZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const initial: Values = {
    ...{ batchSize: 1, deadlineMinutes: 60, afterwards: 'hold', windows: [], timeZone: zone },
  }
  const values: Values = Form.useWatch([], form) ?? initial
  const settled = useSettled(JSON.stringify(bodyOf(values)))
  const body = JSON.parse(settled) as Body | null
  const create = useAct('POST /v1/drain-plans')
  const submit = async (values: Values) => {
    const asked = bodyOf(values)
    if (asked === null) return
    const { planId } = await create.mutateAsync({ body: asked })
    void message.success(textFrom(plans, 'plans.created'))
    onClose()
    router.history.push(paths.drainPlan(workspaceId, planId))
  }
  return (
    <FormDialog<Values>
      title={textFrom(plans, 'plans.create')}
      action={textFrom(plans, 'plans.start')}
      form={form}
      initial={initial}
      disabled={body === null}
      onSubmit={submit}
      onClose={onClose}
    >
      <Which form={form} groupId={values.groupId} />
      <div className="price-fields">
        <Form.Item name="batchSize" label={textFrom(plans, 'plans.batchSize')} rules={needed()}>
          <InputNumber min={1} max={9_999} precision={0} />
        </Form.Item>
        <Form.Item name="deadlineMinutes" label={textFrom(plans, 'plans.deadline')} rules={needed()}>
          <InputNumber min={0} max={1_440} precision={0} />
        </Form.Item>
      </div>
      <p className="quiet">
        {textFrom(plans, 'plans.batchHint')} {textFrom(plans, 'plans.deadlineHint')}
      </p>
      <Form.Item name="afterwards" label={textFrom(plans, 'plans.afterwards')}>
        <Select
          options={(['hold', 'return'] as const).map(value => ({
            value,
            label: textFrom(plans, `plans.afterwards.${value}`),
          }))}
        />
      </Form.Item>
      <Windows />
      {(values.windows ?? []).length > 0 ? (
        <Form.Item name="timeZone" label={textFrom(plans, 'plans.timeZone')} rules={needed()}>
          <Select
            showSearch
            options={[...new Set([zone, ...Intl.supportedValuesOf('timeZone')])].map(value => ({ value }))}
          />
        </Form.Item>
      ) : null}
      <Form.Item name="reason" label={t('common.reason')}>
        <Input maxLength={500} />
      </Form.Item>
      {body === null ? null : <PlanPreview body={body} />}
    </FormDialog>
  )
}

/** The group, and of its machines all, or those of one zone or spec. */
function Which({ form, groupId }: { form: FormInstance<Values>; groupId: string | undefined }) {
  const groups = useAll('GET /v1/groups', {}, still)
  const machines = useAll('GET /v1/machines', { groupId }, { enabled: groupId !== undefined })
  const placeNameOf = usePlaceNames()
  const of = (kind: 'zone' | 'spec', ids: readonly string[]) =>
    [...new Set(ids)].map(id => ({
      value: `${kind} ${id}`,
      label: `${textFrom(plans, `plans.scope.${kind}`)}${t('common.colon')}${kind === 'zone' ? placeNameOf(id) : id}`,
    }))
  return (
    <>
      <Form.Item name="groupId" label={t('services.group')} rules={needed()}>
        <Select
          autoFocus
          options={(groups.data ?? []).map(group => ({ value: group.groupId, label: group.name }))}
          showSearch={{ optionFilterProp: 'label' }}
          onChange={() => form.setFieldValue('only', undefined)}
        />
      </Form.Item>
      <Form.Item name="only" label={textFrom(plans, 'plans.scope')}>
        <Select
          allowClear
          disabled={groupId === undefined}
          placeholder={textFrom(plans, 'plans.scope.all')}
          options={[
            ...of('zone', machines.data?.map(machine => machine.zoneId) ?? []),
            ...of('spec', machines.data?.map(machine => machine.specId) ?? []),
          ]}
        />
      </Form.Item>
    </>
  )
}

const isTime = /^([01]\d|2[0-3]):[0-5]\d$/

function Windows() {
  const time = (number: number, name: 'from' | 'to') => (
    <Form.Item
      name={[number - 1, name]}
      noStyle
      rules={[{ required: true, pattern: isTime, message: textFrom(plans, 'plans.timeHint') }]}
    >
      <Input
        style={{ width: 90 }}
        placeholder={textFrom(plans, 'plans.timeHint')}
        aria-label={textFrom(plans, `plans.${name}`, { number })}
      />
    </Form.Item>
  )
  return (
    <Form.Item label={textFrom(plans, 'plans.windows')} extra={textFrom(plans, 'plans.windowsHint')} className="stack">
      <Form.List name="windows">
        {(fields, { add, remove }) => (
          <div className="stack">
            {fields.map(({ key, name }) => (
              <div key={key} style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
                <Form.Item
                  name={[name, 'days']}
                  noStyle
                  rules={[{ required: true, message: textFrom(plans, 'plans.needDays') }]}
                >
                  <Select
                    mode="multiple"
                    style={{ flex: '1 1 180px' }}
                    aria-label={textFrom(plans, 'plans.days', { number: name + 1 })}
                    options={[1, 2, 3, 4, 5, 6, 7].map(value => ({ value, label: weekday(value) }))}
                  />
                </Form.Item>
                {time(name + 1, 'from')}
                {time(name + 1, 'to')}
                <Button
                  icon={<DeleteOutlined aria-hidden />}
                  aria-label={textFrom(plans, 'plans.removeWindow', { number: name + 1 })}
                  onClick={() => remove(name)}
                />
              </div>
            ))}
            <div>
              <Button size="small" onClick={() => add({ days: [1, 2, 3, 4, 5], from: '22:00', to: '04:00' })}>
                {textFrom(plans, 'plans.addWindow')}
              </Button>
            </div>
          </div>
        )}
      </Form.List>
    </Form.Item>
  )
}

/** null: there is something to be filled in yet. */
function bodyOf(values: Values): Body | null {
  const { groupId, only, batchSize, deadlineMinutes, afterwards, windows = [], timeZone, reason = '' } = values
  if (!groupId || !batchSize || deadlineMinutes === null) return null
  const [kind, id] = only?.split(' ') ?? []
  const whole = windows.filter(
    (one): one is NonNullable<Body['windows']>[number] =>
      (one.days ?? []).length > 0 && isTime.test(one.from ?? '') && isTime.test(one.to ?? ''),
  )
  if (whole.length < windows.length) return null
  return {
    ...{ groupId, batchSize, deadlineSeconds: deadlineMinutes * 60, afterwards, windows: whole, reason },
    ...(timeZone ? { timeZone } : {}),
    ...(kind === 'zone' && id ? { zoneId: id } : {}),
    ...(kind === 'spec' && id ? { specId: id } : {}),
  }
}
