import { describe, expect, it } from 'vitest'
import {
  anInstance,
  aSnapshot,
  at,
  dos,
  gone,
  notThere,
  running,
  said,
} from '../../../test/services/rollout-fixtures.ts'
import { planService } from './rollout.ts'

const a = anInstance('a')
const b = anInstance('b', { machineId: 'm2' })
const draining = { machines: { m1: 'move' as const, m2: 'stay' as const } }

describe('a deployment', () => {
  it('makes as many as wanted', () => {
    expect(dos(planService(aSnapshot({ replicas: 2 })))).toEqual(['create', 'create'])
  })

  it('places what waits, launches what has its place, admits what is ready', () => {
    const waiting = anInstance('a', { phase: 'waiting', machineId: null })
    expect(dos(planService(aSnapshot({ instances: [waiting] })))).toEqual(['place a'])
    const starting = anInstance('a', { phase: 'starting' })
    expect(dos(planService(aSnapshot({ instances: [starting], words: { a: notThere } })))).toEqual(['launch a'])
    expect(dos(planService(aSnapshot({ instances: [starting], words: { a: { state: 'starting' } } })))).toEqual([])
    expect(dos(planService(aSnapshot({ instances: [starting], words: { a: running() } })))).toEqual(['admit a'])
  })

  it('does nothing about one of which the driver has no word', () => {
    expect(dos(planService(aSnapshot({ instances: [anInstance('a', { phase: 'starting' })], words: {} })))).toEqual([])
    expect(dos(planService(aSnapshot({ instances: [a], words: {} })))).toEqual([])
  })

  it('is settled once all are routed and every gateway has acknowledged', () => {
    const rollout = { kind: 'create' as const, fromVersion: null, startedAt: '' }
    const instances = [anInstance('a', { routedAtGeneration: 7n })]
    const words = { a: running() }
    expect(dos(planService(aSnapshot({ instances, words, rollout, gateways: { g1: 6n } })))).toEqual([])
    expect(dos(planService(aSnapshot({ instances, words, rollout, gateways: { g1: 7n } })))).toEqual(['settle'])
  })
})

describe('health', () => {
  it('takes a failing one out of the routes and puts it back', () => {
    expect(dos(planService(aSnapshot({ instances: [a], words: { a: running({ ready: false }) } })))).toEqual([
      'suspend a',
    ])
    const suspended = anInstance('a', { ready: false, routedAtGeneration: null })
    expect(dos(planService(aSnapshot({ instances: [suspended], words: { a: running() } })))).toEqual(['admit a'])
  })

  it('routes one that came back elsewhere by the address that it has now', () => {
    const moved = running({ host: '10.0.0.9' })
    expect(planService(aSnapshot({ instances: [a], words: { a: moved } })).actions).toMatchObject([
      { do: 'admit', id: 'a', host: '10.0.0.9', port: 9000 },
    ])
  })

  it('replaces one that crashed, waiting longer each time', () => {
    const plan = planService(
      aSnapshot({ instances: [anInstance('a', { crashCount: 2 })], words: { a: gone('Exited') } }),
    )
    expect(plan.actions).toMatchObject([
      { do: 'end', reason: 'Exited' },
      { do: 'create', crashCount: 3, replacesId: 'a' },
    ])
    const waiting = anInstance('b', { phase: 'waiting', machineId: null, crashCount: 3, createdAt: at(0) })
    expect(dos(planService(aSnapshot({ instances: [waiting], now: at(1_999) })))).toEqual([])
    expect(dos(planService(aSnapshot({ instances: [waiting], now: at(2_000) })))).toEqual(['place b'])
  })

  it('forgets crashes of one that was ready for long', () => {
    const old = anInstance('a', { crashCount: 5, readyAt: at(0) })
    const plan = planService(aSnapshot({ instances: [old], words: { a: gone('OOMKilled') }, now: at(600_000) }))
    expect(plan.actions[1]).toMatchObject({ do: 'create', crashCount: 1 })
  })

  it('takes a process that is not there any more for a crash, but a starting one for not launched', () => {
    expect(dos(planService(aSnapshot({ instances: [a], words: { a: notThere } })))).toEqual([
      'end a Unknown',
      'create for a',
    ])
  })
})

