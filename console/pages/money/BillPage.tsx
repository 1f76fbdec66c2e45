import type { Returns } from '../../api.ts'
import { formatDay, formatNumber, t } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { Facts } from '../../ui/Facts.tsx'
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
        <>
          <p>
            {t('bill.period', {
              from: formatDay(bill.data.from),
              to: formatDay(bill.data.to),
              zone: bill.data.billingZone,
            })}
          </p>
          <Facts
            items={[
              [t('bill.total'), <Money key="total" fen={bill.data.totals.totalFen} />],
              [t('bill.prepaid'), <Money key="prepaid" fen={bill.data.totals.prepaidFen} />],
              [t('bill.postpaid'), <Money key="postpaid" fen={bill.data.totals.postpaidFen} />],
              [t('bill.accrued'), <Money key="accrued" fen={bill.data.totals.accruedFen} />],
            ]}
          />
        </>
      ) : null}
      <DataTable<GroupBill>
        label={t('bill.title')}
        answer={{ ...bill, data: bill.data?.groups }}
        rowKey={group => group.groupId}
        empty={<EmptyState title={t('bill.empty')} />}
        expandable={{ expandedRowRender: group => <MachineBills group={group} /> }}
        columns={[
          { title: t('orders.group'), render: (_, { name }) => <span className="said">{name}</span> },
          { title: t('groups.id'), render: (_, { groupId }) => <IdText id={groupId} /> },
          { title: t('groups.tabMachines'), render: (_, { machines }) => formatNumber(machines.length) },
          { title: t('orders.total'), render: (_, { totalFen }) => <Money fen={totalFen} /> },
        ]}
      />
    </>
  )
}

function MachineBills({ group }: { group: GroupBill }) {
  return (
    <ul className="impact" style={{ marginInlineStart: 28 }}>
      {group.machines.map(machine => (
        <li key={machine.machineId}>
          <span className="id-text">{machine.machineId}</span> {machine.specId} ·{' '}
          {t(machine.chargeType === 'prepaid' ? 'bill.prepaid' : 'bill.postpaid')} ·{' '}
          <ExplainedMoney fen={machine.totalFen} of={{ kind: 'machine', id: machine.machineId }} />
        </li>
      ))}
    </ul>
  )
}
