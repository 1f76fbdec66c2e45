// What the objects of one process say, in the words of every driver. Pure. One rule decides between the kubelet's restarts and
// ours: an end is told from the moment it is seen until what the kubelet or the ReplicaSet began in its place is ready. So
// whoever ends while Berth looks is replaced by Berth, counted and elsewhere if need be; whoever ended and came back while
// nobody looked serves on.
import { constants } from 'node:os'
import type { RuntimeObservation } from '../../services/driver.ts'
import { containerName, fetchContainerName, launchFactsOf, readyPodNote, stopNote } from './pod-labels.ts'
import type { ContainerStatus, Pod, PodCondition, ReplicaSet, Terminated } from './pod-objects.ts'

export type Ended = Extract<RuntimeObservation, { state: 'ended' }>

/** `gone`: what was there and is not any more; whoever asks has made sure that it is so, and not only not heard of yet. */
export type Word = RuntimeObservation | { state: 'gone'; why: Ended }

export interface Facts {
  replicaSet: ReplicaSet
  pods: readonly Pod[]
  /** What `whyNoPlace` says has been so for longer than it takes to look again. */
  isUnschedulable: boolean
}

export function wordOf(facts: Facts): Word {
  const { replicaSet, pods } = facts
  const { port } = launchFactsOf(replicaSet)
  const { annotations = {} } = replicaSet.metadata
  if (annotations[stopNote] !== undefined)
    return pods.length > 0 ? { state: 'stopping', connections: null } : { state: 'gone', why: stopped }
  const ready = pods.find(pod => isReady(pod))
  if (ready?.status?.podIP) return { state: 'running', ready: true, host: ready.status.podIP, port, connections: null }
  const ends = pods.flatMap(pod => endOf(pod, facts) ?? [])
  if (ends[0]) return ends[0]
  const noPlace = facts.isUnschedulable ? whyNoPlace(facts) : null
  if (noPlace !== null) return ended('SpawnFailed', noPlace)
  const first = annotations[readyPodNote]
  const one = pods.find(pod => first === undefined || pod.metadata.uid === first)
  if (first !== undefined && one === undefined) return { state: 'gone', why: deleted }
  const host = one?.status?.podIP
  const runs = serviceOf(one)?.state?.running !== undefined
  return runs && host ? { state: 'running', ready: false, host, port, connections: null } : { state: 'starting' }
}

const ended = (reason: string, message: string, exit: Pick<Ended, 'exitCode' | 'signal'> = noExit): Ended => ({
  ...{ state: 'ended', reason, ...exit, message },
})
const noExit = { exitCode: null, signal: null }

export const stopped = ended('Stopped', 'stopped as asked')
const deleted = ended('Unknown', 'its pod was deleted, and not by Berth')

const conditionOf = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status?.conditions?.find(condition => condition.type === type)

/** By the last word of its node: `Ready` is taken away where the node is not heard of, and that is no word on the pod. */
export const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'ContainersReady')?.status === 'True'

const serviceOf = (pod: Pod | undefined): ContainerStatus | undefined =>
  pod?.status?.containerStatuses?.find(({ name }) => name === containerName)

/** That the scheduler finds no place for its pod, or that the cluster takes no pod of it: it may be so for a moment only. */
export function whyNoPlace({ replicaSet, pods }: Pick<Facts, 'replicaSet' | 'pods'>): string | null {
  const words = pods.flatMap(pod => conditionOf(pod, 'PodScheduled') ?? [])
  const unplaced = words.find(({ status, reason }) => status === 'False' && reason === 'Unschedulable')
  if (unplaced) return `Kubernetes finds no place for it on its machine: ${unplaced.message ?? 'no reason given'}`
  const failure = replicaSet.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  )
  if (pods.length > 0 || !failure) return null
  return `Kubernetes takes no pod of it: ${failure.message ?? failure.reason ?? 'no reason given'}`
}

function endOf(pod: Pod, facts: Facts): Ended | null {
  const { status = {} } = pod
  if (pod.metadata.deletionTimestamp !== undefined) return deletedBy(pod)
  if (status.phase === 'Failed') return failed(pod, facts)
  const fetch = status.initContainerStatuses?.find(({ name }) => name === fetchContainerName)
  const service = serviceOf(pod)
  if (fetch) {
    const end = lastEnd(fetch)
    if (end && end.exitCode !== 0)
      return ended('ModelUnavailable', lastLineOf(end.message) ?? 'its model could not be fetched: see its log')
  }
  for (const container of [fetch, service]) {
    const why = container && cannotStart(container)
    if (why) return why
  }
  const last = service && lastEnd(service)
  if (last) return endOfContainer(last, pod, facts)
  return null
}

