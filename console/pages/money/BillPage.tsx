import type { Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

type GroupBill = Returns<'GET /v1/bill'>['groups'][number]

export function BillPage() {
  const bill = useApi('GET /v1/bill', {}, { refetchInterval: 30_000 })
  return (
    <>
      <PageHeader title={t('bill.title')} />
      {bill.data ? (
        <p>
          {t('bill.period', { from: bill.data.from, to: bill.data.to, zone: bill.data.billingZone })} ·{' '}
          {t('bill.total')} <Money fen={bill.data.totals.totalFen} />
        </p>
      ) : null}
      <DataTable<GroupBill>
        label={t('bill.title')}
        answer={{ ...bill, data: bill.data?.groups }}
        rowKey={group => group.groupId}
        empty={<EmptyState title={t('bill.empty')} />}
        columns={[
          { title: t('orders.group'), render: (_, { name }) => <span className="said">{name}</span> },
          { title: t('groups.id'), render: (_, { groupId }) => <IdText id={groupId} /> },
          { title: t('groups.tabMachines'), render: (_, { machines }) => machines.length },
          { title: t('orders.total'), render: (_, { totalFen }) => <Money fen={totalFen} /> },
        ]}
      />
    </>
  )
}
