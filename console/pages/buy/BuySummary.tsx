// What is about to be ordered, its live price with its parts, and the way on.
import { Alert, Spin } from 'antd'
import { useState } from 'react'
import { formatFen, formatMicros, formatNumber, t } from '../../i18n/t.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { useZoneNames } from '../../ui/catalog-names.ts'
import { BillingInstant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { Money } from '../../ui/Money.tsx'
import { errorText } from '../../ui/refusal.ts'
import { type BuyForm, diskFreeGib, type Offering } from './buy-form.ts'
import type { Quoted } from './use-quote.ts'

interface Props {
  form: BuyForm
  group: { name: string } | null
  offering: Offering | null
  quote: Quoted
  onOrder: (quoteId: string) => Promise<void>
}

export function BuySummary({ form, group, offering, quote: { quote, error, stale, refetch }, onOrder }: Props) {
  const [ordering, setOrdering] = useState(false)
  const [refused, setRefused] = useState<unknown>(null)
  const currency = useInstallation()?.currency ?? 'CNY'
  const nameOf = useZoneNames()
  const order = async () => {
    if (!quote) return
    setOrdering(true)
    setRefused(null)
    try {
      await onOrder(quote.quoteId)
    } catch (thrown) {
      setRefused(thrown)
      // The next confirmation must be of what is shown then.
      refetch()
    } finally {
      setOrdering(false)
    }
  }
  const lines: Pair[] = [
    [t('buy.charge'), t(`charge.${form.chargeType}`)],
    [t('buy.group'), group?.name ?? t('buy.newGroup')],
    [t('common.zone'), nameOf(form.zoneId), form.zoneId],
    [t('buy.spec'), form.specId ?? '—'],
    [t('buy.quantity'), formatNumber(form.quantity)],
    [t('buy.disk'), t('machines.diskGib', { gib: form.systemDiskGib })],
    ...(form.chargeType === 'prepaid'
      ? [[t('buy.months'), t('buy.monthsOf', { count: form.months })] satisfies [string, string]]
      : []),
  ]
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <Pairs pairs={lines} />
      <Spin spinning={stale && form.specId !== null}>
        <div aria-live="polite">
          {quote ? <Price form={form} offering={offering} quote={quote} currency={currency} /> : null}
          {!quote && !error ? (
            <span className="quiet">{t(form.specId === null ? 'buy.choose' : 'buy.pricing')}</span>
          ) : null}
        </div>
      </Spin>
      {error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
      ) : null}
      {refused ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(refused)}</span>} />
      ) : null}
      <ActionButton
        can="order.write"
        type="primary"
        size="large"
        block
        disabled={!quote || stale}
        loading={ordering}
        onClick={() => void order()}
      >
        {t('buy.confirm')}
      </ActionButton>
    </div>
  )
}

interface PriceProps {
  form: BuyForm
  offering: Offering | null
  quote: NonNullable<Quoted['quote']>
  currency: string
}

/** The total is the quote's; the parts are the prices it was made of. */
function Price({ form, offering, quote, currency }: PriceProps) {
  const prepaid = form.chargeType === 'prepaid'
  const per = t(prepaid ? 'buy.month' : 'buy.hour')
  const machine = prepaid ? offering?.price?.monthMicros[String(form.months)] : offering?.price?.hourMicros
  const extraGib = form.systemDiskGib - diskFreeGib
  const perGib = offering?.price?.diskGibMicros
  const parts: [string, string][] = [
    ...(machine
      ? [part(t('buy.partMachine'), t('buy.perUnit', { price: formatMicros(machine, currency), unit: per }))]
      : []),
    ...(perGib && extraGib > 0
      ? [
          part(
            t('buy.partDisk', { gib: extraGib, price: formatMicros(perGib, currency) }),
            t('buy.perUnit', { price: formatMicros(BigInt(perGib) * BigInt(extraGib), currency), unit: per }),
          ),
        ]
      : []),
    part(t(prepaid ? 'buy.partOne' : 'buy.partOneHour'), formatFen(quote.unitFen, currency)),
    part(t('buy.partMachines'), `× ${formatNumber(form.quantity)}`),
  ]
  return (
    <>
      <Pairs pairs={parts} />
      <div className="quiet" style={{ marginTop: 12 }}>
        {prepaid ? t('buy.total') : t('buy.perDay')}
      </div>
      <Money fen={prepaid ? quote.totalFen : quote.dayFen} strong />
      {prepaid ? null : <div>{t('buy.payNothingNow', { amount: formatFen(quote.totalFen, currency) })}</div>}
      <div className="quiet">
        {t('buy.quoteUntil')} <BillingInstant at={quote.expiresAt} />
      </div>
    </>
  )
}

const part = (name: string, value: string): [string, string] => [name, value]

/** The third is what a hint adds. */
type Pair = [name: string, value: string, hint?: string]

function Pairs({ pairs }: { pairs: readonly Pair[] }) {
  return (
    <dl className="pairs">
      {pairs.map(([name, value, hint]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="said numeric" title={hint}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  )
}
