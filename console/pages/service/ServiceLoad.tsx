// What is measured of a service over time, and how it scales by itself.
import { Segmented, Skeleton } from 'antd'
import { useMemo } from 'react'
import type { Returns } from '../../api.ts'
import { scaling } from '../../i18n/scaling.ts'
import { formatNumber, textFrom } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { useApi } from '../../queries.ts'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { EventTable } from '../../ui/EventTable.tsx'
import { LazyTimeChart } from '../../ui/LazyDayChart.tsx'
import type { TimeSeries } from '../../ui/TimeChart.tsx'
import { AutoscaleCard } from './AutoscaleCard.tsx'
import { CronCard } from './CronCard.tsx'
import type { Service } from './ServiceActions.tsx'

type Metrics = Returns<'GET /v1/services/{service}/metrics'>
type Span = 'hour' | 'day'

/** A step of the hour; the day moves by minutes. */
const everyMs = { hour: 10_000, day: 60_000 } as const

export function ServiceLoad({ service }: { service: Service }) {
  const [search, setSearch] = useSearchState<'span'>()
  const span: Span = search.span === 'day' ? 'day' : 'hour'
  const answer = useApi(
    'GET /v1/services/{service}/metrics',
    { params: { service: service.serviceId }, query: { span } },
    { refetchInterval: everyMs[span] },
  )
  return (
    <>
      <AutoscaleCard service={service} />
      <CronCard service={service} />
      <Segmented<Span>
        style={{ marginBottom: 12 }}
        aria-label={textFrom(scaling, 'scaling.span')}
        value={span}
        onChange={next => setSearch({ span: next === 'hour' ? undefined : next })}
        options={[
          { value: 'hour', label: textFrom(scaling, 'scaling.hour') },
          { value: 'day', label: textFrom(scaling, 'scaling.day') },
        ]}
      />
      {answer.data ? (
        <Charts metrics={answer.data} />
      ) : answer.error ? (
        <ErrorState error={answer.error} onRetry={() => void answer.refetch()} />
      ) : (
        <Skeleton active />
      )}
      <h2 className="section">{textFrom(scaling, 'scaling.history')}</h2>
      <EventTable subjectKind="service" subjectId={service.serviceId} only={isScaling} />
    </>
  )
}

const isScaling = (kind: string): boolean => /^service\.(auto|cron_)?scale/.test(kind)

const plain = (value: number): string => formatNumber(value, value < 10 ? 2 : 0)
const milliseconds = (value: number): string =>
  textFrom(scaling, 'scaling.ms', { value: formatNumber(value, value < 10 ? 1 : 0) })
const per =
  (divisor: number) =>
  (value: number | null): number | null =>
    value === null ? null : value / divisor

function Charts({ metrics }: { metrics: Metrics }) {
  const charts = useMemo(() => chartsOf(metrics), [metrics])
  const isKnown = charts.some(({ series }) => series.some(({ values }) => values.some(value => value !== null)))
  if (!isKnown) {
    return <EmptyState title={textFrom(scaling, 'scaling.nothing')} hint={textFrom(scaling, 'scaling.nothingHint')} />
  }
  const { from, stepSeconds, otherInstances } = metrics
  const unknown = textFrom(scaling, 'scaling.noFigures')
  return (
    <>
      <div className="time-charts">
        {charts.map(chart => (
          <LazyTimeChart key={chart.label} {...{ from, stepSeconds, unknown }} {...chart} />
        ))}
      </div>
      {otherInstances > 0 ? (
        <p className="quiet">{textFrom(scaling, 'scaling.others', { count: otherInstances })}</p>
      ) : null}
    </>
  )
}

interface Chart {
  label: string
  series: TimeSeries[]
  format: (value: number) => string
}

function chartsOf({ qps, failed, inFlight, waiting, latencyMs, instances }: Metrics): Chart[] {
  const ofInstances = (read: (one: Metrics['instances'][number]) => (number | null)[]): TimeSeries[] =>
    instances.map(one => ({ name: one.serviceInstanceId, values: read(one) }))
  const hasGpu = instances.some(one => one.gpuPercent.some(value => value !== null))
  const named = (key: 'all' | 'failed' | 'handled' | 'waiting') => textFrom(scaling, `scaling.${key}`)
  const charts: Chart[] = [
    {
      label: textFrom(scaling, 'scaling.qps'),
      series: [
        { name: named('all'), values: qps },
        { name: named('failed'), values: failed },
      ],
      format: plain,
    },
    {
      label: textFrom(scaling, 'scaling.latency'),
      series: (['p50', 'p95', 'p99'] as const).map(name => ({ name, values: latencyMs[name] })),
      format: milliseconds,
    },
    {
      label: textFrom(scaling, 'scaling.inFlight'),
      series: [
        { name: named('handled'), values: inFlight },
        { name: named('waiting'), values: waiting },
      ],
      format: plain,
    },
    {
      label: textFrom(scaling, 'scaling.cpu'),
      series: ofInstances(one => one.cpuMilli.map(per(1_000))),
      format: value => formatNumber(value, 2),
    },
    {
      label: textFrom(scaling, 'scaling.memory'),
      series: ofInstances(one => one.memoryMib.map(per(1_024))),
      format: value => formatNumber(value, 2),
    },
  ]
  if (hasGpu) {
    charts.push({ label: textFrom(scaling, 'scaling.gpu'), series: ofInstances(one => one.gpuPercent), format: plain })
  }
  return charts
}
