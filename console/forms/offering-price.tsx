import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { Input, Item } from '../api.ts'
import { formatInstant, t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { usePlaceNames } from '../ui/catalog-names.ts'
import { DayField } from '../ui/DayField.tsx'
import { useInstallation } from '../ui/installation.ts'
import { errorText } from '../ui/refusal.ts'
import { fromUnits, toUnits } from './amount.ts'
import { months } from './machine-renew.tsx'

type Rates = Record<string, string | null>
type Body = Input<'POST /v1/offerings/prices'>['body']

/** Sets a price: a new version, from now or from a date on. What was bought before keeps the price that it was bought for. */
export function OfferingPrice({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, chargeType } = offering
  const placeNameOf = usePlaceNames()
  const { message } = App.useApp()
  const currency = useInstallation()?.currency ?? 'CNY'
  const [rates, setRates] = useState<Rates>(() => ratesOf(offering))
  /** As the browser's own calendar has it; empty: now. */
  const [from, setFrom] = useState('')
  const set = useAct('POST /v1/offerings/prices')
  const submit = async () => {
    const effectiveAt = from === '' ? {} : { effectiveAt: new Date(from).toISOString() }
    const made = await set.mutateAsync({ body: { zoneId, specId, chargeType, ...bodyOf(rates), ...effectiveAt } })
    const { version, effectiveAt: at } = made
    void message.success(
      from === ''
        ? t('operator.priceSet', { version })
        : t('operator.priceScheduled', { version, at: formatInstant(at) }),
    )
    onClose()
  }
  const input = (name: string, label: string) => (
    <Form.Item key={name} label={label} htmlFor={`price-${name}`}>
      <InputNumber<string>
        id={`price-${name}`}
        stringMode
        min="0"
        step="0.01"
        value={rates[name] ?? null}
        onChange={value => setRates(before => ({ ...before, [name]: value }))}
        style={{ width: '100%' }}
      />
    </Form.Item>
  )
  return (
    <Modal
      open
      title={t('operator.priceTitle', { spec: specId, zone: placeNameOf(zoneId), charge: t(`charge.${chargeType}`) })}
      okText={t('operator.setPrice')}
      cancelText={t('common.cancel')}
      confirmLoading={set.isPending}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <p>{t('operator.priceHint', { currency })}</p>
      <Form layout="vertical" component="div" className="price-fields">
        {chargeType === 'prepaid'
          ? months.map(count => input(String(count), t('operator.monthRate', { count })))
          : input('hour', t('buy.pricePerHour'))}
        {input('disk', t(chargeType === 'prepaid' ? 'operator.diskMonthRate' : 'operator.diskHourRate'))}
        <Form.Item label={t('operator.priceFrom')} extra={t('operator.priceFromHint')} htmlFor="price-from">
          <DayField id="price-from" minutes value={from} onChange={setFrom} />
        </Form.Item>
      </Form>
      {set.error ? <Alert type="error" showIcon role="alert" title={errorText(set.error)} /> : null}
    </Modal>
  )
}

const places = 6

function ratesOf({ price }: Item<'GET /v1/offerings'>): Rates {
  if (!price) return {}
  return {
    ...Object.fromEntries(Object.entries(price.monthMicros).map(([name, micros]) => [name, fromUnits(micros, places)])),
    hour: price.hourMicros === null ? null : fromUnits(price.hourMicros, places),
    disk: fromUnits(price.diskGibMicros, places),
  }
}

function bodyOf({ hour, disk, ...month }: Rates): Pick<Body, 'monthMicros' | 'hourMicros' | 'diskGibMicros'> {
  return {
    monthMicros: Object.fromEntries(
      Object.entries(month).flatMap(([name, rate]) => (rate ? [[name, toUnits(rate, places)]] : [])),
    ),
    hourMicros: hour ? toUnits(hour, places) : null,
    diskGibMicros: disk ? toUnits(disk, places) : '0',
  }
}
