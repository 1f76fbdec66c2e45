import { describe, expect, it } from 'vitest'
import { wordOf } from './outcome.ts'
import type { ContainerStatus, Pod, PodCondition, ReplicaSet } from './pod-objects.ts'

const launch = JSON.stringify({ port: 8_000, startTimeoutMs: 20_000, endAfterMs: 5_000, memoryMiB: 512 })
const aSet = (notes: Record<string, string> = {}): ReplicaSet => ({
  metadata: { name: 'one', uid: 'set', annotations: { 'berth.dev/launch': launch, ...notes } },
})
const wasReady = aSet({ 'berth.dev/ready-pod': 'p1' })

const service = (state: ContainerStatus['state'] = {}, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  ...{ name: 'service', ready: false, restartCount: 0, state },
  ...more,
})
const runs = { running: { startedAt: '2026-03-01T00:00:00Z' } }
const exits = (exitCode: number, more: object = {}) => ({
  terminated: { exitCode, startedAt: '2026-03-01T00:00:00Z', finishedAt: '2026-03-01T00:00:05Z', ...more },
})

const aPod = (
  container: ContainerStatus | null,
  { conditions = [], meta = {}, status = {} }: { conditions?: PodCondition[]; meta?: object; status?: object } = {},
): Pod => ({
  metadata: { name: 'one-x', uid: 'p1', ...meta },
  status: {
    ...{ phase: 'Running', podIP: '10.0.0.7', conditions },
    ...(container ? { containerStatuses: [container] } : {}),
    ...status,
  },
})
const ready = (status: string, lastTransitionTime = '2026-03-01T00:00:02Z'): PodCondition => ({
  ...{ type: 'ContainersReady', status, lastTransitionTime },
})
const says = (replicaSet: ReplicaSet, pods: Pod[], isUnschedulable = false) =>
  wordOf({ replicaSet, pods, isUnschedulable })

