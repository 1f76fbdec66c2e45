// What can be done to a service: each shows its impact first. Which can't be done now, the server says.
import type { UseQueryResult } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { App, Skeleton } from 'antd'
import { useState } from 'react'
import type { Refused, Returns } from '../../api.ts'
import { ServiceScale } from '../../forms/service-scale.tsx'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { InstanceImpacts } from '../machine/InstanceImpacts.tsx'
import { ShareImpact } from './ShareImpact.tsx'

export type Service = Returns<'GET /v1/services/{service}'>
type Action = 'restart' | 'stop' | 'start' | 'delete'

export function ServiceActions({ workspaceId, service }: { workspaceId: string; service: Service }) {
  const router = useRouter()
  const { message } = App.useApp()
  const [asking, setAsking] = useState<Action | 'scale' | null>(null)
  const acts = {
    restart: useAct('POST /v1/services/{service}/restart'),
    stop: useAct('POST /v1/services/{service}/stop'),
    start: useAct('POST /v1/services/{service}/start'),
    delete: useAct('DELETE /v1/services/{service}'),
  }
  const perform = async (action: Action, previewId?: string) => {
    const params = { service: service.serviceId }
    const query = previewId === undefined ? {} : { previewId }
    if (action === 'stop' || action === 'delete') await acts[action].mutateAsync({ params, query })
    else await acts[action].mutateAsync({ params })
    void message.success(t('services.accepted', { action: t(`services.${action}`) }))
    if (action === 'delete') router.history.push(paths.services(workspaceId))
  }
  const { refusals } = service
  const startOrStop = refusals.stop === null ? 'stop' : 'start'
  const action = asking === 'scale' ? null : asking
  return (
    <>
      <ActionButton can="service.write" type="primary" refusal={refusals.scale} onClick={() => setAsking('scale')}>
        {t('services.scale')}
      </ActionButton>
      <ActionButton
        can="service.write"
        refusal={refusals.update}
        onClick={() => router.history.push(paths.serviceUpdate(workspaceId, service.serviceId))}
      >
        {t('services.update')}
      </ActionButton>
      {(['restart', startOrStop, 'delete'] as const).map(one => (
        <ActionButton
          can="service.write"
          key={one}
          danger={one === 'delete'}
          refusal={refusals[one]}
          onClick={() => setAsking(one)}
        >
          {t(`services.${one}`)}
        </ActionButton>
      ))}
      {asking === 'scale' ? <ServiceScale service={service} onClose={() => setAsking(null)} /> : null}
      {action === null ? null : (
        <ConfirmAction
          service={service}
          action={action}
          onConfirm={previewId => perform(action, previewId)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  )
}

interface Asked {
  service: Service
  action: Action
  onConfirm: (previewId?: string) => Promise<unknown>
  onClose: () => void
}

/** Where something ends: which instances, where each runs and what it has in flight, as the server foresees it. */
function ConfirmAction({ service, action, onConfirm, onClose }: Asked) {
  const ends = action === 'stop' || action === 'delete'
  const preview = useApi(
    'POST /v1/services/{service}/preview',
    { params: { service: service.serviceId }, body: { action: ends ? action : 'stop' } },
    { enabled: ends },
  )
  const { running, replicas } = preview.data ?? service
  return (
    <ConfirmImpact
      open
      title={t(`services.confirm.${action}`, { name: service.name })}
      action={t(`services.${action}`)}
      danger={ends}
      ready={!ends || preview.data !== undefined}
      {...(action === 'delete' ? { acknowledge: t('services.deleteForGood') } : {})}
      onConfirm={() => onConfirm(preview.data?.previewId)}
      onClose={onClose}
    >
      <div>{t(`services.impact.${action}`, { running, replicas })}</div>
      {ends ? <WhatEnds preview={preview} /> : null}
    </ConfirmImpact>
  )
}

type Preview = UseQueryResult<Returns<'POST /v1/services/{service}/preview'>, Refused>

function WhatEnds({ preview: { data, error, refetch } }: { preview: Preview }) {
  if (data)
    return (
      <>
        <ShareImpact traffic={data.traffic} />
        <InstanceImpacts services={[data]} />
      </>
    )
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  return <Skeleton active title={false} paragraph={{ rows: 2 }} />
}
