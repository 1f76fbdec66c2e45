import { UserOutlined } from '@ant-design/icons'
import { useNavigate, useRouter } from '@tanstack/react-router'
import type { MenuProps } from 'antd'
import { useState } from 'react'
import { PasswordChange } from '../forms/password-change.tsx'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { prefer, usePreferences } from '../preferences.ts'
import { type Session, signOut } from '../session.ts'
import { MenuButton } from './MenuButton.tsx'

export function AccountMenu({ session }: { session: Session }) {
  const { language, theme } = usePreferences()
  const [changing, setChanging] = useState(false)
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
    // Who may not see the people of the account sees those of the workspaces.
    members: () => router.history.push(session.may.includes('user.read') ? paths.members() : paths.workspaces()),
    sessions: () => router.history.push(paths.sessions()),
    audit: () => router.history.push(paths.audit()),
    password: () => setChanging(true),
    signOut: () => void leave(),
  }
  return (
    <>
      <MenuButton
        type="text"
        icon={<UserOutlined aria-hidden />}
        aria-label={`${t('account.menu')}: ${session.accountName}`}
        style={{ color: '#fff' }}
        menu={{
          selectable: true,
          selectedKeys: [language, theme],
          items: itemsOf(session),
          onClick: ({ key }) => actions[key]?.(),
        }}
      >
        <span className="said">{session.accountName}</span>
      </MenuButton>
      {changing ? <PasswordChange onClose={() => setChanging(false)} /> : null}
    </>
  )
}

const itemsOf = (session: Session): NonNullable<MenuProps['items']> => [
  {
    type: 'group',
    label: t('account.as', { user: session.userName, role: t(`role.${session.role}`) }),
    children: [
      { key: 'keys', label: t('account.keys') },
      { key: 'members', label: t('account.members') },
      { key: 'sessions', label: t('account.sessions') },
      { key: 'password', label: t('password.change') },
      ...(session.may.includes('audit.read') ? [{ key: 'audit', label: t('audit.title') }] : []),
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
]
