import type { Returns } from '../../api.ts'
import { t, tryT } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'

type Transfer = Returns<'GET /v1/orders/{orderId}/trace'>['transfers'][number]

/** A book of the ledger, as people call it; an order's money in escrow names the order. */
function LedgerAccount({ kind, orderId }: Transfer['from']) {
  return (
    <>
      <div>{t(`ledger.${kind}`)}</div>
      {orderId === null ? null : <IdText id={orderId} to={paths.order(orderId)} />}
    </>
  )
}

/** Every payment, capture and refund of an order, and of its refund orders. */
export function MoneyTrail({ orderId }: { orderId: string }) {
  const trace = useApi('GET /v1/orders/{orderId}/trace', { params: { orderId } }, live)
  return (
    <DataTable<Transfer>
      label={t('orders.transfers')}
      answer={{ ...trace, data: trace.data?.transfers }}
      rowKey={transfer => transfer.transferId}
      pageParameter="transfers"
      empty={<EmptyState title={t('wallet.noTransfers')} />}
      columns={[
        {
          title: t('events.at'),
          width: widths.zonedInstantWithSeconds,
          render: (_, { at }) => <BillingInstant at={at} seconds />,
        },
        { title: t('wallet.kind'), width: widths.status, render: (_, { kind }) => tryT(`transfer.${kind}`) ?? kind },
        {
          title: t('wallet.amount'),
          width: widths.money,
          render: (_, { transferId, amountFen }) => (
            <ExplainedMoney fen={amountFen} of={{ kind: 'transfer', id: transferId }} />
          ),
        },
        { title: t('orders.from'), width: widths.id, render: (_, { from }) => <LedgerAccount {...from} /> },
        { title: t('orders.to'), width: widths.id, render: (_, { to }) => <LedgerAccount {...to} /> },
      ]}
    />
  )
}
