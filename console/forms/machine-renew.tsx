// Renews machines: choose the months, or one common expiry for all of them, see each new expiry and the price, pay from the
// wallet.
import { Alert, App, Modal, Segmented, Spin } from 'antd'
import { useState } from 'react'
import { t } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
import { DayField } from '../ui/DayField.tsx'
import { BillingInstant } from '../ui/Instant.tsx'
import { Money } from '../ui/Money.tsx'
import { errorText } from '../ui/refusal.ts'

export const months = [1, 2, 3, 6, 12] as const
export type Months = (typeof months)[number]

interface Props {
  machineIds: string[]
  onDone: () => void
  onClose: () => void
}

export function RenewMachines({ machineIds, onDone, onClose }: Props) {
  const { message } = App.useApp()
  const [chosen, setChosen] = useState<Months | 'align'>(1)
  const [day, setDay] = useState('')
  const aligns = chosen === 'align'
  const { quote, lines } = useLines(machineIds, chosen, day)
  const byMonths = useAct('POST /v1/renewals')
  const toOneDate = useAct('POST /v1/alignments')
  const renew = aligns ? toOneDate : byMonths
  const submit = async () => {
    if (!quote.data || quote.error) return
    await renew.mutateAsync({ body: { quoteId: quote.data.quoteId, pay: true } })
    void message.success(t(aligns ? 'machines.aligned' : 'machines.renewed', { count: lines.length }))
    onDone()
    onClose()
  }
  const error = renew.error ?? quote.error
  return (
    <Modal
      open
      width={640}
      title={t('machines.renewTitle', { count: machineIds.length })}
      okText={t('machines.renewPay')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: !quote.data || quote.error !== null || quote.isFetching, loading: renew.isPending }}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <div style={{ display: 'grid', gap: 12 }}>
        <Segmented<Months | 'align'>
          aria-label={t('buy.months')}
          value={chosen}
          onChange={setChosen}
          style={{ justifySelf: 'start' }}
          options={[
            ...months.map(value => ({ value, label: t('buy.monthsOf', { count: value }) })),
            { value: 'align', label: t('machines.align') },
          ]}
        />
        {aligns ? (
          <div>
            <DayField value={day} onChange={setDay} label={t('machines.alignDay')} width={200} />
            <div className="quiet">{t('machines.alignHint')}</div>
          </div>
        ) : null}
        <Spin spinning={quote.isFetching}>
          <div>
            {t('buy.total')} {quote.data && !quote.error ? <Money fen={quote.data.totalFen} strong /> : null}
          </div>
          <ul style={{ margin: 0, paddingInlineStart: 20, maxHeight: 200, overflow: 'auto' }}>
            {(quote.error ? [] : lines).slice(0, 50).map(line => (
              <li key={line.machineId}>
                <span className="id-text">{line.machineId}</span> <BillingInstant at={line.quotedExpiresAt} /> →{' '}
                <BillingInstant at={line.expiresAt} /> {lines.length > 1 ? <Money fen={line.amountFen} /> : null}
              </li>
            ))}
          </ul>
        </Spin>
        {error ? <Alert type="error" showIcon role="alert" title={errorText(error)} /> : null}
      </div>
    </Modal>
  )
}

/** The quote of what is chosen: made by asking for it, and frozen on the server for 15 minutes. */
function useLines(machineIds: string[], chosen: Months | 'align', day: string) {
  const aligns = chosen === 'align'
  const renewal = { body: { machineIds, months: aligns ? 1 : chosen } } as const
  const byMonths = useApi('POST /v1/renewals/quotes', renewal, { staleTime: 600_000, enabled: !aligns })
  const alignment = { body: { machineIds, ...(day === '' ? {} : { day }) } }
  const toOneDate = useApi('POST /v1/alignments/quotes', alignment, { staleTime: 600_000, enabled: aligns })
  if (!aligns) return { quote: byMonths, lines: byMonths.data?.lines ?? [] }
  const { alignsTo = '', lines = [] } = toOneDate.data ?? {}
  return { quote: toOneDate, lines: lines.map(line => ({ ...line, expiresAt: alignsTo })) }
}
