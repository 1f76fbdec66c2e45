import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, at, dos, gone, notThere, running } from '../../../test/services/rollout-fixtures.ts'
import type { Rollout } from '../service.ts'
import { planService } from './rollout.ts'
import { phaseOf } from './rollout-phase.ts'

const update: Rollout = { kind: 'update', fromVersion: 1, startedAt: '' }
const failing: Rollout = {
  ...update,
  pause: { because: 'failing', at: '', failure: { code: 'Crashing', count: 3 } },
}
const asked: Rollout = { ...update, pause: { because: 'asked', at: '', by: 'user:usr-1', reason: 'a look' } }
const both: [string, Rollout][] = [
  ['by itself', failing],
  ['by a person', asked],
]

const a = anInstance('a')
const b = anInstance('b', { machineId: 'm2' })
const fresh = (change = {}) =>
  anInstance('r', { phase: 'starting', machineId: 'm2', version: 2, replacesId: 'a', ...change })
const words = { a: running(), b: running() }
const base = { version: 2, replicas: 2, rollout: update }
const what = (change: Parameters<typeof aSnapshot>[0]) => planService(aSnapshot({ ...base, ...change })).actions

it.each([
  [update, 'progressing'],
  [failing, 'failing'],
  [asked, 'paused'],
  [{ ...update, kind: 'abort' as const }, 'aborting'],
])('the phase of a rollout is data: %#', (rollout, phase) => {
  expect(phaseOf(rollout)).toBe(phase)
})

describe('a rollout pauses by itself', () => {
  const crashed = (crashCount: number, change = {}) =>
    planService(
      aSnapshot({
        ...base,
        instances: [a, b, fresh({ crashCount })],
        words: { ...words, r: gone('Exited') },
        ...change,
      }),
    )

  it('with the third end in a row of what it started, and tries no more', () => {
    expect(dos(crashed(1))).toEqual(['end r Exited', 'create for a'])
    expect(dos(crashed(2))).toEqual(['end r Exited', 'pause'])
    expect(crashed(2).actions[1]).toMatchObject({ pause: { failure: { code: 'Crashing', count: 3 } } })
  })

  it('with ends of several that were started at once', () => {
    const other = anInstance('s', { phase: 'starting', version: 2, replacesId: 'b', crashCount: 1 })
    const plan = planService(
      aSnapshot({
        ...base,
        instances: [a, b, fresh({ crashCount: 1 }), other],
        words: { ...words, r: gone('Exited') },
      }),
    )
    expect(dos(plan)).toContain('pause')
  })

  it('not for what crashes of the old version', () => {
    const instances = [anInstance('a', { crashCount: 9 }), b]
    const plan = planService(aSnapshot({ ...base, instances, words: { a: gone('Exited'), b: running() } }))
    expect(dos(plan)).toEqual(['end a Exited', 'create', 'create for b'])
  })

  it.each(['create', 'scale', 'start', 'abort'] as const)('not where nothing old would serve on: %s', kind => {
    expect(dos(crashed(2, { rollout: { ...update, kind } }))).not.toContain('pause')
  })

  it('when something of it is not ready within the deadline, from when it got its place', () => {
    const late = (now: number, change = {}) =>
      dos(
        planService(
          aSnapshot({
            ...base,
            ...{ instances: [a, b, fresh({ startedAt: at(1_000), ...change })], now: at(now) },
            words: { ...words, r: running({ ready: false }) },
          }),
        ),
      )
    expect(late(600_999)).toEqual([])
    expect(late(601_000)).toEqual(['pause', 'stop r'])
    // One that waits for room has not been tried.
    expect(late(9e9, { phase: 'waiting', machineId: null, startedAt: null })).toEqual(['place r'])
  })

  it('counts the deadline anew from the latest that got ready, and from the resumption', () => {
    const served = anInstance('s', { version: 2, readyAt: at(500_000) })
    const unwell = fresh({
      phase: 'ready',
      ready: false,
      routedAtGeneration: null,
      readyAt: at(10_000),
      replacesId: null,
    })
    const look = (now: number, rollout: Rollout = update) =>
      dos(
        planService(
          aSnapshot({
            ...{ ...base, rollout, instances: [served, unwell], now: at(now) },
            words: { s: running(), r: running({ ready: false }) },
          }),
        ),
      )
    expect(look(1_099_999)).toEqual([])
    expect(look(1_100_000)).toEqual(['pause'])
    expect(look(1_100_000, { ...update, resumedAt: at(600_000).toString() })).toEqual([])
  })
})

