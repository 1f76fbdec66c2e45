import { describe, expect, test } from 'vitest'
import { explain, freeNodes, placeOf, whyNotFor } from './choose-nodes.ts'
import { observationOf } from './machines.ts'
import { type KeptNode, keptNode, type Node, specLabel, whyNotFree } from './node.ts'
import { NodeLoads, requestsOf } from './node-loads.ts'
import { claimPatch, freePatch, holdPatch, quarantinePatch } from './node-patches.ts'
import { groupLabel, installationLabel, machineLabel } from './pod-labels.ts'
import { amountsOf, none } from './quantity.ts'
import { oldNotes } from './release-notes.ts'
import { wipeOutcome } from './wipe.ts'

const allocatable = { cpu: '4', memory: '16Gi', 'nvidia.com/gpu': '2' }
const ready = [{ type: 'Ready', status: 'True' as const }]
const aNode = (changes: Partial<KeptNode> = {}): KeptNode => {
  const labels = { [specLabel]: 'spec-a', 'topology.kubernetes.io/zone': 'zone-a' }
  const status = { allocatable, conditions: ready, addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] }
  const node: Node = { metadata: { name: 'n', resourceVersion: '7', labels }, status }
  return { ...keptNode('topology.kubernetes.io/zone')(node), ...changes }
}
const claimed = { machineId: 'eas-i-1', groupId: 'eas-r-1', installationId: 'inst' }
const choice = { zones: {}, tolerated: ['gpu'], others: () => none }
const wanted = { zoneId: 'zone-a', specId: 'spec-a', cpuMilli: 4_000, memoryMiB: 16_384, gpuCount: 2 }

test.each([
  [{ cpu: '1500m', memory: '1Gi' }, 1_500, 1_024, 0],
  [{ cpu: 2, memory: 134_217_728, 'nvidia.com/gpu': '8' }, 2_000, 128, 8],
  [{ cpu: '0.1', memory: '129M' }, 100, 123, 0],
  [{ cpu: '1e1', memory: '1.5Gi' }, 10_000, 1_536, 0],
  [{ cpu: '100n', memory: 'many' }, 0, 0, 0],
  [undefined, 0, 0, 0],
])('%o is so much', (list, cpuMilli, memoryMib, gpuCount) => {
  expect(amountsOf(list, 'down')).toEqual({ cpuMilli, memoryMib, gpuCount })
})

test('what is asked is rounded up, what is there down', () => {
  const list = { cpu: '100n', memory: '1' }
  expect(amountsOf(list, 'up')).toMatchObject({ cpuMilli: 1, memoryMib: 1 })
  expect(amountsOf(list, 'down')).toMatchObject({ cpuMilli: 0, memoryMib: 0 })
})

describe('a node is for sale', () => {
  const taint = (key: string, effect: string) => ({ taints: [{ key, effect }] })
  test.each<[string, Partial<KeptNode>, string | null]>([
    ['when nothing is against it', {}, null],
    ['not when it is claimed, by whomever', { machineId: 'eas-i-9' }, 'claimed'],
    ['not while it is wiped', { isWiping: true }, 'claimed'],
    ['not in quarantine', { quarantine: 'wipe-failed' }, 'quarantined'],
    ['not when it is not ready', { notReady: 'Unknown' }, 'not ready'],
    ['not when it is cordoned', { isUnschedulable: true }, 'cordoned'],
    ['not when it is going', { isGoing: true }, 'being deleted'],
    ['not when it is tainted', taint('theirs', 'NoExecute'), 'tainted'],
    ['with a taint that the operator knows of', taint('gpu', 'NoSchedule'), null],
    ['with a taint that only prefers', taint('theirs', 'PreferNoSchedule'), null],
  ])('%s', (_, changes, expected) => {
    expect(whyNotFree(aNode(changes), ['gpu'])).toBe(expected)
  })
})

