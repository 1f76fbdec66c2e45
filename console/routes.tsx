// The site map: every page, loaded when it is first seen. A page is a component of pages/<noun>/; it reads what is in its
// address with `usePathParams` and `useSearchState`.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type RouteComponent,
  redirect,
} from '@tanstack/react-router'
import { HomePage } from './pages/account/HomePage.tsx'
import { paths } from './paths.ts'
import { ErrorState } from './ui/ErrorState.tsx'
import { NotFound } from './ui/NotFound.tsx'
import { PageSkeleton } from './ui/PageSkeleton.tsx'
import { Shell } from './ui/Shell.tsx'

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('./pages/account/SignInPage.tsx'), 'SignInPage'),
})

/** Everything behind sign-in. */
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })

const page = <Path extends string>(path: Path, component: RouteComponent) =>
  createRoute({ getParentRoute: () => shell, path, component })

const moved = <Path extends string>(path: Path, to: string) =>
  createRoute({
    getParentRoute: () => shell,
    path,
    beforeLoad: () => {
      throw redirect({ to, replace: true })
    },
  })

const workspacePages = [
  page(
    '/workspaces',
    lazyRouteComponent(() => import('./pages/workspace/WorkspaceListPage.tsx'), 'WorkspaceListPage'),
  ),
  page(
    '/workspaces/$workspaceId/members',
    lazyRouteComponent(() => import('./pages/workspace/WorkspaceMembersPage.tsx'), 'WorkspaceMembersPage'),
  ),
  page(
    '/workspaces/$workspaceId/services',
    lazyRouteComponent(() => import('./pages/service/ServiceListPage.tsx'), 'ServiceListPage'),
  ),
  page(
    '/workspaces/$workspaceId/deploy',
    lazyRouteComponent(() => import('./pages/service/DeployPage.tsx'), 'DeployPage'),
  ),
  page(
    '/workspaces/$workspaceId/services/$service',
    lazyRouteComponent(() => import('./pages/service/ServicePage.tsx'), 'ServicePage'),
  ),
  page(
    '/workspaces/$workspaceId/services/$service/update',
    lazyRouteComponent(() => import('./pages/service/UpdatePage.tsx'), 'UpdatePage'),
  ),
  page(
    '/workspaces/$workspaceId/traffic-groups',
    lazyRouteComponent(() => import('./pages/traffic/TrafficGroupListPage.tsx'), 'TrafficGroupListPage'),
  ),
  page(
    '/workspaces/$workspaceId/traffic-groups/$trafficGroup',
    lazyRouteComponent(() => import('./pages/traffic/TrafficGroupPage.tsx'), 'TrafficGroupPage'),
  ),
  page(
    '/workspaces/$workspaceId/groups',
    lazyRouteComponent(() => import('./pages/group/GroupListPage.tsx'), 'GroupListPage'),
  ),
  page(
    '/workspaces/$workspaceId/groups/$groupId',
    lazyRouteComponent(() => import('./pages/group/GroupPage.tsx'), 'GroupPage'),
  ),
  page(
    '/workspaces/$workspaceId/drain-plans',
    lazyRouteComponent(() => import('./pages/drain-plan/DrainPlanListPage.tsx'), 'DrainPlanListPage'),
  ),
  page(
    '/workspaces/$workspaceId/drain-plans/$planId',
    lazyRouteComponent(() => import('./pages/drain-plan/DrainPlanPage.tsx'), 'DrainPlanPage'),
  ),
  page(
    '/workspaces/$workspaceId/machines/$machineId',
    lazyRouteComponent(() => import('./pages/machine/MachinePage.tsx'), 'MachinePage'),
  ),
  page(
    '/workspaces/$workspaceId/buy',
    lazyRouteComponent(() => import('./pages/buy/BuyPage.tsx'), 'BuyPage'),
  ),
  page(
    '/workspaces/$workspaceId/purchases/$orderId',
    lazyRouteComponent(() => import('./pages/buy/PurchasePage.tsx'), 'PurchasePage'),
  ),
]

const moneyPages = [
  page(
    '/money/orders',
    lazyRouteComponent(() => import('./pages/money/OrderListPage.tsx'), 'OrderListPage'),
  ),
  page(
    '/money/orders/$orderId',
    lazyRouteComponent(() => import('./pages/money/OrderPage.tsx'), 'OrderPage'),
  ),
  page(
    '/money/wallet',
    lazyRouteComponent(() => import('./pages/money/WalletPage.tsx'), 'WalletPage'),
  ),
  page(
    '/money/bill',
    lazyRouteComponent(() => import('./pages/money/BillPage.tsx'), 'BillPage'),
  ),
  page(
    '/money/expiries',
    lazyRouteComponent(() => import('./pages/expiries/ExpiryPage.tsx'), 'ExpiryPage'),
  ),
  page(
    '/money/notices',
    lazyRouteComponent(() => import('./pages/notices/NoticeListPage.tsx'), 'NoticeListPage'),
  ),
  page(
    '/money/statements',
    lazyRouteComponent(() => import('./pages/statements/StatementListPage.tsx'), 'StatementListPage'),
  ),
  page(
    '/money/statements/$month',
    lazyRouteComponent(() => import('./pages/statements/StatementPage.tsx'), 'StatementPage'),
  ),
]

const operatorPages = [
  page(
    '/operator/accounts',
    lazyRouteComponent(() => import('./pages/operator/AccountListPage.tsx'), 'AccountListPage'),
  ),
  page(
    '/operator/accounts/$accountId',
    lazyRouteComponent(() => import('./pages/operator/AccountPage.tsx'), 'AccountPage'),
  ),
  page(
    '/operator/offerings',
    lazyRouteComponent(() => import('./pages/operator/OfferingListPage.tsx'), 'OfferingListPage'),
  ),
  page(
    '/operator/machines',
    lazyRouteComponent(() => import('./pages/operator/FleetPage.tsx'), 'FleetPage'),
  ),
  page(
    '/operator/controllers',
    lazyRouteComponent(() => import('./pages/operator/ControllersPage.tsx'), 'ControllersPage'),
  ),
  page(
    '/operator/auditor',
    lazyRouteComponent(() => import('./pages/operator/AuditorPage.tsx'), 'AuditorPage'),
  ),
]

const accountPages = [
  page(
    '/account/keys',
    lazyRouteComponent(() => import('./pages/account/KeyListPage.tsx'), 'KeyListPage'),
  ),
  page(
    '/account/members',
    lazyRouteComponent(() => import('./pages/account/UserListPage.tsx'), 'UserListPage'),
  ),
  page(
    '/account/sessions',
    lazyRouteComponent(() => import('./pages/account/SessionListPage.tsx'), 'SessionListPage'),
  ),
  page(
    '/account/audit',
    lazyRouteComponent(() => import('./pages/account/AuditPage.tsx'), 'AuditPage'),
  ),
]

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    page('/', HomePage),
    moved('/money', paths.orders()),
    moved('/operator', paths.operatorAccounts()),
    moved('/account', paths.keys()),
    ...workspacePages,
    ...moneyPages,
    ...operatorPages,
    ...accountPages,
    // Whoever is signed in gets lost within the frame.
    page('/$', NotFound),
  ]),
])

export const router = createRouter({
  routeTree,
  defaultPendingComponent: PageSkeleton,
  defaultPendingMs: 300,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
  // Addresses hold plain text: ?chargeType=prepaid, never JSON.
  parseSearch: text => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: search => {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(search)) if (value !== undefined) query.set(name, String(value))
    return query.size > 0 ? `?${query}` : ''
  },
})
