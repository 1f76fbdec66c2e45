import { t } from '../i18n/t.ts'
import { Money } from './Money.tsx'

/** What an order costs, and what of it was paid back. */
export function OrderTotal({ totalFen, refundedFen }: { totalFen: string; refundedFen: string }) {
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
