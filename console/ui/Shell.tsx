// The frame around every page behind sign-in: header with region and account, navigation, the page.
import { MenuOutlined } from '@ant-design/icons'
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Button, Drawer, Grid, Layout } from 'antd'
import { useEffect, useState } from 'react'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { type Session, useSession } from '../session.ts'
import { AccountMenu } from './AccountMenu.tsx'
import { ClockBanner } from './ClockBanner.tsx'
import { ErrorState } from './ErrorState.tsx'
import { FreezeBanner } from './FreezeBanner.tsx'
import { useInstallation } from './installation.ts'
import { LiveSign } from './LiveSign.tsx'
import { Navigation } from './Navigation.tsx'
import { NoticeSign } from './NoticeSign.tsx'
import { PageSkeleton } from './PageSkeleton.tsx'
import { RegionSwitcher } from './RegionSwitcher.tsx'
import { TextLink } from './TextLink.tsx'
import { useLiveEvents } from './use-live-events.ts'

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
  const narrow = Grid.useBreakpoint().lg === false
  return (
    <Layout className="shell">
      <a href="#main" className="skip-link">
        {t('shell.skip')}
      </a>
      <Layout.Header className="shell-header">
        {narrow ? <NavigationDrawer session={session} /> : null}
        <TextLink to={paths.home()} className="shell-brand">
          <img src="/favicon.svg" alt="" />
          {t('shell.product')}
        </TextLink>
        <RegionSwitcher />
        <div className="shell-spring" />
        <LiveSign />
        {session.may.includes('notice.read') ? <NoticeSign /> : null}
        <AccountMenu session={session} />
      </Layout.Header>
      <Layout hasSider>
        {narrow ? null : (
          <Layout.Sider theme="light" width={208} className="shell-sider">
            <Navigation session={session} />
          </Layout.Sider>
        )}
        <Layout.Content id="main" tabIndex={-1} className="shell-content">
          {session.may.includes('platform.operate') ? <ClockBanner /> : null}
          {session.may.includes('fleet.read') ? <FreezeBanner /> : null}
          <Outlet />
        </Layout.Content>
      </Layout>
    </Layout>
  )
}

/** On a narrow screen the navigation waits behind a button, and closes once it has led somewhere. */
function NavigationDrawer({ session }: { session: Session }) {
  const { pathname } = useLocation()
  const [openAt, setOpenAt] = useState<string | null>(null)
  return (
    <>
      <Button
        type="text"
        icon={<MenuOutlined aria-hidden />}
        aria-label={t('nav.open')}
        aria-expanded={openAt === pathname}
        style={{ color: '#fff' }}
        onClick={() => setOpenAt(pathname)}
      />
      <Drawer
        open={openAt === pathname}
        placement="left"
        size={264}
        title={t('shell.product')}
        styles={{ body: { padding: 0 } }}
        onClose={() => setOpenAt(null)}
      >
        <Navigation session={session} />
      </Drawer>
    </>
  )
}
