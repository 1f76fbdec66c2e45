import type { ReactNode } from 'react'
import { statements as texts } from '../../i18n/statements.ts'
import { formatNumber, t, textFrom } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Money } from '../../ui/Money.tsx'
import { ChargeTag } from '../../ui/StatusTag.tsx'
import { useWorkspaceId } from '../../ui/workspace.ts'
import { LinesMoney } from './StatementLines.tsx'
import type { Statement } from './StatementPage.tsx'

type Group = Statement['groups'][number]
type Machine = Group['machines'][number]

const there = { error: null, isPending: false, refetch: () => undefined }

/** What each group came to; opened, each of its machines and items. */
export function StatementGroups({ statement: { month, groups } }: { statement: Statement }) {
  const workspaceId = useWorkspaceId()
  return (
    <DataTable<Group>
      label={textFrom(texts, 'statements.byGroup')}
      answer={{ ...there, data: groups }}
      rowKey={group => group.groupId}
      pageParameter="groups"
      empty={<EmptyState title={textFrom(texts, 'statements.noGroups')} />}
      expandable={{
        defaultExpandAllRows: groups.length === 1,
        expandedRowRender: group => <Machines month={month} group={group} workspaceId={workspaceId} />,
      }}
      columns={[
        { title: t('orders.group'), width: widths.text, render: (_, { name }) => <span className="said">{name}</span> },
        {
          title: t('groups.id'),
          width: widths.id,
          render: (_, { groupId }) => (
            <IdText id={groupId} {...(workspaceId === null ? {} : { to: paths.group(workspaceId, groupId) })} />
          ),
        },
        {
          title: t('groups.tabMachines'),
          width: widths.count,
          render: (_, { machines }) => formatNumber(machines.length),
        },
        {
          title: textFrom(texts, 'statements.consumed'),
          width: widths.money,
          render: (_, { consumedFen }) => <Money fen={consumedFen} />,
        },
        { title: t('bill.total'), width: widths.money, render: (_, { totalFen }) => <Money fen={totalFen} /> },
      ]}
    />
  )
}

interface MachinesProps {
  month: string
  group: Group
  workspaceId: string | null
}

function Machines({ month, group, workspaceId }: MachinesProps) {
  return (
    <DataTable<Machine>
      label={group.name}
      answer={{ ...there, data: group.machines }}
      rowKey={machine => machine.machineId}
      pageParameter={`machines-${group.groupId}`}
      empty={<EmptyState title={t('operator.noMachines')} />}
      columns={[
        {
          title: t('machines.id'),
          width: widths.id,
          render: (_, { machineId }) => (
            <IdText id={machineId} {...(workspaceId === null ? {} : { to: paths.machine(workspaceId, machineId) })} />
          ),
        },
        {
          title: `${t('machines.spec')} / ${t('machines.charge')}`,
          width: widths.spec,
          render: (_, { specId, chargeType }) => (
            <div className="lines">
              <div>{specId}</div>
              <ChargeTag chargeType={chargeType} />
            </div>
          ),
        },
        {
          title: textFrom(texts, 'statements.items'),
          width: widths.id,
          render: (_, machine) => <Items month={month} machine={machine} />,
        },
        {
          title: textFrom(texts, 'statements.consumed'),
          width: widths.money,
          render: (_, { machineId, consumedFen }) => (
            <ExplainedMoney fen={consumedFen} of={{ kind: 'machine', id: machineId }} />
          ),
        },
        {
          title: t('bill.total'),
          width: widths.money,
          render: (_, { machineId, totalFen }) => (
            <ExplainedMoney fen={totalFen} of={{ kind: 'machine', id: machineId }} />
          ),
        },
      ]}
    />
  )
}

/** What was charged for a machine, item by item; each leads to its lines. */
function Items({ month, machine: { machineId, items } }: { month: string; machine: Machine }): ReactNode {
  if (items.length === 0) return '—'
  return (
    <div className="lines">
      {items.map(({ kind, item, minutes, amountFen }) => (
        <div key={kind + item}>
          {textFrom(texts, `statements.item.${item}`) ?? item}
          {kind === 'correction' ? ` (${textFrom(texts, 'statements.kind.correction')})` : ''}{' '}
          <LinesMoney month={month} of={{ machineId, kind, item: item as 'period' }} fen={amountFen} />
          {minutes > 0 ? <span className="quiet"> {textFrom(texts, 'statements.minutes', { minutes })}</span> : null}
        </div>
      ))}
    </div>
  )
}
