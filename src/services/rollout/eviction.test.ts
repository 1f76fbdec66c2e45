// The way out of what a disk is too full for.
import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, at, dos, gone, running, said } from '../../../test/services/rollout-fixtures.ts'
import { planService } from './rollout.ts'

const a = anInstance('a')

describe('an eviction', () => {
  const evicted = (atOnce: boolean) => ({
    ...{ because: 'DiskPressure' as const, of: 'machine' as const, usedBytes: 2 ** 30, freeBytes: 2 ** 20 },
    ...{ diskBytes: 2 ** 34, atOnce, at: '' },
  })
  const words = { a: running(), b: running() }
  const replacement = anInstance('b', { machineId: 'm2', replacesId: 'a' })

  it('has a replacement made first, and goes once that one serves', () => {
    const heavy = anInstance('a', { eviction: evicted(false) })
    expect(dos(planService(aSnapshot({ instances: [heavy], words })))).toEqual(['create for a'])
    const noRoom = anInstance('b', { phase: 'waiting', machineId: null, replacesId: 'a', waitingReason: {} })
    const held = { held: ['m1'] }
    expect(dos(planService(aSnapshot({ instances: [heavy, noRoom], words, ...held })))).toEqual(['place b'])
    expect(dos(planService(aSnapshot({ instances: [heavy, replacement], words })))).toEqual(['leave a evicted'])
  })

  it('at once waits for nobody, and is cut after the grace', () => {
    const heavy = anInstance('a', { eviction: evicted(true) })
    expect(dos(planService(aSnapshot({ instances: [heavy], words })))).toEqual(['leave a evicted', 'create'])
    const change = { phase: 'leaving' as const, leavingBecause: 'evicted' as const, leavingAt: at(0) }
    const leaving = anInstance('a', { ...change, unroutedAtGeneration: 9n, eviction: evicted(true) })
    const open = { traffic: { a: [said('g1', 9n, 1)] }, gateways: { g1: 9n }, replicas: 0, now: at(30_000) }
    expect(dos(planService(aSnapshot({ instances: [leaving], words, ...open })))).toEqual(['stop a cutting'])
    const patient = { ...leaving, eviction: evicted(false) }
    expect(dos(planService(aSnapshot({ instances: [patient], words, ...open })))).toEqual([])
  })

  it('of one that is isolated waits for nobody', () => {
    const isolated = { leavingBecause: 'isolated' as const, eviction: evicted(false), unroutedAtGeneration: 9n }
    const kept = anInstance('a', { phase: 'isolated', ...isolated })
    expect(planService(aSnapshot({ instances: [kept], words, replicas: 0 })).actions).toMatchObject([
      { do: 'stop', id: 'a', because: 'evicted', drainMs: 0 },
    ])
    const hanging = anInstance('a', { phase: 'leaving', leavingAt: at(0), ...isolated })
    const open = { traffic: { a: [said('g1', 9n, 1)] }, gateways: { g1: 9n }, replicas: 0, now: at(30_000) }
    expect(dos(planService(aSnapshot({ instances: [hanging], words, ...open })))).toEqual(['stop a cutting'])
  })

  it('that is withdrawn keeps the one that serves', () => {
    expect(dos(planService(aSnapshot({ instances: [a, replacement], words })))).toEqual(['leave b scaled_in'])
  })

  it('is the reason of the end, with its figures', () => {
    const change = { phase: 'stopping' as const, leavingBecause: 'evicted' as const, eviction: evicted(false) }
    const plan = planService(
      aSnapshot({ instances: [anInstance('a', change)], words: { a: gone('Stopped') }, replicas: 0 }),
    )
    expect(plan.actions).toMatchObject([
      {
        ...{ do: 'end', reason: 'Evicted' },
        message: "DiskPressure: 1 MiB of the machine's disk of 16 GiB are free, and it takes the most: 1 GiB",
      },
    ])
  })
})
