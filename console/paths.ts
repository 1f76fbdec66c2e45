// Every address of the console, in one place. The first parts are those that src/api/console.ts serves the page for.
type Search = Record<string, string | number | undefined>

function at(parts: readonly string[], search: Search = {}): string {
  const path = `/${parts.map(encodeURIComponent).join('/')}`
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) if (value !== undefined) query.set(name, String(value))
  return query.size > 0 ? `${path}?${query}` : path
}

interface BuySearch {
  groupId?: string
  chargeType?: string
  regionId?: string
  zoneId?: string
  specId?: string
  quantity?: number
  months?: number
}

export const paths = {
  home: () => '/',
  signIn: (search: { from?: string } = {}) => at(['sign-in'], search),
  workspaces: () => at(['workspaces']),
  services: (workspaceId: string) => at(['workspaces', workspaceId, 'services']),
  deploy: (workspaceId: string, search: { groupId?: string } = {}) => at(['workspaces', workspaceId, 'deploy'], search),
  service: (workspaceId: string, service: string, search: { tab?: string; log?: string } = {}) =>
    at(['workspaces', workspaceId, 'services', service], search),
  serviceUpdate: (workspaceId: string, service: string, search: { from?: number } = {}) =>
    at(['workspaces', workspaceId, 'services', service, 'update'], search),
  trafficGroups: (workspaceId: string) => at(['workspaces', workspaceId, 'traffic-groups']),
  trafficGroup: (workspaceId: string, trafficGroup: string) =>
    at(['workspaces', workspaceId, 'traffic-groups', trafficGroup]),
  drainPlans: (workspaceId: string) => at(['workspaces', workspaceId, 'drain-plans']),
  drainPlan: (workspaceId: string, planId: string) => at(['workspaces', workspaceId, 'drain-plans', planId]),
  groups: (workspaceId: string) => at(['workspaces', workspaceId, 'groups']),
  group: (workspaceId: string, groupId: string, search: { tab?: string } = {}) =>
    at(['workspaces', workspaceId, 'groups', groupId], search),
  machine: (workspaceId: string, machineId: string) => at(['workspaces', workspaceId, 'machines', machineId]),
  /** What is named stands chosen there. */
  buy: (workspaceId: string, search: BuySearch = {}) => at(['workspaces', workspaceId, 'buy'], { ...search }),
  /** What became of an order: its progress, then what was made, or its refund. */
  purchase: (workspaceId: string, orderId: string) => at(['workspaces', workspaceId, 'purchases', orderId]),
  workspaceMembers: (workspaceId: string) => at(['workspaces', workspaceId, 'members']),
  orders: () => at(['money', 'orders']),
  order: (orderId: string) => at(['money', 'orders', orderId]),
  wallet: () => at(['money', 'wallet']),
  bill: () => at(['money', 'bill']),
  statements: () => at(['money', 'statements']),
  statement: (month: string) => at(['money', 'statements', month]),
  expiries: (search: { month?: string; day?: string } = {}) => at(['money', 'expiries'], search),
  notices: () => at(['money', 'notices']),
  operatorAccounts: () => at(['operator', 'accounts']),
  operatorAccount: (accountId: string, search: { tab?: string } = {}) =>
    at(['operator', 'accounts', accountId], search),
  operatorOfferings: () => at(['operator', 'offerings']),
  operatorControllers: () => at(['operator', 'controllers']),
  operatorAuditor: () => at(['operator', 'auditor']),
  operatorMachines: () => at(['operator', 'machines']),
  keys: () => at(['account', 'keys']),
  members: () => at(['account', 'members']),
  sessions: () => at(['account', 'sessions']),
  audit: () => at(['account', 'audit']),
} as const
