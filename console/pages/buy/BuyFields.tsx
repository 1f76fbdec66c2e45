// The choices of a purchase, in the order in which they depend on each other.
import { Card, Checkbox, Form, Input, InputNumber, Radio, Segmented, Select, Space, Switch } from 'antd'
import type { ReactNode } from 'react'
import { type Months, months } from '../../forms/machine-renew.tsx'
import { formatMicros, t } from '../../i18n/t.ts'
import { regionName, zoneName } from '../../ui/catalog-names.ts'
import type { Group } from '../group/GroupListPage.tsx'
import { type BuyForm, diskFreeGib, type Field, type Region } from './buy-form.ts'

export type Change = (change: Partial<Record<Field, string | undefined>>) => void

interface Props {
  form: BuyForm
  regions: readonly Region[]
  groups: readonly Group[]
  placeholderName: string
  /** Of one GiB above the free ones; null until a spec is chosen. */
  diskMicros: string | null
  currency: string
  specs: ReactNode
  onChange: Change
}

export function BuyFields(props: Props) {
  const { form, regions, specs, onChange } = props
  return (
    <Form layout="vertical" component="div">
      <Card>
        <Form.Item label={t('buy.charge')}>
          <Segmented
            aria-label={t('buy.charge')}
            value={form.chargeType}
            onChange={chargeType => onChange({ chargeType })}
            options={[
              { value: 'prepaid' as const, label: t('charge.prepaid') },
              { value: 'postpaid' as const, label: t('charge.postpaid') },
            ]}
          />
        </Form.Item>
        <GroupChoice {...props} />
        <PlaceChoice form={form} regions={regions} onChange={onChange} />
        <Form.Item label={t('buy.spec')} style={{ marginBottom: 0 }}>
          <div className="stack">{specs}</div>
        </Form.Item>
      </Card>
      <Card style={{ marginTop: 16 }}>
        <Amounts {...props} />
      </Card>
    </Form>
  )
}

function GroupChoice({ form, groups, placeholderName, onChange }: Props) {
  const existing = form.groupId !== null
  return (
    <Form.Item label={t('buy.group')}>
      <Space wrap>
        <Radio.Group
          aria-label={t('buy.group')}
          value={existing ? 'existing' : 'new'}
          onChange={event =>
            onChange({
              groupId: event.target.value === 'existing' ? groups[0]?.groupId : undefined,
              groupName: undefined,
            })
          }
          options={[
            { value: 'new', label: t('buy.newGroup') },
            { value: 'existing', label: t('buy.existingGroup'), disabled: groups.length === 0 },
          ]}
        />
        {existing ? (
          <Select
            aria-label={t('buy.groupChoose')}
            showSearch={{ optionFilterProp: 'label' }}
            style={{ width: 320 }}
            value={form.groupId}
            onChange={groupId => onChange({ groupId, regionId: undefined, zoneId: undefined })}
            options={groups.map(({ groupId, name }) => ({ value: groupId, label: `${name} (${groupId})` }))}
          />
        ) : (
          <Input
            aria-label={t('buy.groupName')}
            style={{ width: 320 }}
            value={form.groupName}
            placeholder={placeholderName}
            maxLength={100}
            onChange={event => onChange({ groupName: event.target.value })}
          />
        )}
      </Space>
    </Form.Item>
  )
}

function PlaceChoice({ form, regions, onChange }: Pick<Props, 'form' | 'regions' | 'onChange'>) {
  const zones = regions.find(region => region.regionId === form.regionId)?.zones ?? []
  return (
    <Form.Item label={t('buy.place')}>
      <Space wrap>
        <Select
          aria-label={t('common.region')}
          style={{ minWidth: 200 }}
          value={form.regionId}
          disabled={form.groupId !== null}
          onChange={regionId => onChange({ regionId, zoneId: undefined })}
          options={regions.map(region => ({ value: region.regionId, label: regionName(region) }))}
        />
        <Radio.Group
          aria-label={t('common.zone')}
          optionType="button"
          value={form.zoneId}
          onChange={event => onChange({ zoneId: event.target.value })}
          options={zones.map(zone => ({ value: zone.zoneId, label: zoneName(zone) }))}
        />
      </Space>
    </Form.Item>
  )
}

function Amounts({ form, diskMicros, currency, onChange }: Props) {
  const prepaid = form.chargeType === 'prepaid'
  const number = (field: Field) => (value: number | null) =>
    onChange({ [field]: value === null ? undefined : String(value) })
  return (
    <>
      <Form.Item
        label={t('buy.disk')}
        htmlFor="disk"
        extra={
          diskMicros === null
            ? null
            : t('buy.diskHint', {
                price: formatMicros(diskMicros, currency),
                unit: t(prepaid ? 'buy.month' : 'buy.hour'),
              })
        }
      >
        <InputNumber
          id="disk"
          min={diskFreeGib}
          max={2000}
          precision={0}
          value={form.systemDiskGib}
          onChange={number('disk')}
          suffix="GiB"
          style={{ width: 160 }}
        />
      </Form.Item>
      <Form.Item label={t('buy.quantity')} htmlFor="quantity" extra={t('buy.quantityHint')}>
        <InputNumber
          id="quantity"
          min={1}
          max={9999}
          precision={0}
          value={form.quantity}
          onChange={number('quantity')}
          style={{ width: 160 }}
        />
      </Form.Item>
      {prepaid ? <Terms form={form} onChange={onChange} /> : null}
      <Checkbox
        checked={form.partialOk}
        onChange={event => onChange({ partialOk: event.target.checked ? 'on' : undefined })}
      >
        {t('buy.partialOk')}
      </Checkbox>
    </>
  )
}

/** For how long, and what happens at the end: of a subscription only. */
function Terms({ form, onChange }: Pick<Props, 'form' | 'onChange'>) {
  const options = months.map(value => ({ value, label: t('buy.monthsOf', { count: value }) }))
  return (
    <>
      <Form.Item label={t('buy.months')}>
        <Segmented<Months>
          aria-label={t('buy.months')}
          value={form.months}
          onChange={value => onChange({ months: String(value) })}
          options={options}
        />
      </Form.Item>
      <Form.Item label={t('buy.autoRenew')} htmlFor="auto-renew">
        <Space wrap>
          <Switch
            id="auto-renew"
            checked={form.autoRenew}
            onChange={on => onChange({ autoRenew: on ? 'on' : undefined })}
          />
          {form.autoRenew ? (
            <Select<Months>
              aria-label={t('buy.autoRenewEvery')}
              value={form.autoRenewMonths}
              onChange={value => onChange({ autoRenewMonths: String(value) })}
              options={options}
              style={{ width: 140 }}
            />
          ) : null}
        </Space>
      </Form.Item>
    </>
  )
}
