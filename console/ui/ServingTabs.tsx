import { useRouter } from '@tanstack/react-router'
import { Tabs } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'

const tabs = ['services', 'trafficGroups', 'groups', 'drainPlans'] as const

/** *Model serving* of a workspace: its services and traffic groups, and the account's resource groups and drain plans. */
export function ServingTabs({ workspaceId, active }: { workspaceId: string; active: (typeof tabs)[number] }) {
  const router = useRouter()
  return (
    <Tabs
      activeKey={active}
      onChange={key => router.history.push(paths[key as (typeof tabs)[number]](workspaceId))}
      items={tabs.map(key => ({ key, label: t(`nav.${key}`) }))}
    />
  )
}
