import { Modal } from 'antd'
import type { Item } from '../../api.ts'
import { statements as texts } from '../../i18n/statements.ts'
import { formatDay, formatNumber, t, textFrom } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ExplainedMoney } from '../../ui/Explained.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Tag } from '../../ui/Tag.tsx'
import type { LinesOf } from './StatementLines.tsx'

type Line = Item<'GET /v1/statements/{month}/lines'>

const shown = 500

/** Lines of a statement, each with how it came about. */
export function StatementLinesDialog({ month, of, onClose }: { month: string; of: LinesOf; onClose: () => void }) {
  const lines = useApi('GET /v1/statements/{month}/lines', { params: { month }, query: { ...of, limit: shown } })
  return (
    <Modal open width={860} footer={null} title={textFrom(texts, 'statements.lines')} onCancel={onClose}>
      <DataTable<Line>
        label={textFrom(texts, 'statements.lines')}
        answer={{ ...lines, data: lines.data?.items }}
        rowKey={line => line.lineId}
        pageParameter="lines"
        empty={<EmptyState title={textFrom(texts, 'statements.noLines')} />}
        columns={[
          {
            title: textFrom(texts, 'statements.day'),
            width: widths.charge,
            render: (_, { billingDay, late }) => (
              <div className="lines">
                <div className="numeric">{formatDay(billingDay)}</div>
                {late ? <Tag tone="warning">{textFrom(texts, 'statements.late')}</Tag> : null}
              </div>
            ),
          },
          {
            title: textFrom(texts, 'statements.items'),
            width: widths.spec,
            render: (_, { kind, item }) => (
              <div className="lines">
                <div>{textFrom(texts, `statements.item.${item}`)}</div>
                <div className="quiet">{textFrom(texts, `statements.kind.${kind}`)}</div>
              </div>
            ),
          },
          {
            title: t('machines.id'),
            width: widths.id,
            render: (_, { machineId }) => (machineId ? <IdText id={machineId} /> : '—'),
          },
          {
            title: textFrom(texts, 'statements.minutesHead'),
            width: widths.count,
            render: (_, { minutes }) => (minutes === null ? '—' : formatNumber(minutes)),
          },
          {
            title: t('wallet.amount'),
            width: widths.money,
            render: (_, { lineId, amountFen }) => (
              <ExplainedMoney fen={amountFen} of={{ kind: 'transfer', id: lineId }} />
            ),
          },
        ]}
      />
      {lines.data?.nextPageToken ? <p>{textFrom(texts, 'statements.moreLines', { count: shown })}</p> : null}
    </Modal>
  )
}
