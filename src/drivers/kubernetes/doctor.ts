// What `berth doctor --kubernetes` looks at: whether the cluster answers, is new enough and lets us do what we must, and whether
// its nodes are what the catalog sells. Nothing is changed.
import { messageOf } from '../../lib/errors.ts'
import type { ApiServer } from './api/api-server.ts'
import type { KubeObject } from './api/objects.ts'
import { namespaces, nodes } from './api/resources.ts'
import { ClusterApi } from './deployments/cluster-api.ts'
import { examineDeployments } from './deployments/doctor.ts'
import type { MachineSettings } from './machine-settings.ts'
import { isClaimed, type KeptNode, keptNode, type Node, specLabel, whyNotFree } from './node.ts'
import { allowedOf, describePermission, permissions, type Reviewed } from './permissions.ts'
import { type Amounts, isWithin } from './quantity.ts'

export interface Finding {
  check: string
  state: 'ok' | 'warning' | 'failed'
  /** What was found, and the way out. */
  message: string
}

export interface Offered extends Amounts {
  zoneId: string
  specId: string
}

export interface DoctorOptions {
  api: ApiServer
  /** Of the cluster that has the MachineDeployments; absent: the same. */
  managementApi?: ApiServer
  /** Where it is said how the cluster is reached. */
  source: string
  settings: Omit<MachineSettings, 'installationId'>
  /** What regions of this engine sell. */
  offers: readonly Offered[]
}

const oldest = { major: 1, minor: 33 }

/** What follows from a check that failed is not looked at: a cluster that does not answer has no nodes to speak of. */
export async function examine({
  api,
  managementApi = api,
  source,
  settings,
  offers,
}: DoctorOptions): Promise<Finding[]> {
  const version = await api.version().catch(messageOf)
  if (typeof version === 'string')
    return [{ check: 'reach', state: 'failed', message: `${version}; it is named by ${source}` }]
  const reached: Finding = { check: 'reach', state: 'ok', message: `${api.server}, by ${source}` }
  const { systemNamespace, wipe, clusterApi, zones } = settings
  const allowed = await allowedOf(api, permissions({ wipes: wipe !== null }), systemNamespace)
  const findings = [reached, versionFinding(version), ...permissionFindings(allowed, systemNamespace)]
  if (!allowed.some(({ permission, isAllowed }) => isAllowed && describePermission(permission) === 'list nodes'))
    return findings
  const { items } = await api.list<Node>(nodes)
  const kept = items.map(keptNode(settings.zoneLabel))
  const made = { clusterApi: new ClusterApi(managementApi), nodes: kept, zones }
  return [
    ...findings,
    ...nodeFindings(kept, offers, settings),
    ...(clusterApi === null ? [] : await examineDeployments({ ...made, settings: clusterApi })),
    ...(await securityFindings(api, settings)),
  ]
}

export function versionFinding({
  major,
  minor,
  gitVersion,
}: {
  major: string
  minor: string
  gitVersion: string
}): Finding {
  const [found, wanted] = [Number.parseInt(minor, 10), oldest.minor]
  const isNew = Number(major) > oldest.major || (Number(major) === oldest.major && found >= wanted)
  const message = `the cluster is ${gitVersion}`
  if (isNew) return { check: 'version', state: 'ok', message }
  return { check: 'version', state: 'failed', message: `${message}: Berth needs ${oldest.major}.${wanted} or later` }
}

export function permissionFindings(reviewed: readonly Reviewed[], systemNamespace: string): Finding[] {
  const missing = reviewed.filter(({ isAllowed }) => !isAllowed)
  if (missing.length === 0)
    return [{ check: 'permissions', state: 'ok', message: `all ${reviewed.length} that Berth needs are given` }]
  return missing.map(({ permission }) => ({
    ...{ check: 'permissions', state: 'failed' as const },
    message: `${describePermission(permission)}${permission.own ? ` in ${systemNamespace}` : ''} is not allowed (${permission.for}): packaging/kubernetes/base/rbac.yaml grants it`,
  }))
}

