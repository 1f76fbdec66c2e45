// The operator ends a prepaid machine before its expiry: what is given back, part by part, a reason, then a button that says so.
import { Alert, App, Checkbox, Skeleton } from 'antd'
import { useState } from 'react'
import type { Item, Returns } from '../api.ts'
import { release as texts } from '../i18n/release.ts'
import { formatFen, textFrom } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
import { ConfirmImpact } from '../ui/ConfirmImpact.tsx'
import { Facts } from '../ui/Facts.tsx'
import { IdText } from '../ui/IdText.tsx'
import { BillingInstant } from '../ui/Instant.tsx'
import { useInstallation } from '../ui/installation.ts'
import { Money } from '../ui/Money.tsx'
import { errorText } from '../ui/refusal.ts'

type Quote = Returns<'POST /v1/accounts/{accountId}/early-releases/quotes'>

interface Props {
  machine: Pick<Item<'GET /v1/fleet/machines'>, 'machineId' | 'accountId' | 'accountName'>
  onClose: () => void
}

export function ReleaseEarly({ machine: { machineId, accountId, accountName }, onClose }: Props) {
  const { message } = App.useApp()
  const currency = useInstallation()?.currency ?? 'CNY'
  const [force, setForce] = useState(false)
  const params = { accountId }
  // Frozen on the server for 15 minutes.
  const quote = useApi(
    'POST /v1/accounts/{accountId}/early-releases/quotes',
    { params, body: { machineId } },
    { staleTime: 600_000 },
  )
  const release = useAct('POST /v1/accounts/{accountId}/early-releases')
  const confirm = async (reason: string) => {
    const { quoteId = '' } = quote.data ?? {}
    try {
      const { totalFen } = await release.mutateAsync({ params, body: { quoteId, reason, force, clientToken: quoteId } })
      void message.success(textFrom(texts, 'release.done', { amount: formatFen(totalFen, currency) }))
    } catch (refused) {
      // The next confirmation is of what is shown then.
      void quote.refetch()
      throw refused
    }
  }
  return (
    <ConfirmImpact
      open
      danger
      askReason="needed"
      reasonHint={textFrom(texts, 'release.reasonHint')}
      title={textFrom(texts, 'release.title', { machine: machineId })}
      action={textFrom(texts, 'release.action')}
      ready={quote.data !== undefined && !quote.isFetching && !quote.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div className="said">{textFrom(texts, 'release.impact', { account: accountName })}</div>
      {quote.error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(quote.error)}</span>} />
      ) : quote.data ? (
        <Refund quote={quote.data} currency={currency} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 3 }} />
      )}
      <Checkbox checked={force} onChange={event => setForce(event.target.checked)}>
        {textFrom(texts, 'release.force')}
      </Checkbox>
    </ConfirmImpact>
  )
}

/** Days and hours, begun ones not counted; of less than a day also the minutes. */
function spanText(seconds: string): string {
  const minutes = Math.floor(Number(seconds) / 60)
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24]
  if (days === 0) return textFrom(texts, 'release.hours', { hours, minutes: minutes % 60 })
  return textFrom(texts, hours === 0 ? 'release.days' : 'release.daysAndHours', { days, hours })
}

function Refund({
  quote: { totalFen, voucherFen, paidUntil, endsAt, lines },
  currency,
}: {
  quote: Quote
  currency: string
}) {
  return (
    <>
      <Facts
        items={[
          [textFrom(texts, 'release.refund'), <Money key="total" fen={totalFen} />],
          [textFrom(texts, 'release.voucher'), <Money key="voucher" fen={voucherFen} />],
          [textFrom(texts, 'release.paidUntil'), <BillingInstant key="until" at={paidUntil} />],
          [textFrom(texts, 'release.endsAt'), <BillingInstant key="ends" at={endsAt} seconds />],
        ]}
      />
      <div>
        {textFrom(texts, 'release.lines')}
        <ul className="impact">
          {lines.map(line => (
            <li key={`${line.orderId}:${line.lineNo}`}>
              <IdText id={line.orderId} />{' '}
              {textFrom(texts, 'release.line', {
                ...{ paid: formatFen(line.paidFen, currency), refund: formatFen(line.refundFen, currency) },
                ...{ unused: spanText(line.unusedSeconds), whole: spanText(line.wholeSeconds) },
              })}
            </li>
          ))}
        </ul>
      </div>
    </>
  )
}
