import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { place } from '../../src/scheduler/place.ts'
import type { MachineRoom, Term, Wanted } from '../../src/scheduler/snapshot.ts'
import { placeSimply } from './simple-place.ts'

const aRoom = (machineId: string, change: Partial<MachineRoom> = {}): MachineRoom => ({
  machineId,
  zoneId: 'zone-a',
  closedBecause: null,
  freeCpuMilli: 4000,
  freeMemoryMib: 8192,
  freeGpuCount: 0,
  gpuMemoryMib: 0,
  ...change,
})

const aWanted = (id: string, change: Partial<Wanted> = {}): Wanted => ({
  id,
  cpuMilli: 1000,
  memoryMib: 1024,
  gpuCount: 0,
  gpuMemoryMib: 0,
  ...change,
})

describe('placement', () => {
  it('packs: the machine with least left that still fits', () => {
    const rooms = [aRoom('m1'), aRoom('m2', { freeMemoryMib: 2048 }), aRoom('m3', { freeMemoryMib: 512 })]
    expect(place(rooms, [aWanted('a'), aWanted('b'), aWanted('c')]).placed).toEqual([
      { id: 'a', machineId: 'm2' },
      { id: 'b', machineId: 'm2' },
      { id: 'c', machineId: 'm1' },
    ])
  })

  it('keeps machines with cards for those who ask for cards', () => {
    const rooms = [aRoom('gpu', { freeGpuCount: 1, gpuMemoryMib: 24_576, freeMemoryMib: 2048 }), aRoom('cpu')]
    const wanted = [aWanted('plain'), aWanted('card', { gpuCount: 1, gpuMemoryMib: 16_384 })]
    expect(place(rooms, wanted).placed).toEqual([
      { id: 'plain', machineId: 'cpu' },
      { id: 'card', machineId: 'gpu' },
    ])
  })

  it('breaks ties by id', () => {
    expect(place([aRoom('m2'), aRoom('m1')], [aWanted('a')]).placed).toEqual([{ id: 'a', machineId: 'm1' }])
  })

  it('does not use a machine that is to be avoided', () => {
    expect(place([aRoom('m1'), aRoom('m2')], [aWanted('a', { avoid: ['m1'] })]).placed).toEqual([
      { id: 'a', machineId: 'm2' },
    ])
  })

  it('spreads over machines where it is asked for, and does not wait for it', () => {
    const spread = { by: 'machine' as const, name: 'svc', machineIds: ['m1'] }
    const wanted = ['a', 'b', 'c'].map(id => aWanted(id, { memoryMib: 4096, spread }))
    expect(place([aRoom('m1'), aRoom('m2')], wanted).placed.map(p => p.machineId)).toEqual(['m2', 'm2', 'm1'])
    expect(place([aRoom('m1')], wanted.slice(0, 1)).placed.map(p => p.machineId)).toEqual(['m1'])
  })

  it('spreads over zones, and packs within one', () => {
    const spread = { by: 'zone' as const, name: 'svc', machineIds: ['a1'] }
    const rooms = [
      aRoom('a1'),
      aRoom('b1', { zoneId: 'zone-b' }),
      aRoom('b2', { zoneId: 'zone-b', freeMemoryMib: 2048 }),
    ]
    const wanted = ['a', 'b', 'c'].map(id => aWanted(id, { spread }))
    expect(place(rooms, wanted).placed.map(p => p.machineId)).toEqual(['b2', 'b2', 'a1'])
  })

  it('uses a machine that leaves within two hours only where no other has room, and long paid ones first', () => {
    const rooms = [
      aRoom('m1', { term: 'ending', freeMemoryMib: 1024 }),
      aRoom('m2', { term: 'short', freeMemoryMib: 1024 }),
      aRoom('m3', { freeMemoryMib: 1024 }),
    ]
    const wanted = ['a', 'b', 'c'].map(id => aWanted(id))
    expect(place(rooms, wanted).placed.map(p => p.machineId)).toEqual(['m3', 'm2', 'm1'])
  })

  const reasons: [string, MachineRoom[], Partial<Wanted>, string][] = [
    ['no machine', [], {}, 'the group has no machine'],
    ['memory short', [aRoom('m1', { freeMemoryMib: 512 })], {}, 'needs 512 MiB more memory on one machine'],
    ['whole GiB', [aRoom('m1')], { memoryMib: 11_264 }, 'needs 3 GiB more memory on one machine'],
    ['cpu short', [aRoom('m1', { freeCpuMilli: 500 })], {}, 'needs 0.5 more vCPU on one machine'],
    [
      'both short',
      [aRoom('m1', { freeCpuMilli: 0, freeMemoryMib: 0 })],
      {},
      'needs 1 more vCPU and 1 GiB more memory on one machine',
    ],
    ['no card', [aRoom('m1')], { gpuCount: 1 }, 'needs 1 more GPU on one machine'],
    [
      'small cards',
      [aRoom('m1', { freeGpuCount: 2, gpuMemoryMib: 16_384 })],
      { gpuCount: 1, gpuMemoryMib: 19_456 },
      'needs 3 GiB more GPU memory on one card on one machine',
    ],
    [
      'all closed',
      [aRoom('m1', { closedBecause: 'held' }), aRoom('m2', { closedBecause: 'lost' })],
      {},
      'no machine takes new instances: 1 cordoned or draining, 1 lost',
    ],
    [
      'the nearest machine counts',
      [aRoom('m1', { freeMemoryMib: 0 }), aRoom('m2', { freeMemoryMib: 1000 }), aRoom('m3', { closedBecause: 'held' })],
      {},
      'needs 24 MiB more memory on one machine (1 cordoned or draining)',
    ],
  ]
  it.each(reasons)('says why it waits: %s', (_name, rooms, demand, message) => {
    expect(place(rooms, [aWanted('a', demand)]).unplaced.map(u => u.reason.message)).toEqual([message])
  })
})