export function nodeFindings(
  kept: readonly KeptNode[],
  offers: readonly Offered[],
  { zones, tolerated }: Pick<MachineSettings, 'zones' | 'tolerated'>,
): Finding[] {
  const specs = new Set(offers.map(({ specId }) => specId))
  const labelled = kept.filter(({ specId }) => specId !== null)
  const unknown = labelled.filter(({ specId }) => !specs.has(specId ?? ''))
  const quarantined = kept.filter(({ quarantine }) => quarantine !== null)
  return [
    ...offers.map(offer => offerFinding(labelled, offer, { zones, tolerated })),
    ...listed('labels', unknown, `are labelled with a ${specLabel} that no region of this engine sells`),
    ...listed(
      'leaving',
      kept.filter(({ isLeaving, isGoing }) => isLeaving && !isGoing),
      'are to go with their Machine and are still there: kubectl get machines says why; what is to stay, kubectl annotate node <name> berth.dev/leaving- and its Machine cluster.x-k8s.io/delete-machine-',
    ),
    ...listed(
      'quarantine',
      quarantined,
      'are in quarantine and given to nobody: docs/kubernetes.md says how they come back',
    ),
  ]
}

function offerFinding(
  labelled: readonly KeptNode[],
  { zoneId, specId, ...size }: Offered,
  { zones, tolerated }: Pick<MachineSettings, 'zones' | 'tolerated'>,
): Finding {
  const check = `nodes of ${specId} in ${zoneId}`
  const zone = zones[zoneId] ?? zoneId
  const ofOffer = labelled.filter(node => node.specId === specId && node.zone === zone)
  if (ofOffer.length === 0) {
    const message = `there are none: kubectl label node <name> ${specLabel}=${specId}, in a zone called ${zone}`
    return { check, state: 'warning', message }
  }
  const small = ofOffer.filter(node => !isWithin(size, node.allocatable))
  if (small.length > 0) {
    const [{ name, allocatable }] = small as [KeptNode]
    const has = `${allocatable.cpuMilli / 1_000} vCPU, ${allocatable.memoryMib} MiB and ${allocatable.gpuCount} GPUs`
    const message = `${small.length} of ${ofOffer.length} hold less than the spec: ${name} can allocate ${has}. Sell them as a smaller spec: a node keeps some of its memory for itself`
    return { check, state: 'failed', message }
  }
  const claimed = ofOffer.filter(isClaimed).length
  const free = ofOffer.filter(node => whyNotFree(node, tolerated) === null).length
  return { check, state: 'ok', message: `${ofOffer.length}, of which ${claimed} are claimed and ${free} are free` }
}

function listed(check: string, found: readonly KeptNode[], what: string): Finding[] {
  if (found.length === 0) return []
  const names = found.slice(0, 5).map(({ name }) => name)
  return [
    {
      check,
      state: 'warning',
      message: `${found.length} nodes ${what}: ${names.join(', ')}${found.length > 5 ? ' …' : ''}`,
    },
  ]
}

const enforceLabel = 'pod-security.kubernetes.io/enforce'

/** Wipes mount directories of their node, which only `privileged` lets them. */
async function securityFindings(
  api: ApiServer,
  { wipe, systemNamespace: name }: DoctorOptions['settings'],
): Promise<Finding[]> {
  if (wipe === null) return []
  const found = await api.get<KubeObject>(namespaces, { name })
  return [securityFinding(name, found?.metadata.labels?.[enforceLabel])]
}

export function securityFinding(namespace: string, enforced: string | undefined): Finding {
  const check = 'pod security'
  if (enforced === undefined || enforced === 'privileged')
    return { check, state: 'ok', message: `${namespace} lets wipes mount directories of their node` }
  const message = `${namespace} enforces ${enforced}: the pods of wipes are refused there. kubectl label --overwrite namespace ${namespace} ${enforceLabel}=privileged`
  return { check, state: 'failed', message }
}
