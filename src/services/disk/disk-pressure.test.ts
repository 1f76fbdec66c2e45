import { describe, expect, it } from 'vitest'
import type { InstancePhase } from '../service-instance.ts'
import { type DiskInstance, type DiskMachine, levelOf, planDisks } from './disk-pressure.ts'

const gib = 2 ** 30
const limits = { lowPercent: 5, criticalPercent: 1 }
const now = Temporal.Instant.from('2026-11-26T00:00:00Z')

const aMachine = (machineId: string, change: Partial<DiskMachine> = {}): DiskMachine => ({
  ...{ machineId, accountId: 'acc', held: false, frozen: false },
  ...change,
})

const evicted = (atOnce: boolean): DiskInstance['eviction'] => ({
  ...{ because: 'DiskPressure', of: 'machine', usedBytes: 1, freeBytes: 1, diskBytes: 1, atOnce, at: '' },
})

interface Stored {
  machineId?: string
  usedGib: number
  phase?: InstancePhase
  leavingBecause?: DiskInstance['leavingBecause']
  eviction?: DiskInstance['eviction']
}

/** Machines of 100 GiB on a host of 1,000, of which 500 are free. */
function plan(
  stored: Record<string, Stored>,
  change: { machines?: DiskMachine[]; hostFreeGib?: number; besidesGib?: number } = {},
): string[] {
  const { machines = [aMachine('m1'), aMachine('m2')], hostFreeGib = 500, besidesGib = 0 } = change
  const all = Object.entries(stored).map(([id, { machineId = 'm1', ...one }]) => ({ id, machineId, ...one }))
  const disks = {
    host: { freeBytes: hostFreeGib * gib, diskBytes: 1_000 * gib },
    machines: [...Map.groupBy(all, one => one.machineId)].map(([machineId, there]) => ({
      ...{ machineId, diskBytes: 100 * gib },
      usedBytes: (besidesGib + there.reduce((sum, one) => sum + one.usedGib, 0)) * gib,
      instances: there.map(({ id, usedGib }) => ({ id, usedBytes: usedGib * gib })),
    })),
  }
  const instances = all.map(({ id, machineId, phase = 'ready', leavingBecause = null, eviction = null }) => ({
    ...{ id, machineId, phase, leavingBecause, eviction },
  }))
  const { hold, lift, evict, keep } = planDisks({ now, limits, disks, machines, instances })
  return [
    ...hold.map(({ machine, reason }) => `hold ${machine.machineId} ${reason}`),
    ...lift.map(({ machineId }) => `lift ${machineId}`),
    ...evict.map(({ id, eviction }) => `evict ${id}${eviction.atOnce ? ' at once' : ''} of ${eviction.of}`),
    ...keep.map(id => `keep ${id}`),
  ]
}

it.each([
  // A share of small disks, so many GiB of large ones.
  [100, 5, 'recovering'],
  [100, 4.9, 'low'],
  [100, 0.9, 'critical'],
  [100, 7.5, 'fine'],
  [2_000, 5, 'recovering'],
  [2_000, 4.9, 'low'],
  [10, 0.5, 'recovering'],
  [10, 0.4, 'low'],
] as const)('of %d GiB, %d free are %s', (diskGib, freeGib, level) => {
  expect(levelOf({ freeBytes: freeGib * gib, diskBytes: diskGib * gib }, limits)).toBe(level)
})

describe('a disk that is low', () => {
  const low = { small: { usedGib: 36 }, large: { usedGib: 60 }, other: { usedGib: 60, machineId: 'm2' } }

  it('closes its machine, and the heaviest there leaves once another serves for it', () => {
    expect(plan(low)).toEqual([
      "hold m1 DiskPressure: 4 GiB of the machine's disk of 100 GiB are free",
      'evict large of machine',
    ])
  })

  it('has one leave at a time, and is held once', () => {
    const machines = [aMachine('m1', { held: true }), aMachine('m2')]
    expect(plan({ ...low, large: { usedGib: 60, eviction: evicted(false) } }, { machines })).toEqual([])
    expect(plan({ ...low, large: { usedGib: 60, phase: 'stopping' } }, { machines })).toEqual([])
    expect(plan({ ...low, small: { usedGib: 36, phase: 'leaving' } }, { machines })).toEqual([])
  })

  it('takes what is isolated there as what serves: it is on no way out by itself', () => {
    const machines = [aMachine('m1', { held: true }), aMachine('m2')]
    const isolated = { usedGib: 60, leavingBecause: 'isolated' as const }
    for (const phase of ['leaving', 'isolated'] as const)
      expect(plan({ ...low, large: { ...isolated, phase } }, { machines })).toEqual(['evict large of machine'])
  })

  it('stays as it is where what runs there takes hardly any of it', () => {
    const [hold, ...rest] = plan({ one: { usedGib: 0.2 } }, { besidesGib: 96 })
    expect([hold, rest]).toEqual([expect.stringContaining('hold m1'), []])
  })

  it('moves nothing in a frozen region, and takes nothing new', () => {
    const machines = [aMachine('m1', { frozen: true }), aMachine('m2')]
    expect(plan(low, { machines })).toEqual([expect.stringContaining('hold m1')])
  })
})

describe('a disk that is critical', () => {
  const full = { small: { usedGib: 39.5 }, large: { usedGib: 60 } }
  const machines = [aMachine('m1', { held: true, frozen: true })]

  it('ends the heaviest at once, frozen or not', () => {
    expect(plan(full, { machines })).toEqual(['evict large at once of machine'])
  })

  it('waits no longer for the replacement of one that was to leave', () => {
    const waits = { ...full, large: { usedGib: 60, eviction: evicted(false) } }
    expect(plan(waits, { machines })).toEqual(['evict large at once of machine'])
    expect(plan({ ...full, large: { usedGib: 60, eviction: evicted(true) } }, { machines })).toEqual([])
    expect(plan({ ...waits, small: { usedGib: 39.5, phase: 'stopping' } }, { machines })).toEqual([])
  })
})

describe("the host's disk", () => {
  const stored = { a: { usedGib: 10 }, b: { usedGib: 20, machineId: 'm2' } }

  it('is below all machines: each takes nothing new, and the heaviest of all leaves', () => {
    expect(plan(stored, { hostFreeGib: 4 })).toEqual([
      "hold m1 DiskPressure: 4 GiB of the host's disk of 1000 GiB are free",
      "hold m2 DiskPressure: 4 GiB of the host's disk of 1000 GiB are free",
      'evict b of host',
    ])
  })

  it('has nothing leave beside what leaves a machine', () => {
    const held = [aMachine('m1', { held: true }), aMachine('m2', { held: true })]
    expect(
      plan({ a: { usedGib: 97 }, b: { usedGib: 20, machineId: 'm2' } }, { hostFreeGib: 4, machines: held }),
    ).toEqual(['evict a of machine'])
  })
})

describe('room again', () => {
  const machines = [aMachine('m1', { held: true })]

  it('lifts the hold, and what has not left stays', () => {
    expect(plan({ a: { usedGib: 90, eviction: evicted(false) } }, { machines })).toEqual(['lift m1', 'keep a'])
    expect(plan({ a: { usedGib: 90, eviction: evicted(false), phase: 'leaving' } }, { machines })).toEqual(['lift m1'])
  })

  it('is not there while it is only just over the limit', () => {
    expect(plan({ a: { usedGib: 94, eviction: evicted(false) } }, { machines })).toEqual([])
  })
})
