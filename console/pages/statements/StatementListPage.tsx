import type { Item } from '../../api.ts'
import { statements as texts } from '../../i18n/statements.ts'
import { formatMonth, t, textFrom } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'

type Summary = Item<'GET /v1/statements'>

export function StatementListPage() {
  const statements = useApi('GET /v1/statements', {}, live)
  const amount = (title: string, read: (totals: Summary['totals']) => string) => ({
    title,
    width: widths.money,
    render: (_: unknown, { totals }: Summary) => <Money fen={read(totals)} />,
  })
  return (
    <>
      <PageHeader title={t('nav.statements')} />
      <DataTable<Summary>
        label={t('nav.statements')}
        answer={{ ...statements, data: statements.data?.items }}
        rowKey={statement => statement.month}
        empty={<EmptyState title={textFrom(texts, 'statements.empty')} />}
        columns={[
          {
            title: textFrom(texts, 'statements.month'),
            width: widths.charge,
            render: (_, { month }) => (
              <TextLink to={paths.statement(month)} className="numeric">
                {formatMonth(month)}
              </TextLink>
            ),
          },
          { title: t('common.status'), width: widths.count, render: (_, { phase }) => <StatementTag phase={phase} /> },
          amount(textFrom(texts, 'statements.prepaid'), totals => totals.prepaidFen),
          amount(textFrom(texts, 'statements.postpaid'), totals => totals.postpaidFen),
          amount(textFrom(texts, 'statements.correction'), totals => totals.correctionsFen),
          amount(t('bill.total'), totals => totals.totalFen),
          {
            title: textFrom(texts, 'statements.finalisedAt'),
            width: widths.zonedInstant,
            render: (_, { finalisedAt }) => <BillingInstant at={finalisedAt} />,
          },
        ]}
      />
    </>
  )
}

export const StatementTag = ({ phase }: { phase: Summary['phase'] }) => (
  <Tag tone={phase === 'final' ? 'success' : 'neutral'}>{textFrom(texts, `statements.${phase}`)}</Tag>
)
