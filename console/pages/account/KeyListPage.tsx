// Access keys: everybody their own, an owner those of the whole account.
import { Alert, Button, Space } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { AccessKeyCreate, type NewKey } from '../../forms/access-key-create.tsx'
import { AccessKeyRotate } from '../../forms/access-key-rotate.tsx'
import { t } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { rowAction } from '../../ui/row-action.ts'
import { ShownOnce } from '../../ui/ShownOnce.tsx'
import { Tag } from '../../ui/Tag.tsx'

type AccessKey = Item<'GET /v1/access-keys'>
type Asking = { form: 'create' } | { form: 'rotate' | 'revoke'; key: AccessKey } | { form: 'shown'; made: NewKey }

export function KeyListPage() {
  const [asking, setAsking] = useState<Asking | null>(null)
  const keys = useApi('GET /v1/access-keys', {})
  const create = (
    <Button type="primary" onClick={() => setAsking({ form: 'create' })}>
      {t('keys.create')}
    </Button>
  )
  return (
    <>
      <PageHeader title={t('account.keys')} actions={create} />
      <Alert type="info" showIcon title={t('keys.lost')} style={{ marginBottom: 16 }} />
      <DataTable<AccessKey>
        label={t('account.keys')}
        answer={{ ...keys, data: keys.data?.items }}
        rowKey={key => key.accessKeyId}
        empty={
          <EmptyState title={t('keys.empty')} hint={t('keys.emptyHint')}>
            {create}
          </EmptyState>
        }
        columns={[
          { title: t('keys.id'), render: (_, { accessKeyId }) => <IdText id={accessKeyId} /> },
          { title: t('common.status'), render: (_, key) => <KeyState accessKey={key} /> },
          { title: t('keys.user'), render: (_, { userName }) => <span className="said">{userName}</span> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          {
            title: t('keys.lastUsedAt'),
            render: (_, { lastUsedAt }) => (lastUsedAt ? <Instant at={lastUsedAt} /> : t('keys.neverUsed')),
          },
          { title: t('keys.expiresAt'), render: (_, { expiresAt }) => <Instant at={expiresAt} /> },
          {
            title: t('common.actions'),
            render: (_, key) => (
              <Space>
                <ActionButton
                  {...rowAction}
                  refusal={key.refusals.rotate}
                  onClick={() => setAsking({ form: 'rotate', key })}
                >
                  {t('keys.rotate')}
                </ActionButton>
                <ActionButton
                  {...rowAction}
                  danger
                  refusal={key.refusals.revoke}
                  onClick={() => setAsking({ form: 'revoke', key })}
                >
                  {t('keys.revoke')}
                </ActionButton>
              </Space>
            ),
          },
        ]}
      />
      <KeyDialogs asking={asking} onChange={setAsking} />
    </>
  )
}

function KeyState({ accessKey }: { accessKey: AccessKey }) {
  if (accessKey.revokedAt !== null) return <Tag>{t('keys.revoked')}</Tag>
  if (accessKey.refusals.revoke !== null) return <Tag>{t('keys.expired')}</Tag>
  if (accessKey.expiresAt !== null) return <Tag tone="warning">{t('keys.ending')}</Tag>
  return <Tag tone="success">{t('keys.active')}</Tag>
}

function KeyDialogs({ asking, onChange }: { asking: Asking | null; onChange: (next: Asking | null) => void }) {
  const revoke = useAct('POST /v1/access-keys/{accessKeyId}/revoke')
  const close = () => onChange(null)
  const show = (made: NewKey) => onChange({ form: 'shown', made })
  if (asking?.form === 'create') return <AccessKeyCreate onMade={show} onClose={close} />
  if (asking?.form === 'rotate') return <AccessKeyRotate accessKey={asking.key} onMade={show} onClose={close} />
  if (asking?.form === 'shown') {
    const { accessKeyId, secret } = asking.made
    return (
      <ShownOnce
        title={t('keys.made')}
        facts={[
          [t('keys.id'), accessKeyId],
          [t('keys.secret'), secret],
        ]}
        fileName={`${accessKeyId}.txt`}
        onClose={close}
      />
    )
  }
  if (asking?.form !== 'revoke') return null
  const { accessKeyId, userName } = asking.key
  return (
    <ConfirmImpact
      open
      danger
      title={t('keys.revokeTitle', { id: accessKeyId })}
      action={t('keys.revoke')}
      onConfirm={() => revoke.mutateAsync({ params: { accessKeyId } })}
      onClose={close}
    >
      <span className="said">{t('keys.revokeImpact', { user: userName })}</span>
    </ConfirmImpact>
  )
}