const terms: Term[] = ['long', 'long', 'short', 'ending']
const aFleetOf = (most: number, small: boolean) =>
  fc
    .array(
      fc.record({
        zoneId: fc.constantFrom('zone-a', 'zone-b', 'zone-c'),
        term: fc.constantFrom(...terms),
        closedBecause: fc.constantFrom(null, null, null, 'held' as const, 'lost' as const, 'not_running' as const),
        // Below zero: a spec was sold smaller than it is used. Few values in the small one, so that there are ties.
        freeCpuMilli: small ? fc.constantFrom(0, 1000, 2000, 4000) : fc.integer({ min: -10, max: 8000 }),
        freeMemoryMib: small ? fc.constantFrom(0, 1024, 2048, 8192) : fc.integer({ min: -10, max: 16_384 }),
        freeGpuCount: fc.integer({ min: -1, max: 4 }),
        gpuMemoryMib: fc.constantFrom(0, 16_384, 24_576),
      }),
      { maxLength: most, size: 'max' },
    )
    .map(list => list.map((room, index): MachineRoom => ({ ...room, machineId: `m${index}` })))
const rooms = fc.oneof(aFleetOf(12, false), aFleetOf(12, true))

const wantedOf = (most: number, small: boolean) =>
  fc
    .array(
      fc.record(
        {
          cpuMilli: small ? fc.constantFrom(0, 1000, 2000) : fc.integer({ min: 0, max: 4000 }),
          memoryMib: small ? fc.constantFrom(1024, 2048) : fc.integer({ min: 1, max: 8192 }),
          gpuCount: fc.constantFrom(0, 0, 0, 1, 2),
          gpuMemoryMib: fc.constantFrom(0, 8192, 20_480),
          avoid: fc.subarray(['m0', 'm1', 'm2', 'm3', 'foreign']),
          spread: fc.record({
            by: fc.constantFrom('machine' as const, 'zone' as const),
            name: fc.constantFrom('one', 'two'),
            machineIds: fc.constant(['m0', 'm1', 'm1', 'foreign']),
          }),
        },
        { requiredKeys: ['cpuMilli', 'memoryMib', 'gpuCount', 'gpuMemoryMib'] },
      ),
      { maxLength: most, size: 'max' },
    )
    .map(list =>
      list.map((wanted, n): Wanted => ({ ...wanted, id: `i${n}`, ...(n % 4 === 3 ? { only: `m${n % 3}` } : {}) })),
    )
