import { Tag } from 'antd'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

type AccessKey = Item<'GET /v1/access-keys'>

export function KeyListPage() {
  const keys = useApi('GET /v1/access-keys', {})
  return (
    <>
      <PageHeader title={t('account.keys')} />
      <DataTable<AccessKey>
        label={t('account.keys')}
        answer={{ ...keys, data: keys.data?.items }}
        rowKey={key => key.accessKeyId}
        empty={<EmptyState title={t('keys.empty')} />}
        columns={[
          { title: t('keys.id'), render: (_, { accessKeyId }) => <IdText id={accessKeyId} /> },
          {
            title: t('common.status'),
            render: (_, { revokedAt }) =>
              revokedAt === null ? <Tag color="success">{t('keys.active')}</Tag> : <Tag>{t('keys.revoked')}</Tag>,
          },
          { title: t('keys.user'), render: (_, { userId }) => <IdText id={userId} /> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
          { title: t('keys.lastUsedAt'), render: (_, { lastUsedAt }) => <Instant at={lastUsedAt} /> },
          { title: t('keys.expiresAt'), render: (_, { expiresAt }) => <Instant at={expiresAt} /> },
        ]}
      />
    </>
  )
}
