// What `berth doctor --kubernetes` looks at of the MachineDeployments that berth.yaml names: whether they can be read and
// raised, by whom else they are, and whether their nodes are what they are sold as. Nothing is changed.
import { messageOf } from '../../../lib/errors.ts'
import type { Finding } from '../doctor.ts'
import type { ClusterApiSettings } from '../machine-settings.ts'
import { type KeptNode, specLabel } from '../node.ts'
import { allowedOf, clusterApiPermissions, describePermission } from '../permissions.ts'
import { type ClusterApi, isNodeOf } from './cluster-api.ts'
import { type DeploymentOffer, type MachineDeployment, maxNote, roomOf, type Scale, scaleOf } from './scale.ts'

const topologyLabel = 'topology.cluster.x-k8s.io/owned'

export interface ExamineOptions {
  clusterApi: ClusterApi
  settings: ClusterApiSettings
  zones: Readonly<Record<string, string>>
  nodes: readonly KeptNode[]
}

export async function examineDeployments({ settings, ...shared }: ExamineOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const offer of settings.machineDeployments) findings.push(...(await examineOne(offer, shared)))
  return findings
}

async function examineOne(offer: DeploymentOffer, shared: Omit<ExamineOptions, 'settings'>): Promise<Finding[]> {
  const { clusterApi, nodes, zones } = shared
  const check = `MachineDeployment ${offer.namespace}/${offer.name}`
  const failed = (message: string): Finding => ({ check, state: 'failed', message })
  try {
    const reviewed = await allowedOf(clusterApi.api, clusterApiPermissions(await clusterApi.kinds()), offer.namespace)
    const missing = reviewed.filter(({ isAllowed }) => !isAllowed)
    if (missing.length > 0)
      return missing.map(({ permission }) =>
        failed(
          `${describePermission(permission)} in ${offer.namespace} is not allowed (${permission.for}): packaging/kubernetes/components/cluster-api grants it`,
        ),
      )
    const deployment = await clusterApi.deployment(offer)
    const machines = await clusterApi.machinesOf(offer)
    const own = nodes.filter(node => machines.some(machine => isNodeOf(machine, node)))
    const scale = scaleOf(deployment, '', offer)
    return [
      scaleFinding(check, scale),
      ...othersFindings(check, deployment),
      ...labelFindings(check, own, { specId: offer.specId, zone: zones[offer.zoneId] ?? offer.zoneId }),
    ]
  } catch (error) {
    return [failed(messageOf(error))]
  }
}

export function scaleFinding(check: string, scale: Scale): Finding {
  const { replicas, max, min } = scale
  if (max === null) {
    const message = `it is never raised: say kubernetes.clusterApi.machineDeployments.maxReplicas, or annotate it with ${maxNote}`
    return { check, state: 'failed', message }
  }
  const message = `${replicas} replicas, from ${min} to ${max}: ${roomOf(scale)} more can be made`
  return { check, state: replicas > max ? 'warning' : 'ok', message }
}

/** Who else sets its replicas. */
export function othersFindings(check: string, { metadata }: MachineDeployment): Finding[] {
  const messages = [
    ...(metadata.labels?.[topologyLabel] === undefined
      ? []
      : ['it is of a Cluster with a topology: leave replicas out of it there, or they are set back']),
    ...(metadata.annotations?.[maxNote] === undefined
      ? []
      : ['it is annotated for the cluster autoscaler: where that runs, it removes machines on which nothing runs yet']),
  ]
  return messages.map(message => ({ check, state: 'warning', message }))
}

export function labelFindings(
  check: string,
  nodes: readonly KeptNode[],
  { specId, zone }: { specId: string; zone: string },
): Finding[] {
  const wrong = nodes.filter(node => node.specId !== specId || node.zone !== zone)
  const [first] = wrong
  if (first === undefined) return []
  const has = `${specLabel}=${first.specId ?? ''} in zone ${first.zone ?? ''}`
  const message = `${wrong.length} of its ${nodes.length} nodes are not labelled as they are sold: ${first.name} has ${has}, not ${specId} in ${zone}. Give its bootstrap template node-labels: docs/kubernetes.md`
  return [{ check, state: 'failed', message }]
}
