// What an account has on a cluster besides its instances: a namespace in which nothing runs with more rights than a program
// needs and nobody is called but by Berth; and for each service a budget, and the login of its images' registry. Pure.
import { accountLabel, installationLabel, namespaceOf, serviceLabel, serviceName } from './pod-labels.ts'
import type { Manifest } from './pod-objects.ts'
import { fromMirror } from './replica-set.ts'
import type { PodSettings } from './settings.ts'

const managed = { 'app.kubernetes.io/managed-by': 'berth' }
/** The address under which clouds tell a machine its secrets. */
const metadataAddress = '169.254.169.254/32'

export function accountObjects(accountId: string, settings: PodSettings): Manifest[] {
  const namespace = namespaceOf(accountId)
  const labels = { ...managed, [installationLabel]: settings.installationId, [accountLabel]: accountId }
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { ...labels, ...podSecurity } },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'berth-default', namespace, labels },
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: callersOf(settings) }],
        egress: [
          { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: [metadataAddress] } }, { ipBlock: { cidr: '::/0' } }] },
        ],
      },
    },
  ]
}

const podSecurity = Object.fromEntries(
  ['enforce', 'audit', 'warn'].flatMap(mode => [
    [`pod-security.kubernetes.io/${mode}`, 'restricted'],
    [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
  ]),
)

/** Gateways that send requests, and controllers that probe before an instance is routed. The kubelet's probes always pass. */
const callersOf = ({ systemNamespace, gatewayNetworks }: PodSettings): object[] => [
  {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': systemNamespace } },
    podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'berth' } },
  },
  ...gatewayNetworks.map(cidr => ({ ipBlock: { cidr } })),
]

export interface ServiceOnCluster {
  accountId: string
  serviceId: string
}

/**
 * As many as there are: nobody but Berth ends one, since only Berth takes it out of the routes first. Whoever drains a node
 * from outside is told to come again (429) until the one in its place is routed and this one is gone. What is not ready
 * serves nobody, and may go.
 */
export const budgetOf = (
  { accountId, serviceId }: ServiceOnCluster,
  live: number,
  settings: PodSettings,
): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: ofService(accountId, serviceId, settings),
  spec: {
    minAvailable: live,
    selector: { matchLabels: { [serviceLabel]: serviceId } },
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  },
})

/** `registryAuth` is base64 of user:password. */
export const pullSecretOf = (
  { accountId, serviceId, registryAuth, image }: ServiceOnCluster & { registryAuth: string; image: string },
  settings: PodSettings,
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: ofService(accountId, serviceId, settings),
  type: 'kubernetes.io/dockerconfigjson',
  data: {
    '.dockerconfigjson': base64(
      JSON.stringify({ auths: { [registryOf(fromMirror(image, settings.imageMirror))]: { auth: registryAuth } } }),
    ),
  },
})

const ofService = (accountId: string, serviceId: string, { installationId }: PodSettings): Manifest['metadata'] => ({
  name: serviceName(serviceId),
  namespace: namespaceOf(accountId),
  labels: { ...managed, [installationLabel]: installationId, [accountLabel]: accountId, [serviceLabel]: serviceId },
})

/** Docker's own names for the public one. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const namesRegistry = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  return !namesRegistry || first === 'docker.io' ? 'https://index.docker.io/v1/' : first
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