test('a node is for a request of its spec and zone that it holds beside other pods', () => {
  expect(whyNotFor(aNode(), wanted, choice)).toBeNull()
  expect(whyNotFor(aNode(), { ...wanted, specId: 'spec-b' }, choice)).toBe('of another spec')
  expect(whyNotFor(aNode(), { ...wanted, zoneId: 'zone-b' }, choice)).toBe('in another zone')
  expect(whyNotFor(aNode(), { ...wanted, zoneId: 'ours' }, { ...choice, zones: { ours: 'zone-a' } })).toBeNull()
  const others = () => ({ cpuMilli: 1, memoryMib: 0, gpuCount: 0 })
  expect(whyNotFor(aNode(), wanted, { ...choice, others })).toMatch('too small')
})

test('free nodes come in one order, and requests begin at places of their own', () => {
  const nodes = ['c', 'a', 'b'].map(name => aNode({ name }))
  expect(freeNodes(nodes, 'zone-a', 'spec-a', choice).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  const places = Array.from({ length: 100 }, (_, index) => placeOf(`eas-i-${index}`, 1_000))
  expect(new Set(places).size).toBeGreaterThan(80)
  expect(placeOf('eas-i-1', 0)).toBe(0)
})

test('that there is none is explained by counts', () => {
  const nodes = [aNode({ ...claimed }), aNode({ ...claimed }), aNode({ isUnschedulable: true })]
  expect(explain(nodes, wanted, choice)).toBe('no node of spec-a in zone zone-a is free: 2 claimed, 1 cordoned')
  expect(explain([], wanted, choice)).toBe('no node carries the label berth.dev/spec=spec-a')
})

describe('what is written on a node', () => {
  const claim = { ...claimed, accountId: 'acc-1', effectId: 'effect' }
  const theirs = { key: 'gpu', effect: 'NoSchedule' }

  test('a claim adds its taint to those that are there', () => {
    const { metadata, spec } = claimPatch(aNode({ taints: [theirs] }), claim)
    expect(metadata.labels).toEqual({
      [groupLabel]: 'eas-r-1',
      [machineLabel]: 'eas-i-1',
      [installationLabel]: 'inst',
    })
    expect(spec?.taints).toEqual([theirs, { key: groupLabel, value: 'eas-r-1', effect: 'NoSchedule' }])
  })

  test('a release takes ours away, and nothing of others', () => {
    const ours = { key: groupLabel, value: 'eas-r-1', effect: 'NoSchedule' }
    const { spec } = freePatch(aNode({ ...claimed, taints: [theirs, ours], isUnschedulable: true }))
    expect(spec).toEqual({ taints: [theirs] })
    expect(freePatch(aNode({ held: 'a drain', isUnschedulable: true })).spec?.unschedulable).toBeNull()
    expect(freePatch(aNode({ held: 'a drain', isCordonedBefore: true })).spec).not.toHaveProperty('unschedulable')
  })

  test('a quarantine keeps everybody off', () => {
    const { metadata, spec } = quarantinePatch(aNode(claimed), 'it failed')
    expect(metadata.labels).toMatchObject({ [machineLabel]: null, 'berth.dev/quarantine': 'wipe-failed' })
    expect(spec?.taints).toEqual([{ key: 'berth.dev/quarantine', value: 'wipe-failed', effect: 'NoSchedule' }])
  })

  test.each<[string, Partial<KeptNode>, string | null, object | null]>([
    ['nothing where nothing holds', {}, null, null],
    ['nothing where it is so already', { held: 'x', isUnschedulable: true }, 'x', null],
    ['the cordon anew where somebody lifted it', { held: 'x' }, 'x', { unschedulable: true }],
    ['the end of ours', { held: 'x', isUnschedulable: true }, null, { unschedulable: null }],
  ])('a hold writes %s', (_, changes, because, spec) => {
    expect(holdPatch(aNode(changes), because)?.spec ?? null).toEqual(spec)
  })
})

test('who uncordons what Berth holds has lifted his own cordon, not Berth’s', () => {
  const patch = holdPatch(aNode({ held: 'x', isCordonedBefore: true, isUnschedulable: false }), 'x')
  expect(patch?.metadata.annotations).toMatchObject({ 'berth.dev/cordoned-before': null })
  expect(patch?.spec).toEqual({ unschedulable: true })
  const another = holdPatch(aNode({ held: 'x', isCordonedBefore: true, isUnschedulable: true }), 'y')
  expect(another?.metadata.annotations).toMatchObject({ 'berth.dev/cordoned-before': 'true' })
})

test('pods that run side by side count together, those before only by the largest', () => {
  const container = (cpu: string, more = {}) => ({ resources: { requests: { cpu } }, ...more })
  const containers = [container('1'), container('500m')]
  expect(requestsOf({ containers }).cpuMilli).toBe(1_500)
  expect(requestsOf({ containers, initContainers: [container('2')] }).cpuMilli).toBe(2_000)
  const sidecar = container('250m', { restartPolicy: 'Always' })
  expect(requestsOf({ containers, initContainers: [sidecar, container('1')] }).cpuMilli).toBe(1_750)
  expect(requestsOf({ containers, overhead: { cpu: '100m' } }).cpuMilli).toBe(1_600)
})

test('loads follow pods as they come, move and go', () => {
  const loads = new NodeLoads()
  const pod = { nodeName: 'n', isOurs: false, takes: { cpuMilli: 100, memoryMib: 10, gpuCount: 0 } }
  loads.changed(pod, null)
  loads.changed({ ...pod, isOurs: true, takes: none }, null)
  expect([loads.others('n'), loads.ours('n')]).toEqual([pod.takes, 1])
  loads.changed({ ...pod, takes: { ...pod.takes, cpuMilli: 300 } }, pod)
  expect(loads.others('n').cpuMilli).toBe(300)
  loads.changed(null, { ...pod, takes: { ...pod.takes, cpuMilli: 300 } })
  loads.changed(null, { ...pod, isOurs: true, takes: none })
  expect([loads.others('n'), loads.ours('n')]).toEqual([none, 0])
})

test.each<[string, Partial<KeptNode>, object]>([
  ['runs', {}, { state: 'running', address: '10.0.0.1' }],
  ['is lost while it is wiped', { isWiping: true }, { state: 'lost' }],
  ['is lost while it is deleted', { isGoing: true }, { state: 'lost' }],
  ['is unreachable while its kubelet is silent', { notReady: 'silent' }, { state: 'unreachable' }],
  ['is on its way without an address', { address: null }, { state: 'provisioning' }],
  ['is cordoned from outside', { isUnschedulable: true }, { cordoned: { by: 'kubernetes' } }],
])('a claimed node %s', (_, changes, expected) => {
  expect(observationOf(aNode({ ...claimed, ...changes }), none)).toMatchObject(expected)
})

test('notes of releases go when they are old', () => {
  const now = Temporal.Instant.from('2026-03-01T00:00:00Z')
  expect(oldNotes({ old: '2026-01-01T00:00:00Z', new: '2026-02-28T00:00:00Z' }, now)).toEqual(['old'])
})

test.each([
  [null, { state: 'running' }],
  [{ metadata: { name: 'j' } }, { state: 'running' }],
  [
    { metadata: { name: 'j' }, status: { conditions: [{ type: 'Complete', status: 'True' as const }] } },
    { state: 'done' },
  ],
  [
    {
      metadata: { name: 'j' },
      status: { conditions: [{ type: 'Failed', status: 'True' as const, reason: 'DeadlineExceeded' }] },
    },
    { state: 'failed', because: 'DeadlineExceeded' },
  ],
])('the word of a wipe', (job, expected) => {
  expect(wipeOutcome(job)).toEqual(expected)
})
