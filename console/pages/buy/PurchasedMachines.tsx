// The machines of an order, each with where it stands, while they come and after.
import { useQuery } from '@tanstack/react-query'
import { Progress } from 'antd'
import { call, type Item } from '../../api.ts'
import { formatNumber, t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAll } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'

type Line = Item<'GET /v1/orders/{orderId}/lines'>

interface Props {
  workspaceId: string
  orderId: string
  groupId: string | null
  quantity: number
  moving: boolean
}

const pageSize = 500

export function PurchasedMachines({ workspaceId, orderId, groupId, quantity, moving }: Props) {
  const lines = useQuery({
    // The last word is asked for when the order has ended.
    queryKey: ['lines', orderId, moving],
    queryFn: async ({ signal }) => {
      const items: Line[] = []
      for (let afterLine = 0; ; ) {
        const input = { params: { orderId }, query: { limit: pageSize, afterLine } }
        const page = await call('GET /v1/orders/{orderId}/lines', input, signal)
        items.push(...page.items)
        const last = page.items.at(-1)
        if (page.items.length < pageSize || !last) return items
        afterLine = last.lineNo
      }
    },
    ...live,
  })
  const machines = useAll('GET /v1/machines', { groupId: groupId ?? undefined }, { enabled: groupId !== null, ...live })
  const statuses = new Map((machines.data ?? []).map(machine => [machine.machineId, machine.status]))
  const done = (lines.data ?? []).filter(line => line.phase === 'delivered').length
  const statusOf = (line: Line) =>
    line.phase === 'refunded' ? 'refunded' : ((line.machineId && statuses.get(line.machineId)) ?? line.phase)
  return (
    <>
      <DeliveryProgress
        done={done}
        total={quantity}
        failed={(lines.data ?? []).some(line => line.phase === 'refunded')}
      />
      <DataTable<Line>
        label={t('purchase.machines')}
        answer={lines}
        rowKey={line => String(line.lineNo)}
        empty={null}
        columns={[
          { title: t('purchase.lineNo'), width: widths.count, render: (_, { lineNo }) => formatNumber(lineNo) },
          {
            title: t('machines.id'),
            width: widths.id,
            render: (_, { machineId, phase }) =>
              machineId === null || phase === 'refunded' ? (
                <span className="id-text">{machineId ?? '—'}</span>
              ) : (
                <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />
              ),
          },
          {
            title: t('common.status'),
            width: widths.status,
            render: (_, line) => <StatusTag status={statusOf(line)} />,
          },
          { title: t('orders.total'), width: widths.money, render: (_, { amountFen }) => <Money fen={amountFen} /> },
          {
            title: t('machines.expiresAt'),
            width: widths.zonedInstant,
            render: (_, { periodEnd }) => <BillingInstant at={periodEnd} />,
          },
        ]}
      />
    </>
  )
}

const percentOf = (done: number, total: number): number => (total === 0 ? 0 : Math.floor((done / total) * 100))

function DeliveryProgress({ done, total, failed }: { done: number; total: number; failed: boolean }) {
  return (
    <div role="status" style={{ margin: '16px 0' }}>
      {t('purchase.delivered', { done, total })}
      <Progress
        percent={percentOf(done, total)}
        status={failed ? 'exception' : done === total ? 'success' : 'active'}
        aria-label={t('purchase.delivered', { done, total })}
      />
    </div>
  )
}