const wanteds = fc.oneof(wantedOf(40, false), wantedOf(40, true))

/** What is left of each machine after the plan, by its own sums. */
function left(
  fleet: readonly MachineRoom[],
  wanted: readonly Wanted[],
  placed: readonly { id: string; machineId: string }[],
) {
  const rest = new Map(fleet.map(room => [room.machineId, { ...room }]))
  for (const { id, machineId } of placed) {
    const want = wanted.find(one => one.id === id)
    const room = rest.get(machineId)
    if (!want || !room) throw new Error(`${id} is on ${machineId}, which is not of this group`)
    room.freeCpuMilli -= want.cpuMilli
    room.freeMemoryMib -= want.memoryMib
    room.freeGpuCount -= want.gpuCount
  }
  return rest
}

const fits = (room: MachineRoom, want: Wanted): boolean =>
  room.closedBecause === null &&
  !want.avoid?.includes(room.machineId) &&
  (want.only === undefined || want.only === room.machineId) &&
  want.cpuMilli <= room.freeCpuMilli &&
  want.memoryMib <= room.freeMemoryMib &&
  want.gpuCount <= room.freeGpuCount &&
  (want.gpuCount === 0 || want.gpuMemoryMib <= room.gpuMemoryMib)

describe('placement, whatever the fleet', () => {
  it('never goes beyond what is free, and never uses a machine that is closed, foreign, to be avoided or not the only one', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        const { placed } = place(fleet, wanted)
        const rest = left(fleet, wanted, placed)
        for (const { id, machineId } of placed) {
          const want = wanted.find(one => one.id === id) as Wanted
          const room = fleet.find(one => one.machineId === machineId) as MachineRoom
          expect(room.closedBecause).toBeNull()
          expect(want.avoid ?? []).not.toContain(machineId)
          expect(want.only ?? machineId).toBe(machineId)
          if (want.gpuCount > 0) expect(want.gpuMemoryMib).toBeLessThanOrEqual(room.gpuMemoryMib)
          const { freeCpuMilli, freeMemoryMib, freeGpuCount } = rest.get(machineId) as MachineRoom
          expect(freeCpuMilli).toBeGreaterThanOrEqual(Math.min(0, room.freeCpuMilli))
          expect(freeMemoryMib).toBeGreaterThanOrEqual(Math.min(0, room.freeMemoryMib))
          expect(freeGpuCount).toBeGreaterThanOrEqual(Math.min(0, room.freeGpuCount))
        }
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('places or explains each, once', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        const { placed, unplaced } = place(fleet, wanted)
        expect([...placed, ...unplaced].map(p => p.id).sort()).toEqual(wanted.map(w => w.id).sort())
      }),
      { seed: 1 },
    )
  })

  it('gives the same plan for the same fleet in any order, and leaves what it was given as it was', () => {
    fc.assert(
      fc.property(rooms, wanteds, fc.infiniteStream(fc.nat()), (fleet, wanted, keys) => {
        const before = structuredClone(fleet)
        const plan = place(fleet, wanted)
        expect(fleet).toEqual(before)
        const shuffled = fleet
          .map(room => ({ room, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ room }) => room)
        expect(place(shuffled, wanted)).toEqual(plan)
      }),
      { seed: 1 },
    )
  })

  it('leaves nobody waiting who fits on an open machine', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        const { placed, unplaced } = place(fleet, wanted)
        const rest = [...left(fleet, wanted, placed).values()]
        for (const { id } of unplaced) {
          const want = wanted.find(one => one.id === id) as Wanted
          expect(rest.filter(room => fits(room, want))).toEqual([])
        }
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('finds what looking at each machine finds', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        expect(place(fleet, wanted)).toEqual(placeSimply(fleet, wanted))
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })

  it('finds what looking at each machine finds, in a fleet of many blocks', () => {
    fc.assert(
      fc.property(
        fc.oneof(aFleetOf(600, false), aFleetOf(600, true)).filter(fleet => fleet.length > 0),
        fc.oneof(wantedOf(300, false), wantedOf(300, true)),
        (fleet, wanted) => {
          expect(place(fleet, wanted)).toEqual(placeSimply(fleet, wanted))
        },
      ),
      { numRuns: 6, seed: 1 },
    )
  })
})
