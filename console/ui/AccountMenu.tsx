import { UserOutlined } from '@ant-design/icons'
import { useNavigate, useRouter } from '@tanstack/react-router'
import { Button, Dropdown } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { prefer, usePreferences } from '../preferences.ts'
import { type Session, signOut } from '../session.ts'

export function AccountMenu({ session }: { session: Session }) {
  const { language, theme } = usePreferences()
  const router = useRouter()
  const navigate = useNavigate()
  const leave = async () => {
    await signOut()
    await navigate({ to: paths.signIn() })
  }
  const actions: Record<string, () => void> = {
    zh: () => prefer({ language: 'zh' }),
    en: () => prefer({ language: 'en' }),
    light: () => prefer({ theme: 'light' }),
    dark: () => prefer({ theme: 'dark' }),
    keys: () => router.history.push(paths.keys()),
    members: () => router.history.push(paths.members()),
    sessions: () => router.history.push(paths.sessions()),
    signOut: () => void leave(),
  }
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectable: true,
        selectedKeys: [language, theme],
        items: [
          {
            type: 'group',
            label: t('account.as', { user: session.userName, role: t(`role.${session.role}`) }),
            children: [
              { key: 'keys', label: t('account.keys') },
              { key: 'members', label: t('account.members') },
              { key: 'sessions', label: t('account.sessions') },
            ],
          },
          { type: 'divider' },
          {
            type: 'group',
            label: t('account.language'),
            children: [
              { key: 'zh', label: t('account.chinese') },
              { key: 'en', label: t('account.english') },
            ],
          },
          {
            type: 'group',
            label: t('account.theme'),
            children: [
              { key: 'light', label: t('account.light') },
              { key: 'dark', label: t('account.dark') },
            ],
          },
          { type: 'divider' },
          { key: 'signOut', label: t('account.signOut') },
        ],
        onClick: ({ key }) => actions[key]?.(),
      }}
    >
      <Button
        type="text"
        icon={<UserOutlined aria-hidden />}
        aria-label={`${t('account.menu')}: ${session.accountName}`}
        style={{ color: '#fff' }}
      >
        <span className="said">{session.accountName}</span>
      </Button>
    </Dropdown>
  )
}
