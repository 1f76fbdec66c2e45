import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { useApi } from '../../queries.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

type User = Item<'GET /v1/users'>

export function MemberListPage() {
  const users = useApi('GET /v1/users', {})
  return (
    <>
      <PageHeader title={t('account.members')} />
      <DataTable<User>
        label={t('account.members')}
        answer={{ ...users, data: users.data?.items }}
        rowKey={user => user.userId}
        empty={<EmptyState title={t('members.empty')} />}
        columns={[
          { title: t('common.name'), render: (_, { name }) => <span className="said">{name}</span> },
          { title: t('members.role'), render: (_, { role }) => t(`role.${role}`) },
          { title: t('keys.user'), render: (_, { userId }) => <IdText id={userId} /> },
          { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
        ]}
      />
    </>
  )
}
