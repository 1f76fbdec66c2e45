// The statement of a month: what it comes to, by day, by group, machine and item. Every figure leads on: a sum to its lines,
// a line to how it came about.
import { Alert } from 'antd'
import { open, type Returns } from '../../api.ts'
import { statements as texts } from '../../i18n/statements.ts'
import { formatMonth, t, textFrom } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { DownloadButton } from '../../ui/DownloadButton.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { BillingInstant } from '../../ui/Instant.tsx'
import { Money } from '../../ui/Money.tsx'
import { isMonth } from '../../ui/month.ts'
import { NoSuchPage } from '../../ui/NotFound.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { PageSkeleton } from '../../ui/PageSkeleton.tsx'
import { StatementDays } from './StatementDays.tsx'
import { StatementGroups } from './StatementGroups.tsx'
import { LinesMoney } from './StatementLines.tsx'
import { StatementTag } from './StatementListPage.tsx'

export type Statement = Returns<'GET /v1/statements/{month}'>

export function StatementPage() {
  const params = usePathParams('month')
  const statement = useApi('GET /v1/statements/{month}', { params }, { ...live, enabled: isMonth(params.month) })
  const trail = [{ text: t('nav.statements'), to: paths.statements() }]
  if (!isMonth(params.month)) return <NoSuchPage to={paths.statements()} back={textFrom(texts, 'statements.goBack')} />
  if (statement.error && !statement.data) {
    return (
      <ErrorState
        error={statement.error}
        onRetry={() => void statement.refetch()}
        page={{ title: formatMonth(params.month), trail }}
      />
    )
  }
  if (!statement.data) return <PageSkeleton />
  const { month, phase, finalisedAt, waitsFor, totals, consumedFen, days } = statement.data
  return (
    <>
      <PageHeader
        title={formatMonth(month)}
        trail={trail}
        tags={<StatementTag phase={phase} />}
        actions={
          <DownloadButton
            fileName={`statement-${month}.csv`}
            load={() => open('GET /v1/statements/{month}/lines', { params, query: { format: 'csv' } })}
          >
            {textFrom(texts, 'statements.csv')}
          </DownloadButton>
        }
      />
      {waitsFor ? (
        <Alert
          type="info"
          showIcon
          title={textFrom(texts, `statements.waits.${waitsFor.code}`)}
          style={{ marginBottom: 12 }}
        />
      ) : null}
      <Facts
        items={[
          [t('bill.total'), <LinesMoney key="total" month={month} of={{}} fen={totals.totalFen} />],
          [
            textFrom(texts, 'statements.prepaid'),
            <LinesMoney key="prepaid" month={month} of={{ kind: 'prepaid' }} fen={totals.prepaidFen} />,
          ],
          [
            textFrom(texts, 'statements.postpaid'),
            <LinesMoney key="postpaid" month={month} of={{ kind: 'postpaid' }} fen={totals.postpaidFen} />,
          ],
          [
            textFrom(texts, 'statements.correction'),
            <LinesMoney key="correction" month={month} of={{ kind: 'correction' }} fen={totals.correctionsFen} />,
          ],
          [textFrom(texts, 'statements.consumed'), <Money key="consumed" fen={consumedFen} />],
          ...(finalisedAt
            ? ([
                [textFrom(texts, 'statements.finalisedAt'), <BillingInstant key="final" at={finalisedAt} />],
              ] satisfies [string, React.ReactNode][])
            : []),
        ]}
      />
      <p className="quiet">{textFrom(texts, 'statements.consumedHint')}</p>
      <h2 style={{ fontSize: 16 }}>{textFrom(texts, 'statements.byGroup')}</h2>
      <StatementGroups statement={statement.data} />
      <h2 style={{ fontSize: 16 }}>{textFrom(texts, 'statements.byDay')}</h2>
      <StatementDays month={month} days={days} />
    </>
  )
}
