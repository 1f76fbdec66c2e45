// What Berth must be allowed to do in a cluster: the list that `berth doctor --kubernetes` asks for and that
// packaging/kubernetes/base/rbac.yaml grants.

import { sideBySide } from '../../lib/side-by-side.ts'
import type { ApiServer } from './api/api-server.ts'
import type { AnyObject } from './api/objects.ts'
import {
  type clusterApiKinds,
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
  selfSubjectAccessReviews,
} from './api/resources.ts'

export interface Permission {
  verb: string
  resource: Resource
  subresource?: string
  /** Only in one namespace: Berth's own, or that of the MachineDeployment. */
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

/** In the namespace of a MachineDeployment, of the cluster that has it. */
export function clusterApiPermissions({
  machineDeployments,
  machines,
}: ReturnType<typeof clusterApiKinds>): Permission[] {
  return [
    ...each('get patch', machineDeployments, 'an order raises it', { own: true }),
    ...each('get list patch', machines, 'the Machine of a node that is given back goes', { own: true }),
  ]
}

export interface Reviewed {
  permission: Permission
  isAllowed: boolean
}

/** Those of our own only in that namespace. */
export async function allowedOf(api: ApiServer, wanted: readonly Permission[], namespace: string): Promise<Reviewed[]> {
  return sideBySide(wanted, 8, async permission => {
    const { verb, resource, subresource, own } = permission
    const resourceAttributes = {
      ...{ verb, group: resource.group, resource: resource.plural },
      ...(subresource === undefined ? {} : { subresource }),
      ...(own ? { namespace } : {}),
    }
    const asked = { metadata: { name: '' }, spec: { resourceAttributes } }
    const review = await api.create<AnyObject>(selfSubjectAccessReviews, asked)
    return { permission, isAllowed: (review.status as { allowed?: boolean } | undefined)?.allowed === true }
  })
}

export const describePermission = ({ verb, resource, subresource }: Permission): string =>
  `${verb} ${[resource.plural, subresource].filter(Boolean).join('/')}`
