// A full group: a replacement finds no room, and a person may let the one that it replaces end first. Said of one instance by
// name, with a reason, once it has been seen what serves meanwhile and for how long.
import { Alert, App, Select, Skeleton } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { errorText } from '../../ui/refusal.ts'
import { Gap } from './Gap.tsx'
import type { Service } from './ServiceActions.tsx'

type Instance = Item<'GET /v1/services/{service}/instances'>

/** Those whose replacement waits for room. */
function mayGoFirst(instances: readonly Instance[]): string[] {
  const waiting = instances.filter(({ status, cause }) => status === 'Pending' && cause !== null)
  const replaced = new Set(waiting.map(({ replaces }) => replaces))
  return instances.flatMap(one =>
    one.endedAt === null && replaced.has(one.serviceInstanceId) ? [one.serviceInstanceId] : [],
  )
}

export function GoFirst({ service }: { service: Service }) {
  const [asking, setAsking] = useState(false)
  const params = { service: service.serviceId }
  const instances = useApi('GET /v1/services/{service}/instances', { params, query: { ended: 'false' } }, live)
  const ids = mayGoFirst(instances.data?.items ?? [])
  if (ids.length === 0) return null
  return (
    <>
      <ActionButton can="service.write" onClick={() => setAsking(true)}>
        {t('rollout.goFirst')}
      </ActionButton>
      {asking ? <ConfirmGoFirst service={service} ids={ids} onClose={() => setAsking(false)} /> : null}
    </>
  )
}

function ConfirmGoFirst({ service, ids, onClose }: { service: Service; ids: readonly string[]; onClose: () => void }) {
  const { message } = App.useApp()
  const [chosen, setChosen] = useState(ids[0] ?? '')
  const params = { service: service.serviceId, serviceInstanceId: chosen }
  const preview = useApi('POST /v1/services/{service}/instances/{serviceInstanceId}/go-first/preview', { params })
  const letGo = useAct('POST /v1/services/{service}/instances/{serviceInstanceId}/go-first')
  const shown = preview.data?.serviceInstanceId === chosen && !preview.error ? preview.data : null
  const confirm = async (reason: string) => {
    await letGo.mutateAsync({ params, body: { reason, lastToo: shown?.losesLast ?? false } })
    void message.success(t('services.accepted', { action: t('rollout.goFirst') }))
  }
  return (
    <ConfirmImpact
      open
      danger
      title={t('rollout.goFirstTitle', { name: service.name })}
      action={t('rollout.goFirst')}
      askReason="needed"
      {...(shown?.losesLast ? { acknowledge: t('rollout.goFirstLast') } : {})}
      ready={shown !== null}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div>{t('rollout.goFirstHow')}</div>
      <div>
        <label htmlFor="go-first" className="label">
          {t('rollout.goFirstWhich')}
        </label>
        <Select
          id="go-first"
          style={{ width: '100%' }}
          value={chosen}
          onChange={setChosen}
          options={ids.map(value => ({ value }))}
        />
      </div>
      {preview.error ? (
        <Alert type="error" showIcon role="alert" title={<span className="said">{errorText(preview.error)}</span>} />
      ) : shown ? (
        <Gap impact={shown} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      )}
    </ConfirmImpact>
  )
}
