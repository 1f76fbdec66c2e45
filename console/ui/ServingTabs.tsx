import { useRouter } from '@tanstack/react-router'
import { Tabs } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'

/** *Model serving* of a workspace: its services, and the account's resource groups. */
export function ServingTabs({ workspaceId, active }: { workspaceId: string; active: 'services' | 'groups' }) {
  const router = useRouter()
  return (
    <Tabs
      activeKey={active}
      onChange={key => router.history.push(key === 'groups' ? paths.groups(workspaceId) : paths.services(workspaceId))}
      items={[
        { key: 'services', label: t('nav.services') },
        { key: 'groups', label: t('nav.groups') },
      ]}
    />
  )
}
