import { Tag } from 'antd'
import { t } from '../../i18n/t.ts'
import { useSession } from '../../session.ts'
import { Facts } from '../../ui/Facts.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'

export function SessionListPage() {
  const { data: session } = useSession()
  if (!session) return null
  return (
    <>
      <PageHeader title={t('account.sessions')} tags={<Tag color="success">{t('sessions.current')}</Tag>} />
      <Facts
        items={[
          [t('signIn.account'), session.accountName],
          [t('signIn.user'), session.userName],
          [t('members.role'), t(`role.${session.role}`)],
        ]}
      />
    </>
  )
}
