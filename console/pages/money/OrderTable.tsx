import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { ChargeTag, StatusTag } from '../../ui/StatusTag.tsx'

type Order = Item<'GET /v1/orders'>

/** Orders of the account, or of one group, newest first. */
export function OrderTable({ groupId }: { groupId?: string }) {
  const orders = useAll('GET /v1/orders', { groupId }, live)
  return (
    <DataTable<Order>
      label={t('orders.title')}
      answer={orders}
      rowKey={order => order.orderId}
      empty={<EmptyState title={groupId ? t('groups.noOrders') : t('orders.empty')} />}
      columns={[
        {
          title: t('orders.id'),
          width: 270,
          render: (_, { orderId }) => <IdText id={orderId} to={paths.order(orderId)} />,
        },
        { title: t('orders.kind'), width: 100, render: (_, { kind }) => t(`orders.kind.${kind}`) },
        { title: t('common.status'), width: 130, render: (_, { phase }) => <StatusTag status={phase} /> },
        {
          title: t('machines.charge'),
          width: 130,
          render: (_, { chargeType }) => <ChargeTag chargeType={chargeType} />,
        },
        { title: t('machines.spec'), width: 150, render: (_, { specId }) => specId ?? '—' },
        { title: t('orders.quantity'), width: 90, dataIndex: 'quantity' },
        { title: t('orders.total'), width: 130, render: (_, { totalFen }) => <Money fen={totalFen} /> },
        { title: t('orders.refunded'), width: 130, render: (_, { refundedFen }) => <Money fen={refundedFen} /> },
        { title: t('common.createdAt'), width: 170, render: (_, { createdAt }) => <Instant at={createdAt} /> },
      ]}
    />
  )
}
