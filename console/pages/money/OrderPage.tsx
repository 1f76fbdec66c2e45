import { formatNumber, t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'
import { MoneyTrail } from './MoneyTrail.tsx'

export function OrderPage() {
  const { orderId } = usePathParams('orderId')
  const order = useApi('GET /v1/orders/{orderId}', { params: { orderId } }, live)
  const trail = [{ text: t('orders.title'), to: paths.orders() }]
  if (order.error && !order.data) {
    return <ErrorState error={order.error} onRetry={() => void order.refetch()} page={{ title: orderId, trail }} />
  }
  if (!order.data) return <PageSkeleton />
  const { kind, phase, chargeType, specId, quantity, totalFen, capturedFen, refundedFen, createdAt, paidAt } =
    order.data
  return (
    <>
      <PageHeader title={orderId} trail={trail} tags={<StatusTag status={phase} />} />
      <Facts
        items={[
          [t('orders.kind'), t(`orders.kind.${kind}`)],
          [t('machines.charge'), <ChargeTag key="charge" chargeType={chargeType} />],
          [t('machines.spec'), specId ?? '—'],
          [t('orders.quantity'), formatNumber(quantity)],
          [t('orders.total'), <ExplainedMoney key="total" fen={totalFen} of={{ kind: 'order', id: orderId }} />],
          [t('orders.captured'), <Money key="captured" fen={capturedFen} />],
          [t('orders.refunded'), <Money key="refunded" fen={refundedFen} />],
          [t('common.createdAt'), <BillingInstant key="created" at={createdAt} />],
          [t('orders.paidAt'), <BillingInstant key="paid" at={paidAt} />],
        ]}
      />
      <h2 style={{ fontSize: 16 }}>{t('orders.transfers')}</h2>
      <MoneyTrail orderId={orderId} />
      <h2 style={{ fontSize: 16 }}>{t('orders.events')}</h2>
      <EventTable subjectKind="order" subjectId={orderId} />
    </>
  )
}
