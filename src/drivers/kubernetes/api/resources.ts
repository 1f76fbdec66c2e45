// The kinds of objects that Berth reads or writes in a cluster, and their addresses.

export interface Resource {
  /** Empty: the core group. */
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
}

/** Of one object. Those that are of no namespace have none. */
export interface ObjectRef {
  namespace?: string
  name: string
}

const kindOf = (group: string, plural: string, kind: string, namespaced = true, version = 'v1'): Resource => ({
  ...{ group, version, plural, kind, namespaced },
})

export const nodes = kindOf('', 'nodes', 'Node', false)
export const namespaces = kindOf('', 'namespaces', 'Namespace', false)
export const pods = kindOf('', 'pods', 'Pod')
export const services = kindOf('', 'services', 'Service')
export const events = kindOf('', 'events', 'Event')
export const secrets = kindOf('', 'secrets', 'Secret')
export const configMaps = kindOf('', 'configmaps', 'ConfigMap')
export const replicaSets = kindOf('apps', 'replicasets', 'ReplicaSet')
export const jobs = kindOf('batch', 'jobs', 'Job')
export const leases = kindOf('coordination.k8s.io', 'leases', 'Lease')
export const podDisruptionBudgets = kindOf('policy', 'poddisruptionbudgets', 'PodDisruptionBudget')
export const networkPolicies = kindOf('networking.k8s.io', 'networkpolicies', 'NetworkPolicy')
export const selfSubjectAccessReviews = kindOf(
  ...(['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', false] as const),
)

export const clusterApiGroup = 'cluster.x-k8s.io'
export const clusterApiKinds = (version: string) => ({
  machineDeployments: kindOf(clusterApiGroup, 'machinedeployments', 'MachineDeployment', true, version),
  machines: kindOf(clusterApiGroup, 'machines', 'Machine', true, version),
})

export const apiVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`)

/** Of the collection, or of one object of it, or of a subresource of that. */
export function pathOf(resource: Resource, { namespace, name }: Partial<ObjectRef> = {}, subresource?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`
  const within = resource.namespaced && namespace !== undefined ? ['namespaces', namespace] : []
  const steps = [...within, resource.plural, name, subresource].filter(step => step !== undefined)
  return [`${root}/${resource.version}`, ...steps.map(encodeURIComponent)].join('/')
}