describe('the word on a process', () => {
  it('starts until its program runs, runs, and is ready when its pod is', () => {
    expect(says(aSet(), [])).toEqual({ state: 'starting' })
    expect(says(aSet(), [aPod(service({ waiting: { reason: 'ContainerCreating' } }))])).toEqual({ state: 'starting' })
    const running = { state: 'running', host: '10.0.0.7', port: 8_000, connections: null }
    expect(says(aSet(), [aPod(service(runs))])).toEqual({ ...running, ready: false })
    expect(says(aSet(), [aPod(service(runs), { conditions: [ready('True')] })])).toEqual({ ...running, ready: true })
  })

  it('serves on where only its node is not heard of', () => {
    const pod = aPod(service(runs), { conditions: [ready('True'), { type: 'Ready', status: 'False' }] })
    expect(says(wasReady, [pod])).toMatchObject({ state: 'running', ready: true })
  })

  it.each([
    ['its exit code', service(exits(1)), { reason: 'Exited', exitCode: 1, signal: null }],
    ['its signal', service(exits(139)), { reason: 'Exited', exitCode: null, signal: 'SIGSEGV' }],
    ['memory', service(exits(137, { reason: 'OOMKilled' })), { reason: 'OOMKilled', signal: 'SIGKILL' }],
    [
      'a program that is not there',
      service(exits(128, { reason: 'StartError', message: 'no such file' })),
      { reason: 'SpawnFailed', message: 'Kubernetes could not start it: no such file' },
    ],
    [
      'an image that can’t be had',
      service({ waiting: { reason: 'ImagePullBackOff', message: 'denied' } }),
      { reason: 'ImageUnavailable', message: 'its image could not be had (ImagePullBackOff): denied' },
    ],
    [
      'a root user',
      service({ waiting: { reason: 'CreateContainerConfigError', message: 'would run as root' } }),
      { reason: 'SpawnFailed' },
    ],
    [
      'a crash loop',
      service({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 3, lastState: exits(2) }),
      { reason: 'Exited', exitCode: 2 },
    ],
  ])('ended: %s', (_, container, word) => {
    expect(says(aSet(), [aPod(container)])).toMatchObject({ state: 'ended', ...word })
  })

  it('an end is told until what the kubelet began in its place is ready', () => {
    const again = service(runs, { restartCount: 1, lastState: exits(1) })
    expect(says(wasReady, [aPod(again)])).toMatchObject({ state: 'ended', reason: 'Exited' })
    expect(says(wasReady, [aPod(again, { conditions: [ready('True')] })])).toMatchObject({
      state: 'running',
      ready: true,
    })
  })

  it('what the kubelet kills for its probes ended for want of health, not by itself', () => {
    const killed = service(exits(137, { finishedAt: '2026-03-01T00:00:21Z' }))
    expect(says(aSet(), [aPod(killed, { conditions: [ready('False')] })])).toMatchObject({ reason: 'StartTimeout' })
    expect(says(wasReady, [aPod(killed, { conditions: [ready('False')] })])).toMatchObject({ reason: 'Unhealthy' })
    const atOnce = ready('False', '2026-03-01T00:00:21Z')
    expect(says(wasReady, [aPod(killed, { conditions: [atOnce] })])).toMatchObject({
      reason: 'Exited',
      signal: 'SIGKILL',
    })
  })

  it('a model that could not be fetched is told in the words of who fetched it', () => {
    const fetch = { name: 'fetch-model', ready: false, restartCount: 1 }
    const status = {
      phase: 'Pending',
      initContainerStatuses: [
        { ...fetch, state: { waiting: {} }, lastState: exits(1, { message: 'the server answered 404' }) },
      ],
    }
    const word = says(aSet(), [aPod(null, { status })])
    expect(word).toMatchObject({ reason: 'ModelUnavailable', message: 'the server answered 404' })
    const again = { ...fetch, state: runs, lastState: exits(1, { message: 'a log\nthe server answered 404\n' }) }
    expect(says(aSet(), [aPod(null, { status: { ...status, initContainerStatuses: [again] } })])).toEqual(word)
    const fetched = { ...again, state: exits(0) }
    expect(says(aSet(), [aPod(null, { status: { ...status, initContainerStatuses: [fetched] } })])).toEqual({
      state: 'starting',
    })
  })

  it.each([
    ['EvictionByEvictionAPI', 'Unknown'],
    ['DeletionByTaintManager', 'MachineLost'],
    ['PreemptionByScheduler', 'Unknown'],
    ['TerminationByKubelet', 'Evicted'],
    ['', 'Unknown'],
  ])('a pod that others take away (%s) has ended', (reason, end) => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason, message: 'so it is' }, ready('True')]
    const pod = aPod(service(runs), { conditions, meta: { deletionTimestamp: '2026-03-01T00:00:00Z' } })
    expect(says(wasReady, [pod])).toMatchObject({ state: 'ended', reason: end })
  })

  it('what came in the place of a lost pod serves once it is ready; until then the lost one has ended', () => {
    const next = (conditions: PodCondition[]) => aPod(service(runs), { conditions, meta: { uid: 'p2' } })
    expect(says(wasReady, [next([])])).toMatchObject({ state: 'gone', why: { reason: 'Unknown' } })
    expect(says(wasReady, [])).toMatchObject({ state: 'gone' })
    expect(says(wasReady, [next([ready('True')])])).toMatchObject({ state: 'running', ready: true })
  })

  it('a node that is short of disk or memory evicts, in its own words', () => {
    const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' }
    expect(says(aSet(), [aPod(null, { status })])).toMatchObject({
      ...{ reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' },
    })
  })

  it('without a place for long enough it has ended, with the scheduler’s reason', () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }]
    const pod = aPod(null, { conditions, status: { phase: 'Pending' } })
    expect(says(aSet(), [pod])).toEqual({ state: 'starting' })
    expect(says(aSet(), [pod], true)).toMatchObject({
      state: 'ended',
      reason: 'SpawnFailed',
      message: expect.stringContaining('0/1 nodes'),
    })
  })

  it('nor without a pod that the cluster would take', () => {
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }
    const refused = { ...aSet(), status: { conditions: [failure] } }
    expect(says(refused, [])).toEqual({ state: 'starting' })
    expect(says(refused, [], true)).toMatchObject({ reason: 'SpawnFailed', message: expect.stringContaining('quota') })
  })

  it('told to end it is stopping while its pod is there, then gone as asked', () => {
    const stopped = aSet({ 'berth.dev/stopped': '2026-03-01T00:00:00Z' })
    expect(says(stopped, [aPod(service(runs))])).toEqual({ state: 'stopping', connections: null })
    expect(says(stopped, [])).toMatchObject({ state: 'gone', why: { reason: 'Stopped' } })
  })
})
