// Which of the answers on the page an event concerns. Too many is harmless, too few leaves a page behind; so what is not
// known here concerns everything.
export interface Change {
  subjectKind: string
  /** null: many. */
  subjectIds: string[] | null
}

/** By what changed, the beginnings of the operations whose answers it is part of. */
const partOf: Record<string, readonly string[]> = {
  machine: [
    ...[
      '/v1/notices',
      '/v1/expiries',
      '/v1/machines',
      '/v1/groups',
      '/v1/orders/',
      '/v1/offerings',
      '/v1/accounts/',
      '/v1/fleet',
      'lines',
    ],
    '/v1/drain-plans',
    // Whether there is room for a service is a matter of machines.
    'POST /v1/services',
  ],
  service: ['/v1/services', '/v1/traffic-groups', '/v1/machines/', '/v1/groups'],
  service_instance: ['/v1/services', '/v1/traffic-groups', '/v1/machines/', '/v1/groups'],
  traffic_group: ['/v1/services', '/v1/traffic-groups'],
  drain_plan: ['/v1/drain-plans'],
  group: ['/v1/groups', '/v1/accounts/'],
  order: [
    '/v1/notices',
    '/v1/expiries',
    '/v1/orders',
    '/v1/wallet',
    '/v1/bill',
    '/v1/statements',
    '/v1/groups',
    '/v1/accounts',
    'lines',
  ],
  account: ['/v1/accounts', '/v1/wallet'],
  user: ['/v1/users', '/v1/accounts/', '/v1/workspaces', '/v1/access-keys', 'session'],
  access_key: ['/v1/access-keys', '/v1/users'],
  workspace: ['/v1/workspaces', '/v1/services'],
  offering: ['/v1/offerings'],
  stock: ['/v1/offerings'],
  zone: ['/v1/offerings', '/v1/regions'],
  region: ['/v1/offerings', '/v1/regions'],
  billing_day: ['/v1/bill', '/v1/statements', '/v1/wallet', '/v1/accounts', '/v1/machines/'],
}

/** A path parameter that names one thing of this kind. */
const nameOf: Record<string, string> = { machine: 'machineId', group: 'groupId', order: 'orderId' }

interface Asked {
  params?: Record<string, string>
  query?: Record<string, string>
}

/**
 * Query keys begin with `GET /v1/…`, or with `POST /v1/…` for what is only foreseen, or with a name of their own; then comes
 * what was asked for.
 */
export function concerns(key: readonly unknown[], { subjectKind, subjectIds }: Change): boolean {
  const name = String(key[0])
  const path = name.replace(/^(GET|POST) /, '')
  const { params, query } = (typeof key[1] === 'object' && key[1] !== null ? key[1] : {}) as Asked
  if (path === '/v1/events') {
    if (query?.subjectKind !== undefined && query.subjectKind !== subjectKind) return false
    return query?.subjectId === undefined || subjectIds === null || subjectIds.includes(query.subjectId)
  }
  const parts = partOf[subjectKind]
  if (!parts) return true
  if (!parts.some(part => path.startsWith(part) || name.startsWith(part))) return false
  const one = params?.[nameOf[subjectKind] ?? '']
  return one === undefined || subjectIds === null || subjectIds.includes(one)
}
