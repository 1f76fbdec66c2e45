// A month day by day: a chart and, below it, the same figures as a table.
import { Segmented } from 'antd'
import { useMemo } from 'react'
import { statements as texts } from '../../i18n/statements.ts'
import { formatDay, formatMonth, textFrom } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import type { DayChartProps } from '../../ui/DayChart.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { LazyDayChart } from '../../ui/LazyDayChart.tsx'
import { Money } from '../../ui/Money.tsx'
import { LinesMoney } from './StatementLines.tsx'
import type { Statement } from './StatementPage.tsx'

type Day = Statement['days'][number]
const shows = ['spent', 'charged'] as const

/** Prepaid money as it was used up, or as it was paid; beside it what was billed by use, with what was given back of it. */
function seriesOf(days: readonly Day[], show: (typeof shows)[number]): DayChartProps['series'] {
  const billed = days.map(day => (BigInt(day.postpaidFen) + BigInt(day.correctionsFen)).toString())
  const prepaid = days.map(day => (show === 'spent' ? day.consumedFen : day.prepaidFen))
  return [
    { name: textFrom(texts, 'statements.kind.prepaid'), fen: prepaid },
    { name: textFrom(texts, 'statements.kind.postpaid'), fen: billed },
  ]
}

const isAny = ({ prepaidFen, postpaidFen, correctionsFen, consumedFen }: Day): boolean =>
  [prepaidFen, postpaidFen, correctionsFen, consumedFen].some(fen => fen !== '0')

export function StatementDays({ month, days }: { month: string; days: Day[] }) {
  const [search, setSearch] = useSearchState<'chart'>()
  const show = search.chart === 'charged' ? 'charged' : 'spent'
  const currency = useInstallation()?.currency ?? 'CNY'
  const names = useMemo(() => days.map(({ day }) => day), [days])
  const series = useMemo(() => seriesOf(days, show), [days, show])
  const charged = useMemo(() => days.filter(isAny), [days])
  return (
    <>
      <Segmented
        aria-label={textFrom(texts, 'statements.show')}
        value={show}
        onChange={value => setSearch({ chart: value === 'spent' ? undefined : value })}
        options={shows.map(value => ({ value, label: textFrom(texts, `statements.${value}`) }))}
      />
      <LazyDayChart
        label={textFrom(texts, 'statements.chart', { month: formatMonth(month) })}
        days={names}
        series={series}
        currency={currency}
      />
      <DataTable<Day>
        label={textFrom(texts, 'statements.byDay')}
        answer={{ data: charged, error: null, isPending: false, refetch: () => undefined }}
        rowKey={({ day }) => day}
        pageParameter="days"
        empty={<EmptyState title={textFrom(texts, 'statements.noGroups')} />}
        columns={[
          {
            title: textFrom(texts, 'statements.day'),
            width: widths.charge,
            render: (_, { day }) => <span className="numeric">{formatDay(day)}</span>,
          },
          {
            title: textFrom(texts, 'statements.consumed'),
            width: widths.money,
            render: (_, { consumedFen }) => <Money fen={consumedFen} />,
          },
          ...(['prepaid', 'postpaid', 'correction'] as const).map(kind => ({
            title: textFrom(texts, `statements.${kind}`),
            width: widths.money,
            render: (_: unknown, day: Day) => (
              <LinesMoney
                month={month}
                of={{ kind, day: day.day }}
                fen={kind === 'correction' ? day.correctionsFen : day[`${kind}Fen`]}
              />
            ),
          })),
        ]}
      />
    </>
  )
}
