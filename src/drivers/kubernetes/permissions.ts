// What Berth must be allowed to do in a cluster: the list that `berth doctor --kubernetes` asks for and that
// packaging/kubernetes/base/rbac.yaml grants.
import {
  configMaps,
  jobs,
  namespaces,
  networkPolicies,
  nodes,
  podDisruptionBudgets,
  pods,
  type Resource,
  replicaSets,
  secrets,
} from './api/resources.ts'

export interface Permission {
  verb: string
  resource: Resource
  subresource?: string
  /** Only in Berth's own namespace. */
  own?: boolean
  for: string
}

const each = (verbs: string, resource: Resource, what: string, more: Partial<Permission> = {}): Permission[] =>
  verbs.split(' ').map(verb => ({ verb, resource, for: what, ...more }))

const machines = 'machines are nodes'
const services = 'a service instance is a ReplicaSet of one pod'

/** With a wipe between tenants, its jobs too. */
export const permissions = ({ wipes }: { wipes: boolean }): Permission[] => [
  ...each('get list watch patch', nodes, machines),
  ...each('get create patch', configMaps, 'notes of releases', { own: true }),
  ...(wipes ? each('get create delete', jobs, 'wipes between tenants', { own: true }) : []),
  ...each('get list watch create patch', namespaces, 'each account has its namespace'),
  ...each('get create patch', networkPolicies, 'nobody but gateways calls a pod'),
  ...each('get list watch create patch delete', replicaSets, services),
  ...each('get list watch delete', pods, services),
  ...each('get', pods, 'logs of services', { subresource: 'log' }),
  ...each('get list watch create patch delete', podDisruptionBudgets, 'drains from outside keep the last replica'),
  ...each('create patch delete', secrets, 'logins of registries'),
]

export const describePermission = ({ verb, resource, subresource }: Permission): string =>
  `${verb} ${[resource.plural, subresource].filter(Boolean).join('/')}`
