// The part of berth.yaml that says how a cluster is reached, which of its nodes are machines, and how services run there.
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { CatalogConfig } from '../catalog/catalog-config.ts'
import type { MachineSettings } from '../drivers/kubernetes/machine-settings.ts'
import type { PodSettings } from '../drivers/kubernetes/settings.ts'
import { network, read, yesOrNo } from './read.ts'

export interface KubernetesConfig {
  /** null: the service account of our own pod, else `KUBECONFIG`, else `~/.kube/config`. */
  kubeconfig: string | null
  context: string | null
  /** Where its MachineDeployments are; null: in the same. */
  management: { kubeconfig: string | null; context: string | null } | null
  machines: Omit<MachineSettings, 'installationId'>
  /** Where models may come from is said for all engines at once: `models`. */
  pods: Omit<PodSettings, 'installationId' | 'modelNetworks'>
}

const labelKey = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    'expected the key of a label, such as topology.kubernetes.io/zone',
  )
const labelValue = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, 'expected the value of a label, such as eu-1a')
const namespaceName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected the name of a namespace: lower-case letters, digits, dashes')
const zoneId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'expected the id of a zone of the catalog')
export const image = z
  .string()
  .regex(/^[a-z0-9][\w.:/@-]{0,250}$/, 'expected the name of an image, such as registry.example.org/wipe:1.4')
const mirror = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[a-z0-9._-]+)*$/, 'expected a registry, such as mirror.example.org/library')
const wholeFrom = (min: number, max: number) =>
  read(
    text => (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null),
    `a whole number from ${min} to ${max}`,
  )
const size = read(text => {
  const [, amount, unit] = /^(\d{1,6}) ?(MiB|GiB)$/.exec(text) ?? []
  return amount === undefined || amount === '0' ? null : Number(amount) * (unit === 'GiB' ? 1_024 : 1)
}, 'a size such as 512MiB or 10GiB')
const directory = read(
  text => (isAbsolute(text) && text !== '/' && !text.includes('..') ? text : null),
  'an absolute path of a node, not / itself',
)

const wipe = z
  .strictObject({
    image,
    command: z.array(z.string().min(1)).min(1, 'name the program that wipes'),
    paths: z.array(directory).max(20).default([]),
    privileged: yesOrNo.default(false),
    timeoutSeconds: wholeFrom(10, 86_400).default(1_800),
  })
  .refine(({ paths, privileged }) => paths.length > 0 || privileged, {
    path: ['paths'],
    message: 'it could reach nothing of its node: name the directories that it wipes, or let it be privileged',
  })

const objectName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    'expected the name of a MachineDeployment: kubectl get machinedeployments',
  )
const replicas = wholeFrom(0, 100_000)

const machineDeployment = z
  .strictObject({
    namespace: namespaceName.default('default'),
    name: objectName,
    spec: z.string().min(1),
    zone: zoneId,
    minReplicas: replicas.optional(),
    maxReplicas: replicas.optional(),
  })
  .refine(({ minReplicas = 0, maxReplicas = minReplicas }) => minReplicas <= maxReplicas, {
    path: ['minReplicas'],
    message: 'it is more than maxReplicas',
  })

/** One write of one object has the record of who waits for its nodes: two that make the same would each have half of it. */
const clusterApi = z
  .strictObject({
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    // An order ends unfulfilled after half an hour.
    provisionSeconds: wholeFrom(60, 1_700).default(1_200),
    released: z.enum(['remove', 'keep']).default('remove'),
    machineDeployments: z.array(machineDeployment).min(1, 'name one, or leave clusterApi out').max(1_000),
  })
  .superRefine(({ machineDeployments }, context) => {
    const offers = new Map<string, string>()
    const names = new Set<string>()
    machineDeployments.forEach(({ namespace, name, spec, zone }, index) => {
      const path = ['machineDeployments', index]
      const called = `${namespace}/${name}`
      const other = offers.get(`${zone} ${spec}`)
      if (names.has(called))
        context.addIssue({ code: 'custom', path: [...path, 'name'], message: `${called} is named twice` })
      else if (other !== undefined)
        context.addIssue({
          code: 'custom',
          path: [...path, 'spec'],
          message: `${other} makes nodes of ${spec} in ${zone} already`,
        })
      names.add(called)
      offers.set(`${zone} ${spec}`, called)
    })
  })