describe('scaling in', () => {
  it('takes what does not serve first, then what has to move, then the newest', () => {
    const waiting = anInstance('w', { phase: 'waiting', machineId: null })
    const words = { a: running(), b: running(), c: running() }
    const newest = anInstance('c', { machineId: 'm2', createdAt: at(9) })
    const instances = [a, b, newest]
    expect(dos(planService(aSnapshot({ replicas: 3, instances: [...instances, waiting], words })))).toEqual([
      'end w Withdrawn',
    ])
    expect(dos(planService(aSnapshot({ replicas: 2, instances, words })))).toEqual(['leave c scaled_in'])
    expect(dos(planService(aSnapshot({ replicas: 2, instances, words, ...draining })))).toContain('leave a scaled_in')
  })
})

describe('what the gateways do not know yet', () => {
  it('goes before what they know, when scaling in', () => {
    const fresh = anInstance('c', { machineId: 'm2', routedAtGeneration: 9n })
    const words = { a: running(), c: running() }
    const old = anInstance('a', { createdAt: at(9) })
    const plan = planService(aSnapshot({ instances: [old, fresh], words, gateways: { g1: 8n } }))
    expect(dos(plan)).toEqual(['leave c scaled_in'])
  })
})

describe('a drain', () => {
  const words = { a: running(), r: running(), b: running() }
  const replacement = anInstance('r', { machineId: 'm2', replacesId: 'a', routedAtGeneration: 5n })

  it('starts the replacement first, even of a single replica', () => {
    const plan = planService(aSnapshot({ instances: [a], words, ...draining, drainId: 'd1' }))
    const asItWas = { version: 1, restartGeneration: 0 }
    expect(plan.actions).toEqual([{ do: 'create', replacesId: 'a', drainId: 'd1', crashCount: 0, ...asItWas }])
  })

  it('moves all at once, not bound by the surge', () => {
    const instances = ['a', 'b', 'c'].map(id => anInstance(id))
    const all = { a: running(), b: running(), c: running() }
    expect(dos(planService(aSnapshot({ replicas: 3, instances, words: all, ...draining })))).toHaveLength(3)
    const updated = planService(aSnapshot({ version: 2, replicas: 3, instances, words: all, ...draining }))
    expect(dos(updated)).toEqual(['create for a', 'create for b', 'create for c'])
    expect([...updated.obstacles.keys()]).toEqual(['a', 'b', 'c'])
  })

  it('lets the old one go only when every gateway has acknowledged the new one', () => {
    const snapshot = { instances: [a, replacement], words, ...draining }
    const before = planService(aSnapshot({ ...snapshot, gateways: { g1: 5n, g2: 4n } }))
    expect(dos(before)).toEqual([])
    expect(before.obstacles.get('a')).toMatchObject({
      code: 'GatewayNotAcknowledged',
      message: expect.stringContaining('g2'),
    })
    expect(dos(planService(aSnapshot({ ...snapshot, gateways: { g1: 5n, g2: 5n } })))).toEqual(['leave a drained'])
  })

  it('keeps the old one while the new one is failing, though it is routed', () => {
    const failing = { a: running(), r: running({ ready: false }) }
    const plan = planService(aSnapshot({ instances: [a, replacement], words: failing, ...draining }))
    expect(dos(plan)).toEqual(['suspend r'])
  })

  it('keeps the old one and says why while there is no room', () => {
    const noRoom = {
      code: 'NoRoom',
      message: 'needs 512 MiB more memory on one machine',
      missing: { cpuMilli: 0, memoryMib: 512, gpuCount: 0, gpuMemoryMib: 0 },
      nearestMachineId: 'm2',
      machines: { total: 2, open: 1, held: 1, lost: 0, notRunning: 0 },
    }
    const waiting = anInstance('r', {
      phase: 'waiting',
      machineId: null,
      replacesId: 'a',
      waitingReason: noRoom,
    })
    const plan = planService(aSnapshot({ instances: [a, waiting], words, ...draining, maxUnavailable: 1 }))
    expect(dos(plan)).toEqual(['place r'])
    expect(plan.obstacles.get('a')).toEqual({
      code: 'NoRoom',
      message: noRoom.message,
      noRoom: { ...noRoom, helps: [] },
    })
  })

  it('drops the replacement when the drain is cancelled, and keeps what has moved', () => {
    const starting = anInstance('r', { phase: 'starting', machineId: 'm2', replacesId: 'a' })
    const cancelled = planService(
      aSnapshot({ instances: [a, starting], words: { a: running(), r: { state: 'starting' } } }),
    )
    expect(dos(cancelled)).toEqual(['stop r'])
    expect(dos(planService(aSnapshot({ instances: [replacement], words })))).toEqual([])
  })

  it('moves the replacement too when its machine is drained as well', () => {
    const starting = anInstance('r', { phase: 'starting', machineId: 'm2', replacesId: 'a' })
    const both = { machines: { m1: 'move' as const, m2: 'move' as const } }
    const plan = planService(
      aSnapshot({ instances: [a, starting], words: { a: running(), r: { state: 'starting' } }, ...both }),
    )
    expect(dos(plan)).toEqual(['stop r', 'create for a'])
  })

  it('retries a replacement that crashed, with back-off, and keeps the old one', () => {
    const starting = anInstance('r', { phase: 'starting', machineId: 'm2', replacesId: 'a', crashCount: 1 })
    const plan = planService(
      aSnapshot({ instances: [a, starting], words: { a: running(), r: gone('Exited') }, ...draining }),
    )
    expect(plan.actions).toMatchObject([
      { do: 'end', id: 'r' },
      { do: 'create', replacesId: 'a', crashCount: 2 },
    ])
  })

  it('needs no second replacement when the old one dies meanwhile', () => {
    const starting = anInstance('r', { phase: 'starting', machineId: 'm2', replacesId: 'a' })
    const plan = planService(
      aSnapshot({ instances: [a, starting], words: { a: gone('Exited'), r: { state: 'starting' } }, ...draining }),
    )
    expect(dos(plan)).toEqual(['end a Exited'])
  })
})

