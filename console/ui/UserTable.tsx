// The people of an account, as the account and the operator see them; what may be done about each is the page's.
import type { ReactNode } from 'react'
import type { Item } from '../api.ts'
import { t } from '../i18n/t.ts'
import { type Answer, DataTable } from './DataTable.tsx'
import { EmptyState } from './EmptyState.tsx'
import { Instant } from './Instant.tsx'
import { Tag } from './Tag.tsx'

export type User = Item<'GET /v1/users'>

interface Props {
  answer: Answer<User>
  actions: (user: User) => ReactNode
}

export function UserTable({ answer, actions }: Props) {
  return (
    <DataTable<User>
      label={t('account.members')}
      answer={answer}
      rowKey={user => user.userId}
      empty={<EmptyState title={t('members.empty')} />}
      columns={[
        { title: t('common.name'), render: (_, { name }) => <span className="said">{name}</span> },
        { title: t('members.role'), render: (_, { role }) => t(`role.${role}`) },
        { title: t('users.email'), render: (_, { email }) => <span className="said">{email ?? '—'}</span> },
        { title: t('common.status'), render: (_, { disabledAt }) => <UserState disabledAt={disabledAt} /> },
        { title: t('common.createdAt'), render: (_, { createdAt }) => <Instant at={createdAt} /> },
        { title: t('common.actions'), render: (_, user) => actions(user) },
      ]}
    />
  )
}

const UserState = ({ disabledAt }: Pick<User, 'disabledAt'>) =>
  disabledAt === null ? <Tag tone="success">{t('users.active')}</Tag> : <Tag tone="error">{t('users.disabled')}</Tag>
