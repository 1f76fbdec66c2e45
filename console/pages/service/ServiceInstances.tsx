import { App, Checkbox } from 'antd'
import { useState } from 'react'
import type { Item, Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { causesText } from '../../ui/cause.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { RestartInstance } from './RestartInstance.tsx'
import type { Service } from './ServiceActions.tsx'

type ServiceInstance = Item<'GET /v1/services/{service}/instances'>

/** Bytes come without an event. */
const whileFetching = {
  refetchInterval: (query: { state: { data: unknown } }) =>
    isFetching(query.state.data) ? 2_000 : live.refetchInterval(query),
}
const isFetching = (data: unknown): boolean => {
  const answer = data as Returns<'GET /v1/services/{service}/instances'> | undefined
  return answer?.items.some(({ cause }) => cause?.code === 'Fetching') ?? false
}

/** The instances of a service: where each runs and how it is, with what can be done to it, and its log. */
export function ServiceInstances({ workspaceId, service }: { workspaceId: string; service: Service }) {
  const { message } = App.useApp()
  const [ended, setEnded] = useState(false)
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const params = { service: service.serviceId }
  const answer = useApi(
    'GET /v1/services/{service}/instances',
    { params, query: { ended: ended ? 'true' : 'false' } },
    whileFetching,
  )
  const isolate = useAct('POST /v1/services/{service}/instances/{serviceInstanceId}/isolate')
  const end = useAct('POST /v1/services/{service}/instances/{serviceInstanceId}/end')
  const acts = { isolate, end }
  const confirm = async (action: keyof typeof acts, serviceInstanceId: string) => {
    await acts[action].mutateAsync({ params: { ...params, serviceInstanceId } })
    void message.success(t('services.accepted', { action: t(`services.instance.${action}`) }))
  }
  return (
    <>
      <div className="toolbar">
        <Checkbox checked={ended} onChange={event => setEnded(event.target.checked)}>
          {t('services.showEnded')}
        </Checkbox>
      </div>
      <DataTable<ServiceInstance>
        label={t('services.tabInstances')}
        answer={{ ...answer, data: answer.data?.items }}
        rowKey={one => one.serviceInstanceId}
        empty={<EmptyState title={t('services.noInstances')} />}
        columns={columnsOf({ workspaceId, service, choose: setChosen, ended })}
      />
      <ConfirmChosen {...params} chosen={chosen} confirm={confirm} onClose={() => setChosen(null)} />
    </>
  )
}

interface ConfirmProps {
  service: string
  chosen: Chosen | null
  confirm: (action: 'isolate' | 'end', serviceInstanceId: string) => Promise<void>
  onClose: () => void
}

function ConfirmChosen({ service, chosen, confirm, onClose }: ConfirmProps) {
  if (chosen === null) return null
  const { action, serviceInstanceId } = chosen
  if (action === 'restart')
    return <RestartInstance service={service} serviceInstanceId={serviceInstanceId} onClose={onClose} />
  return (
    <ConfirmImpact
      open
      title={t(`services.instance.confirm.${action}`, { id: serviceInstanceId })}
      action={t(`services.instance.${action}`)}
      onConfirm={() => confirm(action, serviceInstanceId)}
      onClose={onClose}
    >
      <div>{t(`services.instance.impact.${action}`)}</div>
    </ConfirmImpact>
  )
}

interface Chosen {
  action: 'restart' | 'isolate' | 'end'
  serviceInstanceId: string
}

/** One that is isolated has one in its place already. */
const actionsOn: Record<string, Chosen['action'][]> = {
  Running: ['restart', 'isolate'],
  NotReady: ['restart', 'isolate'],
  Isolated: ['end'],
  Restarting: [],
  Terminating: [],
}

interface Columns {
  workspaceId: string
  service: Service
  choose: (chosen: Chosen) => void
  ended: boolean
}

function columnsOf({ workspaceId, service, choose, ended }: Columns) {
  return [
    {
      title: t('services.instanceOnMachine'),
      width: widths.serviceInstanceId,
      render: (_: unknown, { serviceInstanceId, machineId }: ServiceInstance) => (
        <>
          <div>
            <IdText id={serviceInstanceId} />
          </div>
          {machineId === null ? null : <IdText id={machineId} to={paths.machine(workspaceId, machineId)} />}
        </>
      ),
    },
    {
      title: t('common.status'),
      width: widths.text,
      render: (_: unknown, { status, cause, crashCount, restartCount }: ServiceInstance) => (
        <>
          <StatusTag status={status} />
          {cause === null ? null : <div className="said quiet">{causesText([cause])}</div>}
          {crashCount === 0 ? null : <div className="quiet">{t('services.crashes', { count: crashCount })}</div>}
          {restartCount === 0 ? null : <div className="quiet">{t('services.restarts', { count: restartCount })}</div>}
        </>
      ),
    },
    { title: t('services.version'), width: widths.count, dataIndex: 'version' },
    {
      title: ended ? t('services.endedAt') : t('services.readyAt'),
      width: widths.instantWithSeconds,
      render: (_: unknown, { readyAt, endedAt }: ServiceInstance) => <Instant at={ended ? endedAt : readyAt} seconds />,
    },
    {
      title: t('common.actions'),
      width: widths.text,
      render: (_: unknown, { serviceInstanceId, status, endedAt, machineId, replaces }: ServiceInstance) => (
        <span className="row-actions">
          {(endedAt === null ? (actionsOn[status] ?? ['restart']) : []).map(action => (
            <ActionButton
              key={action}
              can="service.write"
              type="link"
              size="small"
              style={{ padding: 0 }}
              refusal={action === 'end' ? null : service.refusals.restart}
              onClick={() => choose({ action, serviceInstanceId })}
            >
              {t(`services.instance.${action}`)}
            </ActionButton>
          ))}
          {machineId === null ? null : (
            <TextLink to={paths.service(workspaceId, service.serviceId, { tab: 'logs', log: serviceInstanceId })}>
              {t('services.logs')}
            </TextLink>
          )}
          {replaces === null ? null : (
            <TextLink to={paths.service(workspaceId, service.serviceId, { tab: 'logs', log: replaces })}>
              {t('services.previousLog')}
            </TextLink>
          )}
        </span>
      ),
    },
  ]
}
