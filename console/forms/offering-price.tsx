import { Alert, App, Form, InputNumber, Modal } from 'antd'
import { useState } from 'react'
import type { Input, Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { useInstallation } from '../ui/installation.ts'
import { errorText } from '../ui/refusal.ts'
import { fromUnits, toUnits } from './amount.ts'
import { months } from './machine-renew.tsx'

type Rates = Record<string, string | null>
type Body = Input<'POST /v1/offerings/prices'>['body']

/** Sets a price: a new version, from now on. What was bought before keeps the price that it was bought for. */
export function OfferingPrice({ offering, onClose }: { offering: Item<'GET /v1/offerings'>; onClose: () => void }) {
  const { zoneId, specId, chargeType, price } = offering
  const { message } = App.useApp()
  const currency = useInstallation()?.currency ?? 'CNY'
  const [rates, setRates] = useState<Rates>(() => ratesOf(offering))
  const set = useAct('POST /v1/offerings/prices')
  const submit = async () => {
    const made = await set.mutateAsync({ body: { zoneId, specId, chargeType, ...bodyOf(rates) } })
    void message.success(t('operator.priceSet', { version: made.version }))
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
      title={t('operator.priceTitle', { spec: specId, zone: zoneId })}
      okText={t('operator.setPrice')}
      cancelText={t('common.cancel')}
      confirmLoading={set.isPending}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <p>{t('operator.priceHint', { version: (price?.version ?? 0) + 1, currency })}</p>
      <Form layout="vertical" component="div" className="price-fields">
        {chargeType === 'prepaid'
          ? months.map(count => input(String(count), t('operator.monthRate', { count })))
          : input('hour', t('buy.pricePerHour'))}
        {input('disk', t(chargeType === 'prepaid' ? 'operator.diskMonthRate' : 'operator.diskHourRate'))}
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