describe('the way out', () => {
  const leaving = (change = {}) =>
    anInstance('a', {
      phase: 'leaving',
      leavingBecause: 'drained',
      unroutedAtGeneration: 9n,
      leavingAt: at(0),
      ...change,
    })
  const base = { replicas: 0, words: { a: running({ connections: 0 }) }, gateways: { g1: 9n } }

  const gates: [string, Parameters<typeof aSnapshot>[0], string[] | string][] = [
    ['a gateway that has not acknowledged', { gateways: { g1: 9n, g2: 8n } }, 'GatewayNotAcknowledged'],
    ['a gateway that has not reported', {}, 'RequestsInFlight'],
    ['a report from before', { traffic: { a: [said('g1', 8n, 0)] } }, 'RequestsInFlight'],
    ['a request in flight', { traffic: { a: [said('g1', 9n, 1)] } }, 'RequestsInFlight'],
    ['one of two reports', { gateways: { g1: 9n, g2: 9n }, traffic: { a: [said('g1', 9n, 0)] } }, 'RequestsInFlight'],
    [
      'an open connection',
      { traffic: { a: [said('g1', 9n, 0)] }, words: { a: running({ connections: 2 }) } },
      'OpenConnections',
    ],
  ]
  it.each(gates)('waits for %s', (_name, change, code) => {
    const plan = planService(aSnapshot({ ...base, instances: [leaving()], ...change }))
    expect(dos(plan)).toEqual([])
    expect(plan.obstacles.get('a')?.code).toBe(code)
  })

  it('stops when nothing is in flight and nothing connected', () => {
    const traffic = { a: [said('g1', 9n, 0)] }
    expect(dos(planService(aSnapshot({ ...base, instances: [leaving()], traffic })))).toEqual(['stop a'])
  })

  it('without a gateway looks at connections alone', () => {
    expect(dos(planService(aSnapshot({ ...base, gateways: {}, instances: [leaving()] })))).toEqual(['stop a'])
  })

  it('of a drain is never cut by time', () => {
    const traffic = { a: [said('g1', 9n, 1)] }
    expect(dos(planService(aSnapshot({ ...base, instances: [leaving()], traffic, now: at(864_000_000) })))).toEqual([])
  })

  it.each(['scaled_in', 'updated', 'restarted'] as const)('because %s is cut after an hour', because => {
    const traffic = { a: [said('g1', 9n, 1)] }
    const instances = [leaving({ leavingBecause: because })]
    expect(dos(planService(aSnapshot({ ...base, instances, traffic, now: at(3_599_999) })))).toEqual([])
    expect(dos(planService(aSnapshot({ ...base, instances, traffic, now: at(3_600_000) })))).toEqual(['stop a cutting'])
  })

  it.each([
    ['a stop', { desired: 'stopped' as const }],
    ['a forced drain', { revoked: ['a'] }],
    ['a lost machine', { machines: { m1: 'lost' as const } }],
  ])('of %s is cut after the grace', (_name, change) => {
    const snapshot = { ...base, instances: [leaving()], traffic: { a: [said('g1', 9n, 1)] }, ...change }
    expect(dos(planService(aSnapshot({ ...snapshot, now: at(29_999) })))).toEqual([])
    expect(dos(planService(aSnapshot({ ...snapshot, now: at(30_000) })))).toEqual(['stop a cutting'])
  })

  it('is not cut while a gateway may still send requests', () => {
    const snapshot = { ...base, instances: [leaving()], gateways: { g1: 8n }, desired: 'stopped' as const }
    expect(dos(planService(aSnapshot({ ...snapshot, now: at(864_000_000) })))).toEqual([])
  })

  it('asks for the stop again until the end is seen', () => {
    const stopping = anInstance('a', { phase: 'stopping', leavingBecause: 'drained' })
    expect(
      dos(
        planService(
          aSnapshot({ replicas: 0, instances: [stopping], words: { a: { state: 'stopping', connections: null } } }),
        ),
      ),
    ).toEqual(['stop a'])
    expect(dos(planService(aSnapshot({ replicas: 0, instances: [stopping], words: { a: gone('Exited') } })))).toEqual([
      'end a Stopped',
    ])
    expect(dos(planService(aSnapshot({ replicas: 0, instances: [stopping], words: { a: notThere } })))).toEqual([
      'end a Stopped',
    ])
  })
})

