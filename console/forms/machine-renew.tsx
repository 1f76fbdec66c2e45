// Renews machines: choose the months, see each new expiry and the price, pay from the wallet.
import { Alert, App, Modal, Segmented, Spin } from 'antd'
import { useState } from 'react'
import { t } from '../i18n/t.ts'
import { useAct, useApi } from '../queries.ts'
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
  const [chosen, setChosen] = useState<Months>(1)
  // A quote is made by asking for it; it is frozen on the server for 15 minutes.
  const quote = useApi('POST /v1/renewals/quotes', { body: { machineIds, months: chosen } }, { staleTime: 600_000 })
  const renew = useAct('POST /v1/renewals')
  const submit = async () => {
    if (!quote.data) return
    await renew.mutateAsync({ body: { quoteId: quote.data.quoteId, pay: true } })
    void message.success(t('machines.renewed', { count: machineIds.length }))
    onDone()
    onClose()
  }
  const lines = quote.data?.lines ?? []
  const error = renew.error ?? quote.error
  return (
    <Modal
      open
      title={t('machines.renewTitle', { count: machineIds.length })}
      okText={t('machines.renewPay')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: !quote.data || quote.isFetching, loading: renew.isPending }}
      onCancel={onClose}
      onOk={() => void submit().catch(() => undefined)}
    >
      <div style={{ display: 'grid', gap: 12 }}>
        <Segmented<Months>
          aria-label={t('buy.months')}
          value={chosen}
          onChange={setChosen}
          style={{ justifySelf: 'start' }}
          options={months.map(value => ({ value, label: t('buy.monthsOf', { count: value }) }))}
        />
        <Spin spinning={quote.isFetching}>
          <div>
            {t('buy.total')} {quote.data ? <Money fen={quote.data.totalFen} strong /> : null}
          </div>
          <ul style={{ margin: 0, paddingInlineStart: 20, maxHeight: 200, overflow: 'auto' }}>
            {lines.slice(0, 50).map(line => (
              <li key={line.machineId}>
                <span className="id-text">{line.machineId}</span> <BillingInstant at={line.quotedExpiresAt} /> →{' '}
                <BillingInstant at={line.expiresAt} />
              </li>
            ))}
          </ul>
        </Spin>
        {error ? <Alert type="error" showIcon role="alert" title={errorText(error)} /> : null}
      </div>
    </Modal>
  )
}
