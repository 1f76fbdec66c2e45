// Makes the system disk of a machine larger: choose the size, see the price with its parts, pay from the wallet.
import { Alert, App, Form, InputNumber, Modal, Spin } from 'antd'
import { type ReactNode, useState } from 'react'
import type { Item, Returns } from '../api.ts'
import { resize as texts } from '../i18n/resize.ts'
import { currencySymbol, formatFen, formatMicros, formatNumber, t, textFrom } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
import { BillingInstant } from '../ui/Instant.tsx'
import { useInstallation } from '../ui/installation.ts'
import { Money } from '../ui/Money.tsx'
import { errorText } from '../ui/refusal.ts'
import { useSettled } from '../ui/use-settled.ts'

type Quote = Returns<'POST /v1/resizes/quotes'>

/** What the field begins with: this much more. */
const stepGib = 100

interface Props {
  machine: Pick<Item<'GET /v1/machines'>, 'machineId' | 'systemDiskGib' | 'chargeType'>
  onClose: () => void
}

export function ResizeMachine({ machine: { machineId, systemDiskGib, chargeType }, onClose }: Props) {
  const { message } = App.useApp()
  const [gib, setGib] = useState<number | null>(systemDiskGib + stepGib)
  const [clientToken] = useState(() => crypto.randomUUID())
  const settled = useSettled(gib)
  const body = { machineIds: [machineId], systemDiskGib: settled ?? 0 }
  // A quote is made by asking for it; it is frozen on the server for 15 minutes.
  const quote = useApi('POST /v1/resizes/quotes', { body }, { staleTime: 600_000, enabled: settled !== null })
  const pay = useAct('POST /v1/resizes')
  const current = settled === gib && !quote.isFetching && !quote.error ? quote.data : undefined
  const submit = async () => {
    if (!current) return
    const { quoteId } = current
    try {
      await pay.mutateAsync({ body: { quoteId, pay: true, clientToken: `${clientToken}-${quoteId}`.slice(0, 64) } })
      void message.success(textFrom(texts, 'resize.accepted'))
      onClose()
    } catch {
      // What is refused is shown below; the next confirmation is of what is shown then.
      void quote.refetch()
    }
  }
  const error = pay.error ?? quote.error
  return (
    <Modal
      open
      title={textFrom(texts, 'resize.title')}
      okText={textFrom(texts, chargeType === 'prepaid' ? 'resize.pay' : 'resize.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: !current, loading: pay.isPending }}
      onCancel={onClose}
      onOk={() => void submit()}
    >
      <Form layout="vertical" component="div">
        <Form.Item
          label={textFrom(texts, 'resize.size')}
          extra={textFrom(texts, 'resize.hint', { gib: systemDiskGib })}
          htmlFor="resize-gib"
        >
          <InputNumber id="resize-gib" autoFocus precision={0} step={stepGib} value={gib} onChange={setGib} />
        </Form.Item>
      </Form>
      <Spin spinning={settled !== gib || quote.isFetching}>
        <div aria-live="polite" className="resize-price">
          {quote.data && !quote.error ? <Price quote={quote.data} /> : null}
        </div>
      </Spin>
      {error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(error)}</span>} />
      ) : null}
    </Modal>
  )
}

/** The server's formula; its units in the reader's language, its amounts with their currency, seconds as days. */
const formulaText = (formula: string, currency: string): string =>
  formula
    .replaceAll(/[\d.]+(?=\/GiB)|(?<== )[\d.]+$/g, amount => currencySymbol(currency) + amount)
    .replaceAll(
      /(\d+)\/(\d+) s\b/g,
      (_, ...of: string[]) => `${daysOf(of[0])}/${daysOf(of[1])} ${textFrom(texts, 'resize.days')}`,
    )
    .replaceAll(/\/(month|hour)\b/g, (_, unit: 'month' | 'hour') => `/${textFrom(texts, `resize.${unit}`)}`)
    .replaceAll(/(\d+) months?\b/g, (_, count: string) => textFrom(texts, 'resize.months', { count: Number(count) }))

const daysOf = (seconds = '0'): string => formatNumber(Number(seconds) / 86_400, 4)

function Price({ quote: { chargeType, totalFen, dayFen, lines } }: { quote: Quote }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  const [line] = lines
  if (!line) return null
  const pairs: [string, ReactNode][] = [
    [
      textFrom(texts, 'resize.change'),
      textFrom(texts, 'resize.gib', { from: String(line.fromGib), to: String(line.toGib) }),
    ],
    ...(chargeType === 'prepaid'
      ? ([
          [textFrom(texts, 'resize.paidUntil'), <BillingInstant key="until" at={line.quotedExpiresAt} />],
          [textFrom(texts, 'resize.formula'), formulaText(line.formula, currency)],
          [textFrom(texts, 'resize.total'), <Money key="total" fen={totalFen} strong />],
        ] satisfies [string, ReactNode][])
      : ([
          [textFrom(texts, 'resize.moreHour'), formatMicros(line.moreHourMicros, currency)],
          [textFrom(texts, 'resize.moreDay'), formatFen(dayFen, currency)],
        ] satisfies [string, ReactNode][])),
  ]
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="numeric">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
