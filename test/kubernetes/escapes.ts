// Ways in which a tenant could try to leave its group through a service's JSON, and where each is refused.
import { isRefusal, Refusal } from '../../src/lib/errors.ts'
import { whyNotOn } from '../../src/services/config/engine-config.ts'
import { parseServiceConfig } from '../../src/services/config/service-config.ts'

export interface Escape {
  what: string
  /** Put over a service that is in order. */
  change: object
  /** That the refusal names. */
  field: string
}

const inMetadata = (field: object): object => ({ metadata: field })
const inContainer = (field: object): object => ({ containers: [field] })

export const escapes: readonly Escape[] = [
  { what: 'another node by name', change: { nodeName: 'node-9' }, field: 'nodeName' },
  {
    what: 'another node by its labels',
    change: inMetadata({ nodeSelector: { 'berth.dev/group': 'eas-r-2' } }),
    field: 'metadata.nodeSelector',
  },
  {
    what: 'the taints of other groups',
    change: inMetadata({ tolerations: [{ operator: 'Exists' }] }),
    field: 'metadata.tolerations',
  },
  {
    what: 'affinity to others',
    change: inMetadata({ scheduling: { affinity: { podAffinity: {} } } }),
    field: 'metadata.scheduling.affinity',
  },
  { what: 'another namespace', change: inMetadata({ namespace: 'kube-system' }), field: 'metadata.namespace' },
  {
    what: 'a directory of the node',
    change: { storage: [{ mount_path: '/host', host_path: { path: '/' } }] },
    field: 'storage',
  },
  {
    what: 'a secret as a volume',
    change: { storage: [{ mount_path: '/s', secret: { secretName: 'admin' } }] },
    field: 'storage[0].secret',
  },
  {
    what: 'a login of the cluster as a volume',
    change: { storage: [{ mount_path: '/t', projected: { sources: [{ serviceAccountToken: {} }] } }] },
    field: 'storage[0].projected',
  },
  {
    what: 'a privileged container',
    change: inContainer({ securityContext: { privileged: true } }),
    field: 'containers[0].securityContext',
  },
  { what: 'the user root', change: inContainer({ runAsUser: 0 }), field: 'containers[0].runAsUser' },
  {
    what: 'capabilities',
    change: inContainer({ capabilities: { add: ['SYS_ADMIN'] } }),
    field: 'containers[0].capabilities',
  },
  { what: 'the network of the node', change: { hostNetwork: true }, field: 'hostNetwork' },
  { what: 'the processes of the node', change: { hostPID: true }, field: 'hostPID' },
  { what: 'the shared memory of the node', change: { hostIPC: true }, field: 'hostIPC' },
  { what: 'a port of the node', change: inContainer({ ports: [{ hostPort: 22 }] }), field: 'containers[0].ports' },
  { what: 'a login of the cluster', change: { serviceAccountName: 'cluster-admin' }, field: 'serviceAccountName' },
  {
    what: 'settings of the kernel',
    change: { runtime: { sysctls: [{ name: 'kernel.msgmax' }] } },
    field: 'runtime.sysctls',
  },
  { what: 'another runtime', change: { runtime: { runtimeClassName: 'host' } }, field: 'runtime.runtimeClassName' },
  {
    what: 'a container beside its own',
    change: { containers: [{ image: 'a' }, { image: 'b', command: 'id' }] },
    field: 'containers',
  },
  { what: 'a container before its own', change: { initContainers: [{ image: 'b' }] }, field: 'initContainers' },
  { what: 'a container added later', change: { ephemeralContainers: [{ image: 'b' }] }, field: 'ephemeralContainers' },
  {
    what: 'a secret of others as a variable',
    change: inContainer({ env: [{ name: 'A', value: '', valueFrom: { secretKeyRef: { name: 'admin', key: 'a' } } }] }),
    field: 'containers[0].env[0].valueFrom',
  },
  {
    what: 'the cards of others',
    change: inContainer({ env: [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }] }),
    field: 'containers[0].env',
  },
  {
    what: 'labels that others are selected by',
    change: inMetadata({ labels: { 'app.kubernetes.io/part-of': 'berth' } }),
    field: 'metadata.labels',
  },
  {
    what: 'annotations that others act on',
    change: inMetadata({ annotations: { 'berth.dev/stopped': 'x' } }),
    field: 'metadata.annotations',
  },
  {
    what: 'a name with lines in it',
    change: inMetadata({ name: 'digits\n  hostNetwork: true' }),
    field: 'metadata.name',
  },
  { what: 'an image with lines in it', change: inContainer({ image: 'a\nb: c' }), field: 'containers[0].image' },
  {
    what: 'a variable with lines in its name',
    change: inContainer({ env: [{ name: 'A\nB', value: '' }] }),
    field: 'containers[0].env[0].name',
  },
  {
    what: 'a probe of another host',
    change: inContainer({ health_check: { http_get: { path: '/', host: '169.254.169.254' } } }),
    field: 'containers[0].health_check.http_get.host',
  },
  {
    what: 'another path at the gateway',
    change: inMetadata({ rpc: { proxy_path: '/api/predict/others' } }),
    field: 'metadata.rpc.proxy_path',
  },
]

export const innocent = {
  metadata: { name: 'digits', resource: 'eas-r-1' },
  containers: [{ image: 'acme/digits:2' }],
}

export const attempted = ({ change }: Escape): object => {
  const { metadata = {}, containers, ...rest } = change as { metadata?: object; containers?: object[] }
  const [first = {}, ...others] = containers ?? []
  return {
    ...rest,
    metadata: { ...innocent.metadata, ...metadata },
    containers: [{ ...innocent.containers[0], ...first }, ...others],
  }
}

/** The field that is refused where a region's engine is kubernetes; null: it is let through. */
export function refusedField(json: object): string | null {
  try {
    const { spec } = parseServiceConfig(json)
    return whyNotOn('kubernetes', spec, { buckets: [], storage: [] })?.field ?? null
  } catch (error) {
    if (error instanceof Refusal && isRefusal(error, 'InvalidServiceConfig', 'UnsupportedServiceConfig'))
      return String(error.details.field)
    throw error
  }
}
