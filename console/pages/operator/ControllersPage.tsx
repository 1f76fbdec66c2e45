// Who runs Berth's loops and has which duty, how others ended, and what fails again and again.
import { Alert } from 'antd'
import type { Item } from '../../api.ts'
import { controllers as texts } from '../../i18n/controllers.ts'
import { formatAll, formatInstant, t, textFrom } from '../../i18n/t.ts'
import { live, useApi } from '../../queries.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { Tag } from '../../ui/Tag.tsx'

type Controller = Item<'GET /v1/controllers'>
type SetAside = Item<'GET /v1/set-aside'>

export function ControllersPage() {
  const controllers = useApi('GET /v1/controllers', {}, live)
  const setAside = useApi('GET /v1/set-aside', {}, live)
  return (
    <>
      <PageHeader title={t('nav.controllers')} />
      <p className="quiet">{textFrom(texts, 'controllers.intro')}</p>
      {controllers.data ? <Unheld duties={controllers.data.unheldDuties} /> : null}
      <DataTable<Controller>
        label={t('nav.controllers')}
        answer={{ ...controllers, data: controllers.data?.items }}
        rowKey={({ controllerId }) => controllerId}
        empty={<EmptyState title={textFrom(texts, 'controllers.empty')} />}
        columns={controllerColumns()}
      />
      <h2 className="section">{textFrom(texts, 'setAside.title')}</h2>
      <p className="quiet">{textFrom(texts, 'setAside.intro')}</p>
      <DataTable<SetAside>
        label={textFrom(texts, 'setAside.title')}
        answer={{ ...setAside, data: setAside.data?.items }}
        rowKey={({ kind, id }) => `${kind} ${id}`}
        empty={<EmptyState title={textFrom(texts, 'setAside.empty')} />}
        columns={setAsideColumns()}
        pageParameter="setAsidePage"
        sortParameter="setAsideSort"
      />
    </>
  )
}

const dutyText = (duty: string): string => textFrom(texts, `duty.${duty}`) ?? duty

/** Nobody does what belongs to such a duty: that wants to be seen at once. */
function Unheld({ duties }: { duties: readonly string[] }) {
  if (duties.length === 0) return null
  const title = textFrom(texts, 'controllers.unheld', { duties: formatAll(duties.map(dutyText)) })
  return <Alert type="warning" showIcon style={{ marginBottom: 12 }} title={title} />
}

const controllerColumns = () => [
  {
    title: textFrom(texts, 'controllers.controller'),
    width: widths.id,
    render: (_: unknown, { controllerId }: Controller) => <IdText id={controllerId} />,
  },
  {
    title: t('common.status'),
    width: widths.status,
    render: (_: unknown, controller: Controller) => <State controller={controller} />,
  },
  {
    title: textFrom(texts, 'controllers.duties'),
    width: widths.text,
    render: (_: unknown, { duties }: Controller) =>
      duties.length === 0 ? (
        <span className="quiet">{textFrom(texts, 'controllers.noDuty')}</span>
      ) : (
        duties.map(duty => <Tag key={duty}>{dutyText(duty)}</Tag>)
      ),
  },
  {
    title: textFrom(texts, 'controllers.process'),
    width: widths.text,
    render: (_: unknown, { host, hostName, pid, version }: Controller) => (
      <div className="lines">
        <div>{hostName || host}</div>
        {/* An id, not a number. */}
        <div className="quiet">{textFrom(texts, 'controllers.processOf', { pid: String(pid), version })}</div>
      </div>
    ),
  },
  {
    title: textFrom(texts, 'controllers.startedAt'),
    width: widths.instant,
    render: (_: unknown, { startedAt }: Controller) => <Instant at={startedAt} />,
  },
  {
    title: textFrom(texts, 'controllers.beatAt'),
    width: widths.instantWithSeconds,
    render: (_: unknown, { beatAt }: Controller) => <Instant at={beatAt} seconds />,
  },
  {
    title: textFrom(texts, 'controllers.refusedWrites'),
    width: widths.count,
    render: (_: unknown, { refusedWrites }: Controller) => <span className="numeric">{refusedWrites}</span>,
  },
]

function State({ controller: { endedAt, endedBecause } }: { controller: Controller }) {
  if (endedAt === null) return <Tag tone="success">{textFrom(texts, 'controllers.lives')}</Tag>
  const how = textFrom(texts, `ended.${endedBecause}`) ?? ''
  return (
    <Tag tone={endedBecause === 'stopped' ? 'neutral' : 'warning'}>
      {textFrom(texts, 'controllers.endedAt', { how, at: formatInstant(endedAt) })}
    </Tag>
  )
}

const setAsideColumns = () => [
  {
    title: textFrom(texts, 'setAside.kind'),
    width: widths.id,
    render: (_: unknown, { kind, id }: SetAside) => (
      <div className="lines">
        <div>{textFrom(texts, `setAside.${kind}`) ?? kind}</div>
        <IdText id={id} />
      </div>
    ),
  },
  {
    title: textFrom(texts, 'setAside.error'),
    width: widths.text * 2,
    render: (_: unknown, { error }: SetAside) => <code className="said">{error}</code>,
  },
  {
    title: textFrom(texts, 'setAside.attempts'),
    width: widths.count,
    render: (_: unknown, { attempts }: SetAside) => <span className="numeric">{attempts}</span>,
  },
  {
    title: textFrom(texts, 'setAside.since'),
    width: widths.instant,
    render: (_: unknown, { since }: SetAside) => <Instant at={since} />,
  },
  {
    title: textFrom(texts, 'setAside.dueAt'),
    width: widths.instantWithSeconds,
    render: (_: unknown, { dueAt }: SetAside) => <Instant at={dueAt} seconds />,
  },
]