/** Of the run before, too, where the next one is not ready. */
const lastEnd = ({ state, lastState }: ContainerStatus): Terminated | undefined =>
  state?.terminated ?? lastState?.terminated

/** Who has taken it away, by the condition that says so. */
function deletedBy(pod: Pod): Ended {
  const { reason = '', message = '' } = conditionOf(pod, 'DisruptionTarget') ?? {}
  const whys: Record<string, [reason: string, text: string]> = {
    EvictionByEvictionAPI: ['Unknown', 'its pod was evicted from outside (`kubectl drain`)'],
    DeletionByTaintManager: ['MachineLost', 'its pod was taken off its node, which is lost or tainted'],
    PreemptionByScheduler: ['Unknown', 'its pod made way for one of higher priority'],
    DeletionByPodGC: ['MachineLost', 'its node is not there any more'],
    TerminationByKubelet: ['Evicted', 'its node took it away'],
  }
  const [word, text] = whys[reason] ?? ['Unknown', deleted.message]
  return ended(word, message === '' ? text : `${text}: ${message}`)
}

function failed(pod: Pod, facts: Facts): Ended {
  const { reason = '', message = '' } = pod.status ?? {}
  if (reason === 'Evicted') return ended('Evicted', message)
  if (reason === 'NodeLost' || reason === 'NodeShutdown' || reason === 'Terminated')
    return ended('Unknown', `its node went away: ${message}`)
  const last = lastEnd(serviceOf(pod) ?? noStatus)
  if (last) return endOfContainer(last, pod, facts)
  return ended('SpawnFailed', `its node refused it${reason === '' ? '' : ` (${reason})`}: ${message}`)
}

const noStatus: ContainerStatus = { name: containerName, ready: false, restartCount: 0 }

const pulls = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const makes = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreStartHookError',
  'PostStartHookError',
  'CreatePodSandboxError',
])

function cannotStart({ state }: ContainerStatus): Ended | null {
  const { reason = '', message = '' } = state?.waiting ?? {}
  if (pulls.has(reason)) return ended('ImageUnavailable', `its image could not be had (${reason}): ${message}`)
  if (makes.has(reason)) return ended('SpawnFailed', `Kubernetes could not start it (${reason}): ${message}`)
  return null
}

const notStarted = new Set(['StartError', 'ContainerCannotRun'])

function endOfContainer(last: Terminated, pod: Pod, facts: Facts): Ended {
  const exit = exitOf(last)
  const { startTimeoutMs, endAfterMs, memoryMiB } = launchFactsOf(facts.replicaSet)
  if (last.reason === 'OOMKilled') return ended('OOMKilled', `used more than its ${memoryMiB} MiB of memory`, exit)
  if (last.reason && notStarted.has(last.reason))
    return ended('SpawnFailed', `Kubernetes could not start it: ${last.message ?? last.reason}`)
  // The kubelet ends what fails its probes, and says so only in an event: its times tell.
  const wasReady = facts.replicaSet.metadata.annotations?.[readyPodNote] !== undefined
  if (!wasReady && between(last.startedAt, last.finishedAt) >= startTimeoutMs)
    return ended('StartTimeout', `not ready in ${startTimeoutMs} ms`, exit)
  const failingMs = between(conditionOf(pod, 'ContainersReady')?.lastTransitionTime, last.finishedAt)
  const wasTold = exit.signal !== null || exit.exitCode === 0
  if (wasReady && endAfterMs !== undefined && wasTold && failingMs >= 1_000)
    return ended('Unhealthy', `its health check failed for ${endAfterMs} ms`, exit)
  const how = exit.signal === null ? `with exit code ${exit.exitCode}` : `on ${exit.signal}`
  return ended('Exited', `ended by itself ${how}`, exit)
}

/** Docker's and the shell's custom: a signal is added to 128. */
function exitOf({ exitCode, signal: number }: Terminated): Pick<Ended, 'exitCode' | 'signal'> {
  const sent = number ?? exitCode - 128
  const [signal] = Object.entries(constants.signals).find(([, value]) => value === sent) ?? []
  return signal === undefined ? { exitCode, signal: null } : { exitCode: null, signal }
}

/** Both by the clock of the node; 0 where one is not told. */
function between(from: string | null | undefined, to: string | null | undefined): number {
  if (!from || !to) return 0
  return Temporal.Instant.from(to).since(Temporal.Instant.from(from)).total('milliseconds')
}

/** A kubelet gives the end of the log. */
const lastLineOf = (message: string | undefined): string | undefined => message?.trimEnd().split('\n').at(-1)