describe('an update', () => {
  const old = (id: string) => anInstance(id, { version: 1 })
  const words = { a: running(), b: running(), r: running() }

  it('surges within its bound', () => {
    const instances = [old('a'), old('b')]
    expect(dos(planService(aSnapshot({ version: 2, replicas: 2, instances, words })))).toEqual(['create for a'])
    expect(dos(planService(aSnapshot({ version: 2, replicas: 2, instances, words, maxSurge: 2 })))).toHaveLength(2)
  })

  it('lets go what does not serve, before it makes the new one', () => {
    const starting = anInstance('a', { phase: 'starting', version: 1 })
    const plan = planService(aSnapshot({ version: 2, instances: [starting], words: { a: { state: 'starting' } } }))
    expect(dos(plan)).toEqual(['stop a', 'create'])
  })

  const noRoom = anInstance('r', {
    phase: 'waiting',
    version: 2,
    machineId: null,
    replacesId: 'a',
    waitingReason: { code: 'NoRoom', message: 'needs more' },
  })
  it('without room takes one away first, never the last', () => {
    const two = aSnapshot({
      version: 2,
      replicas: 2,
      instances: [old('a'), old('b'), noRoom],
      words,
      maxUnavailable: 1,
    })
    expect(dos(planService(two))).toContain('leave a updated')
    const floor = aSnapshot({
      version: 2,
      replicas: 2,
      instances: [old('a'), old('b'), noRoom],
      words,
      maxUnavailable: 0,
    })
    expect(dos(planService(floor))).not.toContain('leave a updated')
    const one = aSnapshot({ version: 2, replicas: 1, instances: [old('a'), noRoom], words, maxUnavailable: 1 })
    expect(dos(planService(one))).toEqual(['place r'])
  })

  it('without room for some replicas anyway still gets on', () => {
    const waiting = ['w1', 'w2'].map(id => anInstance(id, { ...noRoom, id, replacesId: null }))
    const instances = [old('a'), old('b'), noRoom, ...waiting]
    const plan = planService(aSnapshot({ version: 2, replicas: 4, instances, words, maxUnavailable: 1 }))
    expect(dos(plan)).toContain('leave a updated')
  })

  it('drops a replacement of a version in between', () => {
    const between = anInstance('r', { phase: 'starting', version: 2, machineId: 'm2', replacesId: 'a' })
    const plan = planService(
      aSnapshot({ version: 3, instances: [old('a'), between], words: { a: running(), r: { state: 'starting' } } }),
    )
    expect(dos(plan)).toEqual(['stop r', 'create for a'])
  })

  it('counts a restart of the service like one', () => {
    const plan = planService(aSnapshot({ restartGeneration: 1, instances: [a], words }))
    expect(dos(plan)).toEqual(['create for a'])
  })

  it('replaces one whose restart was asked for, and only that', () => {
    const asked = anInstance('a', { leavingBecause: 'restarted' })
    expect(dos(planService(aSnapshot({ replicas: 2, instances: [asked, b], words })))).toEqual(['create for a'])
  })
})

