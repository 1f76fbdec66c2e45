// Where one can go: a buyer's workspaces, services and money; the operator's own pages.
import { AppstoreOutlined, ControlOutlined, RocketOutlined, WalletOutlined } from '@ant-design/icons'
import { useLocation, useRouter } from '@tanstack/react-router'
import { Menu } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import type { Session } from '../session.ts'
import { TextLink } from './TextLink.tsx'
import { useWorkspaceId } from './workspace.ts'

export function Navigation({ session }: { session: Session }) {
  const { pathname } = useLocation()
  const router = useRouter()
  const workspaceId = useWorkspaceId(session.role !== 'operator')
  const link = (to: string, text: string) => ({ key: to, label: <TextLink to={to}>{text}</TextLink> })
  // The operator's account is the platform itself: it owns no groups, and buys nothing.
  const buyer = [
    { ...link(paths.workspaces(), t('nav.workspaces')), icon: <AppstoreOutlined aria-hidden /> },
    ...(workspaceId
      ? [
          {
            key: 'serving',
            label: t('nav.serving'),
            icon: <RocketOutlined aria-hidden />,
            children: [
              link(paths.services(workspaceId), t('nav.services')),
              link(paths.trafficGroups(workspaceId), t('nav.trafficGroups')),
              link(paths.groups(workspaceId), t('nav.groups')),
              link(paths.drainPlans(workspaceId), t('nav.drainPlans')),
            ],
          },
        ]
      : []),
    {
      key: 'money',
      label: t('nav.money'),
      icon: <WalletOutlined aria-hidden />,
      children: [
        link(paths.orders(), t('nav.orders')),
        link(paths.wallet(), t('nav.wallet')),
        link(paths.bill(), t('nav.bill')),
        link(paths.statements(), t('nav.statements')),
        link(paths.expiries(), t('nav.expiries')),
        link(paths.notices(), t('nav.notices')),
      ],
    },
  ]
  const operator = [
    {
      key: 'operator',
      label: t('nav.operator'),
      icon: <ControlOutlined aria-hidden />,
      children: [
        link(paths.operatorAccounts(), t('nav.accounts')),
        link(paths.operatorOfferings(), t('nav.offerings')),
        link(paths.operatorMachines(), t('nav.fleet')),
        link(paths.operatorControllers(), t('nav.controllers')),
        link(paths.operatorAuditor(), t('nav.auditor')),
        link(paths.audit(), t('audit.title')),
      ],
    },
  ]
  return (
    <nav aria-label={t('nav.label')}>
      <Menu
        mode="inline"
        items={session.role === 'operator' ? operator : buyer}
        selectedKeys={[selectedKey(pathname, workspaceId)]}
        defaultOpenKeys={['serving', 'money', 'operator']}
        // By keyboard the menu selects an item without its anchor being clicked.
        onClick={({ key, domEvent }) => {
          if (domEvent.type === 'keydown') router.history.push(key)
        }}
        style={{ borderInlineEnd: 0 }}
      />
    </nav>
  )
}

/** The entry that a page belongs to: a machine belongs to the groups. */
function selectedKey(pathname: string, workspaceId: string | null): string {
  if (workspaceId && /^\/workspaces\/[^/]+\/(groups|machines|buy|purchases)/.test(pathname))
    return paths.groups(workspaceId)
  if (workspaceId && /^\/workspaces\/[^/]+\/(services|deploy)/.test(pathname)) return paths.services(workspaceId)
  if (workspaceId && /^\/workspaces\/[^/]+\/traffic-groups/.test(pathname)) return paths.trafficGroups(workspaceId)
  if (workspaceId && /^\/workspaces\/[^/]+\/drain-plans/.test(pathname)) return paths.drainPlans(workspaceId)
  if (/^\/workspaces\/[^/]+\/members/.test(pathname)) return paths.workspaces()
  return `/${pathname.split('/').slice(1, 3).join('/')}`
}
