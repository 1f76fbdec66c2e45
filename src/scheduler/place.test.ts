import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { place } from './place.ts'
import type { MachineRoom, Wanted } from './snapshot.ts'

const aRoom = (machineId: string, change: Partial<MachineRoom> = {}): MachineRoom => ({
  machineId,
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

const rooms = fc
  .array(
    fc.record({
      closedBecause: fc.constantFrom(null, null, null, 'held' as const, 'lost' as const, 'not_running' as const),
      freeCpuMilli: fc.integer({ min: 0, max: 8000 }),
      freeMemoryMib: fc.integer({ min: 0, max: 16_384 }),
      freeGpuCount: fc.integer({ min: 0, max: 4 }),
      gpuMemoryMib: fc.constantFrom(0, 16_384, 24_576),
    }),
    { maxLength: 12 },
  )
  .map(list => list.map((room, index): MachineRoom => ({ ...room, machineId: `m${index}` })))

const wanteds = fc
  .array(
    fc.record({
      cpuMilli: fc.integer({ min: 0, max: 4000 }),
      memoryMib: fc.integer({ min: 1, max: 8192 }),
      gpuCount: fc.integer({ min: 0, max: 2 }),
      gpuMemoryMib: fc.constantFrom(0, 8192, 20_480),
    }),
    { maxLength: 40 },
  )
  .map(list => list.map((wanted, index): Wanted => ({ ...wanted, id: `i${index}` })))

describe('placement, whatever the fleet', () => {
  it('never goes beyond what is free, and never uses a closed machine', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        const { placed } = place(fleet, wanted)
        for (const room of fleet) {
          const here = placed.filter(p => p.machineId === room.machineId).map(p => wanted.find(w => w.id === p.id))
          const sum = (read: (w: Wanted) => number): number => here.reduce((total, w) => total + (w ? read(w) : 0), 0)
          if (room.closedBecause !== null) expect(here).toEqual([])
          expect(sum(w => w.cpuMilli)).toBeLessThanOrEqual(room.freeCpuMilli)
          expect(sum(w => w.memoryMib)).toBeLessThanOrEqual(room.freeMemoryMib)
          expect(sum(w => w.gpuCount)).toBeLessThanOrEqual(room.freeGpuCount)
          for (const w of here) if (w && w.gpuCount > 0) expect(w.gpuMemoryMib).toBeLessThanOrEqual(room.gpuMemoryMib)
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

  it('gives the same plan for the same fleet in any order', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        expect(place(fleet.toReversed(), wanted).placed).toEqual(place(fleet, wanted).placed)
      }),
      { seed: 1 },
    )
  })

  it('leaves nobody waiting who fits on an open machine', () => {
    fc.assert(
      fc.property(rooms, wanteds, (fleet, wanted) => {
        const first = wanted.slice(0, 1)
        const fits = fleet.some(
          room =>
            room.closedBecause === null &&
            first.every(
              w =>
                w.cpuMilli <= room.freeCpuMilli &&
                w.memoryMib <= room.freeMemoryMib &&
                w.gpuCount <= room.freeGpuCount &&
                (w.gpuCount === 0 || w.gpuMemoryMib <= room.gpuMemoryMib),
            ),
        )
        if (fits && first.length > 0) expect(place(fleet, first).placed).toHaveLength(1)
      }),
      { seed: 1 },
    )
  })
})
