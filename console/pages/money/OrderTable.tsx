import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { whatOrdersAre, whatOrdersCost } from '../../ui/order-columns.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'

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
          width: widths.orderId,
          render: (_, { orderId }) => <IdText id={orderId} to={paths.order(orderId)} />,
        },
        ...whatOrdersAre<Order>(),
        {
          title: t('machines.charge'),
          width: widths.charge,
          render: (_, { chargeType }) => <ChargeTag chargeType={chargeType} />,
        },
        ...whatOrdersCost<Order>(),
      ]}
    />
  )
}
