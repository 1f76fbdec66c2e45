// When a service is to have how many instances, by the clock: its jobs with their next runs and what came of the last.
import { App, Card } from 'antd'
import { useState } from 'react'
import type { Returns } from '../../api.ts'
import { ServiceCron } from '../../forms/service-cron.tsx'
import { scaling } from '../../i18n/scaling.ts'
import { formatList, formatNumber, t, textFrom } from '../../i18n/t.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { Tag } from '../../ui/Tag.tsx'
import type { Service } from './ServiceActions.tsx'

type CronScaler = Returns<'GET /v1/services/{service}/cron-scaler'>
type Job = CronScaler['scaleJobs'][number]

export function CronCard({ service }: { service: Service }) {
  const { message } = App.useApp()
  const [editing, setEditing] = useState(false)
  const params = { service: service.serviceId }
  const answer = useApi('GET /v1/services/{service}/cron-scaler', { params }, live)
  const remove = useAct('DELETE /v1/services/{service}/cron-scaler')
  const turnOff = async () => {
    await remove.mutateAsync({ params })
    void message.success(textFrom(scaling, 'cron.turnedOff'))
  }
  const isOff = answer.error?.code === 'NoCronScaler'
  const found = isOff ? null : (answer.data ?? null)
  return (
    <Card
      size="small"
      title={textFrom(scaling, 'cron.title')}
      extra={
        <span className="row-actions">
          <ActionButton size="small" can="service.write" onClick={() => setEditing(true)}>
            {textFrom(scaling, found ? 'scaling.change' : 'cron.turnOn')}
          </ActionButton>
          {found ? (
            <ActionButton size="small" can="service.write" loading={remove.isPending} onClick={() => void turnOff()}>
              {textFrom(scaling, 'scaling.turnOff')}
            </ActionButton>
          ) : null}
        </span>
      }
      style={{ marginBottom: 16 }}
    >
      {answer.error && !isOff ? <ErrorState error={answer.error} onRetry={() => void answer.refetch()} /> : null}
      {isOff ? <span className="quiet">{textFrom(scaling, 'cron.off')}</span> : null}
      {found ? <Jobs found={found} /> : null}
      {editing ? <ServiceCron service={service} present={found} onClose={() => setEditing(false)} /> : null}
    </Card>
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
