// The frame around every page behind sign-in: header with region and account, navigation, the page.
import { AppstoreOutlined, ControlOutlined, RocketOutlined, WalletOutlined } from '@ant-design/icons'
import { Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router'
import { Layout, Menu } from 'antd'
import { useEffect, useState } from 'react'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { type Session, useSession } from '../session.ts'
import { AccountMenu } from './AccountMenu.tsx'
import { ErrorState } from './ErrorState.tsx'
import { useInstallation } from './installation.ts'
import { LiveSign } from './LiveSign.tsx'
import { PageSkeleton } from './PageSkeleton.tsx'
import { RegionSwitcher } from './RegionSwitcher.tsx'
import { TextLink } from './TextLink.tsx'
import { useLiveEvents } from './use-live-events.ts'
import { lastWorkspace } from './workspace.ts'

export function Shell() {
  const session = useSession()
  const navigate = useNavigate()
  const { href, pathname } = useLocation()
  // The frame is still here while the sign-in page loads: it must not lead there again, from there.
  const leave = session.data === null && pathname !== paths.signIn()
  useEffect(() => {
    if (leave) void navigate({ to: paths.signIn(href === '/' ? {} : { from: href }), replace: true })
  }, [leave, navigate, href])
  if (session.error && session.data === undefined)
    return <ErrorState error={session.error} onRetry={() => void session.refetch()} />
  if (!session.data) return <PageSkeleton />
  return <Frame session={session.data} />
}

function Frame({ session }: { session: Session }) {
  useLiveEvents()
  // Asked for once for all pages: currency, billing zone, whom to ask.
  useInstallation()
  const [narrow, setNarrow] = useState(false)
  return (
    <Layout className="shell">
      <Layout.Header className="shell-header">
        <TextLink to={paths.home()} className="shell-brand">
          <img src="/favicon.svg" alt="" />
          {t('shell.product')}
        </TextLink>
        <RegionSwitcher />
        <div className="shell-spring" />
        <LiveSign />
        <AccountMenu session={session} />
      </Layout.Header>
      <Layout hasSider>
        <Layout.Sider
          theme="light"
          width={208}
          breakpoint="lg"
          collapsed={narrow}
          collapsedWidth={narrow ? 48 : 64}
          onBreakpoint={setNarrow}
          className="shell-sider"
        >
          <Navigation session={session} />
        </Layout.Sider>
        <Layout.Content className="shell-content">
          <Outlet />
        </Layout.Content>
      </Layout>
    </Layout>
  )
}

function Navigation({ session }: { session: Session }) {
  const { pathname } = useLocation()
  const router = useRouter()
  const workspaceId = lastWorkspace(pathname)
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
              link(paths.groups(workspaceId), t('nav.groups')),
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
  return `/${pathname.split('/').slice(1, 3).join('/')}`
}