describe('while a rollout is paused', () => {
  it.each(both)('%s, what has not taken over is withdrawn, and nothing more begins', (_how, rollout) => {
    expect(dos(planService(aSnapshot({ ...base, rollout, instances: [a, b, fresh()], words })))).toEqual(['stop r'])
    expect(dos(planService(aSnapshot({ ...base, rollout, instances: [a, b], words })))).toEqual([])
  })

  it.each(both)('%s, one that the gateways do not all know yet gets no more traffic', (_how, rollout) => {
    const routed = fresh({ phase: 'ready', ready: true, routedAtGeneration: 9n })
    const plan = planService(
      aSnapshot({
        ...base,
        rollout,
        instances: [a, b, routed],
        words: { ...words, r: running() },
        gateways: { g: 8n },
      }),
    )
    expect(dos(plan)).toEqual(['leave r paused'])
  })

  it.each(both)('%s, it is not done, though all serve', (_how, rollout) => {
    expect(dos(planService(aSnapshot({ ...base, rollout, instances: [a, b], words })))).not.toContain('settle')
  })

  it.each(both)('%s, one that has taken over serves on', (_how, rollout) => {
    const served = anInstance('s', { version: 2, machineId: 'm2' })
    expect(
      dos(planService(aSnapshot({ ...base, rollout, instances: [a, served], words: { ...words, s: running() } }))),
    ).toEqual([])
  })

  it.each(both)('%s, an old one that ends is made again as it was', (_how, rollout) => {
    expect(what({ rollout, instances: [a, b], words: { a: gone('Exited'), b: running() } })).toMatchObject([
      { do: 'end', id: 'a' },
      { do: 'create', replacesId: 'a', version: 1, crashCount: 1 },
    ])
  })

  it.each(both)('%s, a drain moves an old one as it is', (_how, rollout) => {
    const machines = { m1: 'move' as const, m2: 'stay' as const }
    expect(what({ rollout, instances: [a, b], words, machines })).toMatchObject([
      { do: 'create', replacesId: 'a', version: 1, drainId: 'drain' },
    ])
    const moved = anInstance('r', { machineId: 'm2', replacesId: 'a', version: 1 })
    expect(
      dos(
        planService(
          aSnapshot({ ...base, rollout, instances: [a, b, moved], words: { ...words, r: running() }, machines }),
        ),
      ),
    ).toEqual(['leave a drained'])
  })

  it('by itself, what failed without an old one beside it is made as the old ones are', () => {
    expect(what({ rollout: failing, instances: [b, fresh()], words })).toMatchObject([
      { do: 'stop', id: 'r' },
      { do: 'create', replacesId: null, version: 1 },
    ])
  })

  it('by a person, it is tried on', () => {
    const alone = fresh({ crashCount: 1, replacesId: null })
    expect(what({ rollout: asked, instances: [b, alone], words: { ...words, r: gone('Exited') } })).toMatchObject([
      { do: 'end', id: 'r' },
      { do: 'create', replacesId: 'r', version: 2, crashCount: 2 },
    ])
  })

  it('new replicas are made as the old ones are', () => {
    expect(what({ rollout: asked, replicas: 3, instances: [a, b], words })).toMatchObject([
      { do: 'create', version: 1 },
    ])
  })

  it('of a restart, what is made is as not restarted, and its turn comes', () => {
    const restart = { ...failing, kind: 'restart' as const }
    const paused = { version: 1, restartGeneration: 4, rollout: restart, instances: [b], words }
    expect(what(paused)).toMatchObject([{ do: 'create', version: 1, restartGeneration: 3 }])
  })

  it('a launch that fails is not begun again, whatever the driver says', () => {
    expect(
      dos(
        planService(
          aSnapshot({ ...base, rollout: failing, instances: [a, b, fresh()], words: { ...words, r: notThere } }),
        ),
      ),
    ).toEqual(['end r Withdrawn'])
  })
})

describe('a rollout that is resumed', () => {
  it('goes on where it was', () => {
    expect(dos(planService(aSnapshot({ ...base, instances: [a, b], words })))).toEqual(['create for a'])
  })
})
