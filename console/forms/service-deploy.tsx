// The form's half of a deployment: reads the service JSON and writes it, field by field.
import { Form, Input, InputNumber, Segmented, Select } from 'antd'
import type { ReactNode } from 'react'
import type { Item } from '../api.ts'
import { formatCpu, formatGib, t } from '../i18n/t.ts'
import { type ProgramKind, readFields, type ServiceFields, writeField } from '../pages/service/service-json.ts'
import { useAll } from '../queries.ts'
import { useRegionNames } from '../ui/catalog-names.ts'

interface Props {
  config: Record<string, unknown>
  disabled: boolean
  /** Fields that can't be changed any more. */
  fixed?: readonly (keyof ServiceFields)[]
  /** What the server says of one input. */
  problem: { input: keyof ServiceFields; message: string } | null
  onChange: (config: Record<string, unknown>) => void
}

export function ServiceForm({ config, disabled, fixed = [], problem, onChange }: Props) {
  const fields = readFields(config)
  const set = <K extends keyof ServiceFields>(field: K, value: ServiceFields[K]) =>
    onChange(writeField(config, field, value))
  const item = (field: keyof ServiceFields, label: string, input: ReactNode, hint?: ReactNode) => (
    <Form.Item
      label={label}
      htmlFor={`service-${field}`}
      {...(problem?.input === field ? { validateStatus: 'error' as const, help: problem.message } : { extra: hint })}
    >
      {input}
    </Form.Item>
  )
  const number = (field: 'replicas' | 'cpu' | 'memoryMib' | 'gpu' | 'port', label: string, step: number) =>
    item(
      field,
      label,
      <InputNumber
        id={`service-${field}`}
        value={fields[field]}
        min={0}
        step={step}
        style={{ width: '100%' }}
        onChange={value => set(field, value)}
      />,
    )
  return (
    <Form layout="vertical" component="div" disabled={disabled}>
      {item(
        'name',
        t('services.name'),
        <Input
          id="service-name"
          value={fields.name}
          maxLength={63}
          disabled={disabled || fixed.includes('name')}
          onChange={e => set('name', e.target.value)}
        />,
        t(fixed.includes('name') ? 'deploy.nameKept' : 'deploy.nameHint'),
      )}
      <GroupField
        value={fields.resource}
        disabled={disabled || fixed.includes('resource')}
        onChange={groupId => set('resource', groupId)}
        item={item}
      />
      <div style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(200px, 1fr))', gap: '0 12px' }}>
        {number('replicas', t('deploy.replicas'), 1)}
        {number('cpu', t('deploy.cpu'), 0.5)}
        {number('memoryMib', t('deploy.memory'), 128)}
        {number('gpu', t('deploy.gpu'), 1)}
      </div>
      <ProgramFields fields={fields} disabled={disabled} set={set} item={item} number={number} />
    </Form>
  )
}

type ItemOf = (field: keyof ServiceFields, label: string, input: ReactNode, hint?: ReactNode) => ReactNode

interface GroupFieldProps {
  value: string
  disabled: boolean
  onChange: (groupId: string) => void
  item: ItemOf
}

function GroupField({ value, disabled, onChange, item }: GroupFieldProps) {
  const groups = useAll('GET /v1/groups', {})
  const regionOf = useRegionNames()
  const chosen = groups.data?.find(group => group.groupId === value || group.name === value)
  const select = (
    <Select
      id="service-resource"
      disabled={disabled}
      aria-label={t('services.group')}
      showSearch={{ optionFilterProp: 'search' }}
      loading={groups.isPending}
      placeholder={t('deploy.pickGroup')}
      notFoundContent={t('deploy.noGroup')}
      value={chosen?.groupId ?? (value === '' ? null : value)}
      onChange={onChange}
      options={(groups.data ?? []).map(group => optionOf(group, regionOf(group.regionId)))}
    />
  )
  return item('resource', t('services.group'), select, chosen ? freeIn(chosen) : undefined)
}

type Group = Item<'GET /v1/groups'>

const optionOf = ({ groupId, name }: Group, region: string) => ({
  value: groupId,
  title: name,
  search: `${name} ${groupId}`,
  label: (
    <span className="said">
      {name} <span className="quiet">{region}</span>
    </span>
  ),
})

const freeIn = (group: Group): string =>
  t('deploy.free', {
    cpu: formatCpu(group.cpuMilli - group.cpuUsedMilli),
    memory: formatGib(group.memoryMib - group.memoryUsedMib),
    gpu: group.gpuCount - group.gpuUsed,
  })

interface ProgramProps {
  fields: ServiceFields
  disabled: boolean
  set: <K extends keyof ServiceFields>(field: K, value: ServiceFields[K]) => void
  item: ItemOf
  number: (field: 'port', label: string, step: number) => ReactNode
}

function ProgramFields({ fields, disabled, set, item, number }: ProgramProps) {
  const text = (field: 'modelPath' | 'image', label: string, hint?: string) =>
    item(
      field,
      label,
      <Input id={`service-${field}`} value={fields[field]} onChange={e => set(field, e.target.value)} />,
      hint,
    )
  const command = (
    <Input.TextArea
      id="service-command"
      // Of a fixed height: fitting it to the text writes a style attribute, which the page's policy refuses.
      rows={3}
      value={fields.command}
      onChange={e => set('command', e.target.value)}
    />
  )
  return (
    <>
      {item(
        'program',
        t('deploy.program'),
        <Segmented<ProgramKind>
          aria-label={t('deploy.program')}
          disabled={disabled}
          value={fields.program}
          onChange={program => set('program', program)}
          options={(['onnx', 'command', 'image'] as const).map(value => ({ value, label: t(`deploy.${value}`) }))}
        />,
      )}
      {fields.program === 'onnx' ? text('modelPath', t('deploy.modelPath'), t('deploy.modelPathHint')) : null}
      {fields.program === 'image' ? text('image', t('deploy.image')) : null}
      {fields.program === 'image' ? number('port', t('deploy.port'), 1) : null}
      {fields.program === 'onnx' ? null : item('command', t('deploy.command'), command, t('deploy.commandHint'))}
    </>
  )
}