export const kubernetes = z.strictObject({
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  systemNamespace: namespaceName.default('berth-system'),
  zoneLabel: labelKey.default('topology.kubernetes.io/zone'),
  zones: z.record(zoneId, labelValue).default({}),
  tolerates: z.array(labelKey).max(20).default([]),
  wipe: wipe.optional(),
  clusterApi: clusterApi.optional(),
  gatewayNetworks: z.array(network).default([]),
  runAsUser: wholeFrom(1, 65_534).default(10_001),
  readOnlyRoot: yesOrNo.default(true),
  ephemeralStorage: size.default(10_240),
  modelServerImage: image.optional(),
  imageMirror: mirror.optional(),
})

export function kubernetesOf(
  file: z.output<typeof kubernetes>,
  besides: (path: string) => string,
  modelNetworks: readonly string[] = [],
): KubernetesConfig {
  const { systemNamespace, tolerates: tolerated } = file
  return {
    kubeconfig: file.kubeconfig === undefined ? null : besides(file.kubeconfig),
    context: file.context ?? null,
    management: managementOf(file.clusterApi, besides),
    machines: {
      ...{ systemNamespace, zoneLabel: file.zoneLabel, zones: file.zones, tolerated, wipe: file.wipe ?? null },
      clusterApi: clusterApiOf(file.clusterApi),
    },
    pods: {
      ...{ systemNamespace, tolerated, gatewayNetworks: file.gatewayNetworks, runAsUser: file.runAsUser },
      ...{ readOnlyRoot: file.readOnlyRoot, ephemeralStorageMib: file.ephemeralStorage },
      ...{ modelServerImage: file.modelServerImage ?? null, modelNetworks, imageMirror: file.imageMirror ?? null },
    },
  }
}

type ClusterApiFile = z.output<typeof clusterApi> | undefined

function managementOf(file: ClusterApiFile, besides: (path: string) => string): KubernetesConfig['management'] {
  if (file?.kubeconfig === undefined && file?.context === undefined) return null
  return { kubeconfig: file.kubeconfig === undefined ? null : besides(file.kubeconfig), context: file.context ?? null }
}

function clusterApiOf(file: ClusterApiFile): MachineSettings['clusterApi'] {
  if (file === undefined) return null
  const { provisionSeconds, released } = file
  const machineDeployments = file.machineDeployments.map(
    ({ namespace, name, spec, zone, minReplicas, maxReplicas }) => ({
      ...{ namespace, name, specId: spec, zoneId: zone },
      ...{ minReplicas: minReplicas ?? null, maxReplicas: maxReplicas ?? null },
    }),
  )
  return { provisionSeconds, released, machineDeployments }
}

/** What a MachineDeployment makes nodes of must be for sale: where it is not, and why. */
export function unsoldIn({
  kubernetes: file,
  catalog,
}: {
  kubernetes: z.output<typeof kubernetes>
  catalog?: CatalogConfig | undefined
}): { path: PropertyKey[]; message: string }[] {
  const zones = (catalog?.regions ?? []).filter(({ engine }) => engine === 'kubernetes').flatMap(region => region.zones)
  return (file.clusterApi?.machineDeployments ?? []).flatMap(({ spec, zone }, index) => {
    const path = ['kubernetes', 'clusterApi', 'machineDeployments', index]
    const sold = zones.find(({ zoneId: id }) => id === zone)
    if (sold === undefined) {
      const message = `no region with engine: kubernetes has a zone ${zone} under catalog.regions`
      return [{ path: [...path, 'zone'], message }]
    }
    if (sold.offers.some(({ specId }) => specId === spec)) return []
    return [{ path: [...path, 'spec'], message: `zone ${zone} has no offer of ${spec} under catalog.regions` }]
  })
}
