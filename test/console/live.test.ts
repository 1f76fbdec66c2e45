// Which answers an event concerns, and how a long list takes up rows that have changed.
import { describe, expect, test } from 'vitest'
import { concerns } from '../../console/live/concerns.ts'
import { type Machine, withRows } from '../../console/live/rows.ts'

const machine = (subjectIds: string[] | null) => ({ subjectKind: 'machine', subjectIds })

describe('an event concerns', () => {
  test.each([
    ['the list of machines', ['GET /v1/machines', 'all', { groupId: 'g' }], machine(['m1']), true],
    [
      'the page of that machine',
      ['GET /v1/machines/{machineId}', { params: { machineId: 'm1' } }],
      machine(['m1']),
      true,
    ],
    ['not that of another', ['GET /v1/machines/{machineId}', { params: { machineId: 'm2' } }], machine(['m1']), false],
    [
      'every page, when many changed',
      ['GET /v1/machines/{machineId}', { params: { machineId: 'm2' } }],
      machine(null),
      true,
    ],
    [
      'the drain of that machine',
      ['GET /v1/machines/{machineId}/drain', { params: { machineId: 'm1' } }],
      machine(['m1']),
      true,
    ],
    ['the group that counts it', ['GET /v1/groups/{groupId}', { params: { groupId: 'g' } }], machine(['m1']), true],
    ['not the wallet', ['GET /v1/wallet', {}], machine(['m1']), false],
    ['not a price that is being asked for', ['quote', { quantity: 1 }], machine(['m1']), false],
    [
      'the events of that thing',
      ['GET /v1/events', { query: { subjectKind: 'machine', subjectId: 'm1' } }],
      machine(['m1']),
      true,
    ],
    [
      'not those of another',
      ['GET /v1/events', { query: { subjectKind: 'group', subjectId: 'm1' } }],
      machine(['m1']),
      false,
    ],
    [
      'a service by its name',
      ['GET /v1/services/{service}', { params: { service: 'digits' } }],
      { subjectKind: 'service', subjectIds: ['eas-m-1'] },
      true,
    ],
    [
      'what an action on machines would do, while it is asked',
      ['POST /v1/machines/preview', { body: { action: 'drain', machineIds: ['m1'] } }],
      machine(['m1']),
      true,
    ],
    [
      'that too when what runs on them has changed',
      ['POST /v1/machines/preview', { body: { action: 'drain', machineIds: ['m1'] } }],
      { subjectKind: 'service_instance', subjectIds: ['i1'] },
      true,
    ],
    [
      'what stopping a service would do',
      ['POST /v1/services/{service}/preview', { params: { service: 'digits' }, body: { action: 'stop' } }],
      { subjectKind: 'service', subjectIds: ['eas-m-1'] },
      true,
    ],
    [
      'whether there is room for a service',
      ['POST /v1/services/{service}/check', { params: { service: 'digits' } }],
      machine(['m1']),
      true,
    ],
    ['not the list of services, when a machine has changed', ['GET /v1/services', 'all', {}], machine(['m1']), false],
    [
      'not a quote of a renewal: each is a promise of its own',
      ['POST /v1/renewals/quotes', { body: { machineIds: ['m1'] } }],
      machine(['m1']),
      false,
    ],
    [
      'everything, when its kind is not known',
      ['GET /v1/wallet', {}],
      { subjectKind: 'something', subjectIds: [] },
      true,
    ],
  ])('%s', (_, key, change, expected) => {
    expect(concerns(key as unknown[], change)).toBe(expected)
  })
})

const row = (machineId: string, createdAt = '2026-01-01T00:00:00Z', status = 'Ready') =>
  ({ machineId, createdAt, status }) as Machine

describe('a long list', () => {
  const rows = [row('a'), row('b'), row('c')]

  test('takes up what changed, and leaves the others as they are', () => {
    const next = withRows(rows, new Set(['b']), [row('b', undefined, 'Stopped')])
    expect(next.map(one => one.status)).toEqual(['Ready', 'Stopped', 'Ready'])
    expect(next[0]).toBe(rows[0])
    expect(next[2]).toBe(rows[2])
  })

  test('loses what is not found any more', () => {
    expect(withRows(rows, new Set(['b', 'z']), []).map(one => one.machineId)).toEqual(['a', 'c'])
  })

  test('puts what is new where it belongs: by creation, then by id', () => {
    const fresh = [row('bb'), row('0', '2026-01-02T00:00:00Z')]
    expect(withRows(rows, new Set(['bb', '0']), fresh).map(one => one.machineId)).toEqual(['a', 'b', 'bb', 'c', '0'])
  })
})
