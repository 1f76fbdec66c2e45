// How Kubernetes' objects carry our ids: by their names, so that no cluster holds two of one process, and by labels, so that
// they are found again by whoever starts after us, and never by another Berth on the same cluster.
import { processIdOf } from '../../lib/process-id.ts'
import type { Launch, RuntimeRef } from '../../services/driver.ts'
import type { PodMeta, ReplicaSet } from './pod-objects.ts'

const prefix = 'berth.dev'

/** On a node and on what runs there. */
export const machineLabel = `${prefix}/machine`
/** On a node, and the key of the taint that keeps everybody else off it. */
export const groupLabel = `${prefix}/group`
export const installationLabel = `${prefix}/installation`
export const accountLabel = `${prefix}/account`
export const serviceLabel = `${prefix}/service`
export const instanceLabel = `${prefix}/service-instance`
export const processLabel = `${prefix}/process`
export const restartLabel = `${prefix}/restart`

/** On a ReplicaSet: the pod that was ready first. One that comes in its place is another. */
export const readyPodNote = `${prefix}/ready-pod`
/** On a ReplicaSet: that it was told to end. */
export const stopNote = `${prefix}/stopped`
const launchNote = `${prefix}/launch`

/** The one container of a pod that is the service; and the one that fetches its model before. */
export const containerName = 'service'
export const fetchContainerName = 'fetch-model'

/** As a label's value and a part of names: lower-case, as all our ids are. */
function nameOf(kind: string, id: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/.test(id)) throw new Error(`${JSON.stringify(id)} is no id of ${kind}`)
  return id
}

export const namespaceOf = (accountId: string): string => `berth-${nameOf('an account', accountId)}`

/** Of its ReplicaSet. */
export const processName = ({
  serviceInstanceId,
  restartCount,
}: Pick<RuntimeRef, 'serviceInstanceId' | 'restartCount'>): string =>
  restartCount === 0
    ? nameOf('a service instance', serviceInstanceId)
    : `${nameOf('a service instance', serviceInstanceId)}-r${restartCount}`

/** Of what all instances of a service share: its budget, and its login of a registry. */
export const serviceName = (serviceId: string): string => nameOf('a service', serviceId)

export function labelsOf(launch: Launch, installationId: string): Record<string, string> {
  return {
    'app.kubernetes.io/managed-by': 'berth',
    [installationLabel]: installationId,
    [accountLabel]: launch.accountId,
    [serviceLabel]: launch.serviceId,
    [instanceLabel]: launch.serviceInstanceId,
    [restartLabel]: String(launch.restartCount),
    [processLabel]: processIdOf(launch),
    [machineLabel]: launch.machineId,
  }
}

export const processIdIn = ({ labels }: PodMeta): string => labels?.[processLabel] ?? ''
export const instanceIdIn = ({ labels }: PodMeta): string => labels?.[instanceLabel] ?? ''
export const serviceIdIn = ({ labels }: PodMeta): string => labels?.[serviceLabel] ?? ''

/** What the driver must know of a process that another Berth process has launched. */
export interface LaunchFacts {
  port: number
  startTimeoutMs: number
  endAfterMs?: number
  memoryMiB: number
}

export function notesOf({ health, memoryMiB }: Launch, port: number): Record<string, string> {
  const { startTimeoutMs, endAfterMs } = health
  const facts: LaunchFacts = { port, startTimeoutMs, memoryMiB, ...(endAfterMs === undefined ? {} : { endAfterMs }) }
  return { [launchNote]: JSON.stringify(facts) }
}

export const launchFactsOf = ({ metadata }: ReplicaSet): LaunchFacts =>
  JSON.parse(metadata.annotations?.[launchNote] ?? '') as LaunchFacts

export const accountIdIn = ({ labels }: PodMeta): string => labels?.[accountLabel] ?? ''
