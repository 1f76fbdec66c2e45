// What is about to be ordered, its live price with its parts, and the way on.
import { Alert, Button, Spin } from 'antd'
import { useState } from 'react'
import { formatFen, t } from '../../i18n/t.ts'
import { BillingInstant } from '../../ui/Instant.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { Money } from '../../ui/Money.tsx'
import { errorText } from '../../ui/refusal.ts'
import type { BuyForm } from './buy-form.ts'
import type { Quoted } from './use-quote.ts'

interface Props {
  form: BuyForm
  group: { name: string } | null
  quote: Quoted
  onOrder: (quoteId: string) => Promise<void>
}

export function BuySummary({ form, group, quote: { quote, error, stale, refetch }, onOrder }: Props) {
  const [ordering, setOrdering] = useState(false)
  const [refused, setRefused] = useState<unknown>(null)
  const currency = useInstallation()?.currency ?? 'CNY'
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
  const lines: [string, string][] = [
    [t('buy.charge'), t(`charge.${form.chargeType}`)],
    [t('buy.group'), group?.name ?? t('buy.newGroup')],
    [t('common.zone'), form.zoneId],
    [t('buy.spec'), form.specId ?? '—'],
    [t('buy.quantity'), String(form.quantity)],
    [t('buy.disk'), t('machines.diskGib', { gib: form.systemDiskGib })],
    ...(form.chargeType === 'prepaid'
      ? [[t('buy.months'), t('buy.monthsOf', { count: form.months })] satisfies [string, string]]
      : []),
  ]
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <dl className="pairs">
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="said">{value}</dd>
          </div>
        ))}
      </dl>
      <Spin spinning={stale && form.specId !== null}>
        <div aria-live="polite">
          {quote ? <Price quote={quote} prepaid={form.chargeType === 'prepaid'} currency={currency} /> : null}
          {!quote && !error ? <span className="quiet">{t('buy.choose')}</span> : null}
        </div>
      </Spin>
      {error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
      ) : null}
      {refused ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(refused)}</span>} />
      ) : null}
      <Button
        type="primary"
        size="large"
        block
        disabled={!quote || stale}
        loading={ordering}
        onClick={() => void order()}
      >
        {t('buy.confirm')}
      </Button>
    </div>
  )
}

function Price({
  quote,
  prepaid,
  currency,
}: {
  quote: NonNullable<Quoted['quote']>
  prepaid: boolean
  currency: string
}) {
  return (
    <>
      <div className="quiet">{prepaid ? t('buy.total') : t('buy.perDay')}</div>
      <Money fen={prepaid ? quote.totalFen : quote.dayFen} strong />
      {prepaid ? null : <div>{t('buy.payNothingNow', { amount: formatFen(quote.totalFen, currency) })}</div>}
      <div className="quiet" style={{ marginTop: 8 }}>
        {t('buy.formula')}
      </div>
      <div className="numeric said">{quote.formula}</div>
      <div className="quiet" style={{ marginTop: 8 }}>
        {t('buy.quoteUntil')} <BillingInstant at={quote.expiresAt} />
      </div>
    </>
  )
}
