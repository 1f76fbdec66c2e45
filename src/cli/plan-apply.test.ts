import { describe, expect, test } from 'vitest'
import type { Fit } from './fit-text.ts'
import { countsOf, countsText, decide, type Impact, type Present, planText, takenBy, toSend } from './plan-apply.ts'

const present: Present = {
  config: {
    metadata: { name: 'digits', resource: 'vision', instance: 1, cpu: 1 },
    containers: [{ command: 'serve', env: [{ name: 'KEY', value: 'old secret' }] }],
    labels: { team: 'a' },
  },
  ...{ replicas: 3, autoscaler: null },
}
const metadata = { name: 'digits', resource: 'eas-r-1', cpu: 1 }
const { containers, labels } = present.config
const described = { metadata, containers, labels }

describe('what a service of the file comes to', () => {
  test('one that is not there yet is created', () => {
    expect(decide(described, { present: null, effect: null })).toEqual({ action: 'create', changes: [], notes: [] })
  })

  test('what the update changes is told by its field, old and new; name and group are no difference', () => {
    const config = { metadata: { ...metadata, cpu: 2 }, containers }
    expect(decide(config, { present, effect: 'version' })).toMatchObject({
      action: 'update',
      changes: [
        { field: 'metadata.cpu', before: '1', after: '2' },
        { field: 'labels', before: '{"team":"a"}', after: undefined },
      ],
    })
    expect(decide(config, { present, effect: 'settings' }).action).toBe('update')
  })

  test('the count is that of the service, not the one its version began with', () => {
    const config = { ...described, metadata: { ...metadata, instance: 1 } }
    expect(decide(config, { present, effect: 'scale' })).toEqual({
      ...{ action: 'scale', notes: [] },
      changes: [{ field: 'metadata.instance', before: '3', after: '1' }],
    })
  })

  test('without an effect nothing differs, in whatever way it is written', () => {
    const config = { ...described, metadata: { ...metadata, memory: 1024 } }
    expect(decide(config, { present, effect: 'none' })).toEqual({ action: 'unchanged', changes: [], notes: [] })
  })

  test('a service that scales by itself keeps its count, and that is said', () => {
    const scaling = { ...present, autoscaler: { min: 1, max: 5 } }
    const config = { ...described, metadata: { ...metadata, instance: 1, cpu: 2 } }
    expect(toSend(config, scaling)).toEqual({ ...described, metadata: { ...metadata, cpu: 2 } })
    expect(decide(config, { present: scaling, effect: 'version' })).toEqual({
      action: 'update',
      changes: [{ field: 'metadata.cpu', before: '1', after: '2' }],
      notes: ['metadata.instance: is left alone: the service scales by itself'],
    })
    expect(toSend(config, present)).toEqual(config)
  })

  test('no secret is told: variables, tokens, logins, queries of URLs, however deep they stand', () => {
    const secret = 's3cret'
    const one = { command: 'serve', env: [{ name: 'KEY', value: secret }] }
    const config = {
      ...{ metadata, token: secret, dockerAuth: secret, labels: { api_key: secret } },
      ...{ containers: [one, one], model_path: `https://models/a.onnx?Signature=${secret}` },
    }
    const { changes, notes } = decide(config, { present, effect: 'version' })
    expect(JSON.stringify([changes, notes])).not.toMatch(/s3cret|old secret/)
    expect(changes).toContainEqual({
      field: 'containers[0].env[0].value',
      ...{ before: '(not shown)', after: '(not shown), another one' },
    })
    expect(changes).toContainEqual({
      field: 'model_path',
      ...{ before: undefined, after: 'https://models/a.onnx?(not shown)' },
    })
    expect(notes.map(note => note.split(':')[0])).toEqual(['token', 'dockerAuth'])
  })
})

test('the counts name every action', () => {
  const plan = (['create', 'unchanged', 'update', 'unchanged', 'scale'] as const).map(action => ({ action }))
  expect(countsText(countsOf(plan))).toBe('1 to create, 1 to update, 1 to scale, 2 unchanged.')
})

describe('whether it fits', () => {
  const asking = {
    ...{ serviceId: null, serviceName: 'digits', serviceInstanceId: null, replacesId: null, reason: null },
    ...{ cpuMilli: 500, memoryMib: 512, gpuCount: 1 },
  }
  const aFit = (...machineIds: (string | null)[]): Fit => ({
    ...{ groupId: 'eas-r-1', verdict: 'fits', moves: [], buy: [], otherInstances: { placed: 0, unplaced: 0 } },
    instances: machineIds.map(machineId => ({ ...asking, machineId })),
  })
  const impact: Impact = {
    ...{ previewId: '', effect: 'version', version: 2, replicas: 5, replaced: 5, started: 0, ended: 0 },
    ...{ fits: 2, wanted: 2, shortage: null, mayEndFirst: false, maxSurge: 2, maxUnavailable: 0 },
  }

  test('takes room on each machine for those that come after, and none for what finds no place', () => {
    expect(takenBy([{ fit: aFit('m1', null, 'm2') }, { fit: null }, { fit: aFit('m1') }])).toEqual([
      { machineId: 'm1', cpuMilli: 1000, memoryMib: 1024, gpuCount: 2 },
      { machineId: 'm2', cpuMilli: 500, memoryMib: 512, gpuCount: 1 },
    ])
  })

  test('is said to be of those that begin at once, where others follow', () => {
    const one = { where: 'document 1', name: 'digits', config: {}, changes: [], fromVersion: 1, notes: [] }
    const said = (change: Partial<Impact>) =>
      planText([{ ...one, action: 'update', impact: { ...impact, ...change }, fit: aFit('m1', 'm2') }])
    expect(said({})).toContain('  Asked of 2 instances at once, not of the 3 after them: those begin as old ones end.')
    expect(said({ replaced: 2 }).filter(line => line.includes('Asked'))).toEqual([])
  })
})
