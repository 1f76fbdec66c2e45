// The keys that callers of a service, or of a traffic group, send: rotated with an overlap, revoked at once.
import { App, Button } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { OverlapField, overlapHoursDefault } from '../../forms/overlap-field.tsx'
import { t, textFrom } from '../../i18n/t.ts'
import { traffic } from '../../i18n/traffic.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { ErrorState } from '../../ui/ErrorState.tsx'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { useMay } from '../../ui/may.ts'
import { rowAction } from '../../ui/row-action.ts'
import { Tag } from '../../ui/Tag.tsx'

type Key = Item<'GET /v1/services/{service}/access-keys'>

/** Whose keys they are. */
export type KeysOf = { service: string } | { trafficGroup: string }

/** The same operations, of the one or the other. */
function useKeysOf(of: KeysOf) {
  const ofService = 'service' in of
  const service = { params: { service: ofService ? of.service : '' } }
  const group = { params: { trafficGroup: ofService ? '' : of.trafficGroup } }
  const may = useMay('service.invoke') === null
  const keysOfService = useApi('GET /v1/services/{service}/access-keys', service, {
    ...live,
    enabled: may && ofService,
  })
  const keysOfGroup = useApi('GET /v1/traffic-groups/{trafficGroup}/access-keys', group, {
    ...live,
    enabled: may && !ofService,
  })
  const rotateOfService = useAct('POST /v1/services/{service}/access-keys/rotate')
  const rotateOfGroup = useAct('POST /v1/traffic-groups/{trafficGroup}/access-keys/rotate')
  const revokeOfService = useAct('POST /v1/services/{service}/access-keys/{keyId}/revoke')
  const revokeOfGroup = useAct('POST /v1/traffic-groups/{trafficGroup}/access-keys/{keyId}/revoke')
  return {
    keys: ofService ? keysOfService : keysOfGroup,
    rotate: (overlapSeconds: number) =>
      'service' in of
        ? rotateOfService.mutateAsync({ params: of, body: { overlapSeconds } })
        : rotateOfGroup.mutateAsync({ params: of, body: { overlapSeconds } }),
    revoke: (keyId: string) =>
      'service' in of
        ? revokeOfService.mutateAsync({ params: { ...of, keyId } })
        : revokeOfGroup.mutateAsync({ params: { ...of, keyId } }),
  }
}

export function AccessKeys({ of, name }: { of: KeysOf; name: string }) {
  const { message } = App.useApp()
  const { keys, rotate, revoke } = useKeysOf(of)
  const [asking, setAsking] = useState<'rotate' | Key | null>(null)
  const close = () => setAsking(null)
  const rotateKey = async ({ hours }: { hours: number }) => {
    const { keyId } = await rotate(hours * 3_600)
    void message.success(textFrom(traffic, 'traffic.rotated', { id: keyId }))
    close()
  }
  return (
    <section className="stack" aria-label={textFrom(traffic, 'traffic.keys')}>
      <div className="toolbar" style={{ marginBottom: 0 }}>
        <span className="quiet">{textFrom(traffic, 'traffic.keysHint')}</span>
        <div className="buttons">
          <NewestKey of={of} />
          <ActionButton can="service.invoke" onClick={() => setAsking('rotate')}>
            {t('keys.rotate')}
          </ActionButton>
        </div>
      </div>
      <DataTable<Key>
        label={textFrom(traffic, 'traffic.keys')}
        answer={{ ...keys, data: keys.data?.items }}
        rowKey={key => key.keyId}
        empty={null}
        columns={columnsOf(setAsking)}
      />
      {asking === 'rotate' ? (
        <FormDialog<{ hours: number }>
          title={textFrom(traffic, 'traffic.rotateTitle', { name })}
          action={t('keys.rotate')}
          initial={{ hours: overlapHoursDefault }}
          onSubmit={rotateKey}
          onClose={close}
        >
          <p>{textFrom(traffic, 'traffic.rotateHint')}</p>
          <OverlapField />
        </FormDialog>
      ) : null}
      {asking === null || asking === 'rotate' ? null : (
        <ConfirmImpact
          open
          danger
          title={t('keys.revokeTitle', { id: asking.keyId })}
          action={t('keys.revoke')}
          onConfirm={() => revoke(asking.keyId)}
          onClose={close}
        >
          <div>{textFrom(traffic, 'traffic.revokeImpact')}</div>
        </ConfirmImpact>
      )}
    </section>
  )
}

/** Asked for only when somebody wants to see it. */
function NewestKey({ of }: { of: KeysOf }) {
  const [shown, setShown] = useState(false)
  const ofService = 'service' in of
  const service = { params: { service: ofService ? of.service : '' } }
  const group = { params: { trafficGroup: ofService ? '' : of.trafficGroup } }
  const keyOfService = useApi('GET /v1/services/{service}/access-key', service, { enabled: shown && ofService })
  const keyOfGroup = useApi('GET /v1/traffic-groups/{trafficGroup}/access-key', group, { enabled: shown && !ofService })
  const key = ofService ? keyOfService : keyOfGroup
  if (key.error) return <ErrorState error={key.error} onRetry={() => void key.refetch()} />
  if (!key.data || !shown) {
    return (
      <Button loading={shown} onClick={() => setShown(true)}>
        {t('try.showKey')}
      </Button>
    )
  }
  return (
    <span>
      {textFrom(traffic, 'traffic.newest')} <IdText id={key.data.accessKey} />
    </span>
  )
}

const columnsOf = (revoke: (key: Key) => void) => [
  { title: t('keys.id'), width: widths.id, render: (_: unknown, { keyId }: Key) => <IdText id={keyId} /> },
  { title: t('common.status'), width: widths.status, render: (_: unknown, key: Key) => <KeyState accessKey={key} /> },
  {
    title: t('common.createdAt'),
    width: widths.instant,
    render: (_: unknown, { createdAt }: Key) => <Instant at={createdAt} />,
  },
  {
    title: t('keys.expiresAt'),
    width: widths.instant,
    render: (_: unknown, { expiresAt, endedAt }: Key) => <Instant at={endedAt ?? expiresAt} />,
  },
  {
    title: t('keys.lastUsedAt'),
    width: widths.instant,
    render: (_: unknown, { lastUsedAt }: Key) => (lastUsedAt ? <Instant at={lastUsedAt} /> : t('keys.neverUsed')),
  },
  {
    title: t('common.actions'),
    width: widths.count,
    render: (_: unknown, key: Key) =>
      key.usable ? (
        <ActionButton can="service.invoke" {...rowAction} danger onClick={() => revoke(key)}>
          {t('keys.revoke')}
        </ActionButton>
      ) : null,
  },
]

function KeyState({ accessKey: { usable, expiresAt } }: { accessKey: Key }) {
  if (!usable) return <Tag>{t('keys.expired')}</Tag>
  if (expiresAt !== null) return <Tag tone="warning">{t('keys.ending')}</Tag>
  return <Tag tone="success">{t('keys.active')}</Tag>
}
