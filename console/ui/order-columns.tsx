// Columns that every table of orders has: one's own, and those of an account that the operator looks at.
import type { Item } from '../api.ts'
import { formatNumber, t } from '../i18n/t.ts'
import { widths } from './column-widths.ts'
import type { Column } from './DataTable.tsx'
import { BillingInstant } from './Instant.tsx'
import { Money } from './Money.tsx'
import { StatusTag } from './StatusTag.tsx'

type Shown = Pick<
  Item<'GET /v1/orders'>,
  'kind' | 'phase' | 'specId' | 'quantity' | 'totalFen' | 'refundedFen' | 'createdAt'
>

export const whatOrdersAre = <Order extends Shown>(): Column<Order>[] => [
  { title: t('orders.kind'), width: widths.count, render: (_, { kind }) => t(`orders.kind.${kind}`) },
  { title: t('common.status'), width: widths.status, render: (_, { phase }) => <StatusTag status={phase} /> },
]

export const whatOrdersCost = <Order extends Shown>(): Column<Order>[] => [
  {
    title: t('orders.specAndQuantity'),
    width: widths.specAndQuantity,
    render: (_, { specId, quantity }) => `${specId ?? '—'} × ${formatNumber(quantity)}`,
  },
  { title: t('orders.total'), width: widths.money, render: (_, order) => <OrderTotal {...order} /> },
  {
    title: t('common.createdAt'),
    width: widths.instant,
    render: (_, { createdAt }) => <BillingInstant at={createdAt} />,
  },
]

/** What an order costs, and what of it was paid back. */
function OrderTotal({ totalFen, refundedFen }: { totalFen: string; refundedFen: string }) {
  return (
    <div className="lines">
      <div>
        <Money fen={totalFen} />
      </div>
      {refundedFen === '0' ? null : (
        <div className="quiet">
          {t('orders.refunded')} <Money fen={refundedFen} />
        </div>
      )}
    </div>
  )
}
