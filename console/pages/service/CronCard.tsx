// When a service is to have how many instances, by the clock: its jobs with their next runs and what came of the last.
import type { Returns } from '../../api.ts'
import { ServiceCron } from '../../forms/service-cron.tsx'
import { scaling } from '../../i18n/scaling.ts'
import { formatList, formatNumber, t, textFrom } from '../../i18n/t.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ScalerCard } from './ScalerCard.tsx'
import type { Service } from './ServiceActions.tsx'

type CronScaler = Returns<'GET /v1/services/{service}/cron-scaler'>
type Job = CronScaler['scaleJobs'][number]

export function CronCard({ service }: { service: Service }) {
  const params = { service: service.serviceId }
  const answer = useApi('GET /v1/services/{service}/cron-scaler', { params }, live)
  const remove = useAct('DELETE /v1/services/{service}/cron-scaler')
  const isOff = answer.error?.code === 'NoCronScaler'
  const found = isOff ? null : (answer.data ?? null)
  return (
    <ScalerCard
      title={textFrom(scaling, 'cron.title')}
      isOn={found !== null}
      turnOnText={textFrom(scaling, 'cron.turnOn')}
      turnedOffText={textFrom(scaling, 'cron.turnedOff')}
      turnOff={() => remove.mutateAsync({ params })}
      editor={onClose => <ServiceCron service={service} present={found} onClose={onClose} />}
    >
      {answer.error && !isOff ? <ErrorState error={answer.error} onRetry={() => void answer.refetch()} /> : null}
      {isOff ? <span className="quiet">{textFrom(scaling, 'cron.off')}</span> : null}
      {found ? <Jobs found={found} /> : null}
    </ScalerCard>
  )
}

function Jobs({ found: { scaleJobs, excludeDates } }: { found: CronScaler }) {
  return (
    <div className="stack">
      <DataTable<Job>
        label={textFrom(scaling, 'cron.title')}
        answer={{ data: scaleJobs, error: null, isPending: false, refetch: () => undefined }}
        rowKey={job => job.name}
        empty={null}
        columns={[
          {
            title: t('common.name'),
            width: widths.spec,
            render: (_, { name }) => <span className="said">{name}</span>,
          },
          {
            title: textFrom(scaling, 'cron.schedule'),
            width: widths.text,
            render: (_, { schedule, timeZone }) => (
              <>
                <div className="id-text">{schedule}</div>
                <div className="quiet">{timeZone}</div>
              </>
            ),
          },
          {
            title: textFrom(scaling, 'cron.target'),
            width: widths.count,
            render: (_, { targetSize }) => <span className="numeric">{formatNumber(targetSize)}</span>,
          },
          {
            title: textFrom(scaling, 'cron.next'),
            width: widths.instant,
            render: (_, { nextRuns }) => (
              <div className="lines">
                {nextRuns.length === 0 ? '—' : nextRuns.map(at => <div key={at}>{<Instant at={at} />}</div>)}
              </div>
            ),
          },
          {
            title: textFrom(scaling, 'cron.last'),
            width: widths.text,
            render: (_, { last }) => (last === null ? textFrom(scaling, 'scaling.none') : <Last last={last} />),
          },
        ]}
      />
      {excludeDates.length > 0 ? (
        <span className="said quiet">{textFrom(scaling, 'cron.excluded', { days: formatList(excludeDates) })}</span>
      ) : null}
    </div>
  )
}

function Last({ last: { at, state, message } }: { last: NonNullable<Job['last']> }) {
  return (
    <>
      <Instant at={at} />{' '}
      <Tag tone={state === 'Succeed' ? 'success' : 'warning'}>{textFrom(scaling, `cron.${state}`)}</Tag>
      {state === 'Skipped' ? <div className="said quiet">{message}</div> : null}
    </>
  )
}