describe('loss, force, stop and delete', () => {
  const words = { a: running(), b: running() }

  it('replaces at once what a lost machine carried', () => {
    const plan = planService(aSnapshot({ instances: [a], words: {}, machines: { m1: 'lost' } }))
    expect(dos(plan)).toEqual(['leave a lost', 'create'])
  })

  it('ends what a released machine carried', () => {
    const plan = planService(aSnapshot({ instances: [a], words: {}, machines: { m1: 'ended' } }))
    expect(dos(plan)).toEqual(['end a MachineLost', 'create'])
  })

  it('lets go at once whose reservation was revoked', () => {
    const plan = planService(aSnapshot({ instances: [a], words, revoked: ['a'], ...draining }))
    expect(dos(plan)).toEqual(['leave a revoked', 'create'])
  })

  it('stops all, the waiting ones without a word', () => {
    const waiting = anInstance('w', { phase: 'waiting', machineId: null })
    const starting = anInstance('s', { phase: 'starting' })
    const plan = planService(
      aSnapshot({
        desired: 'stopped',
        instances: [a, waiting, starting],
        words: { ...words, s: { state: 'starting' } },
      }),
    )
    expect(dos(plan)).toEqual(['leave a stopped', 'end w Withdrawn', 'stop s'])
  })

  it('is deleted when nothing is left', () => {
    expect(dos(planService(aSnapshot({ desired: 'deleted', instances: [] })))).toEqual(['finish_delete'])
    expect(
      dos(planService(aSnapshot({ desired: 'deleted', instances: [anInstance('a', { phase: 'stopping' })] }))),
    ).toEqual(['stop a'])
  })
})
