// What fit says is what placement then does: as it is, after its moves, and with the machines that it says are missing.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fit, findFit, type Move, machinesMissing, movesMax, type Resident } from '../../src/scheduler/fit.ts'
import { missingOn } from '../../src/scheduler/fits.ts'
import { place } from '../../src/scheduler/place.ts'
import type { MachineRoom, Wanted } from '../../src/scheduler/snapshot.ts'

const gib = 1024
const aRoom = (machineId: string, freeGib: number, change: Partial<MachineRoom> = {}): MachineRoom => ({
  ...{ machineId, zoneId: 'zone-a', closedBecause: null, freeCpuMilli: 8000, freeMemoryMib: freeGib * gib },
  ...{ freeGpuCount: 0, gpuMemoryMib: 0 },
  ...change,
})
const aDemand = (memoryGib: number) => ({ cpuMilli: 100, memoryMib: memoryGib * gib, gpuCount: 0, gpuMemoryMib: 0 })
const wants = (...sizes: number[]): Wanted[] => sizes.map((size, n) => ({ id: `w${n}`, ...aDemand(size) }))
const stands = (id: string, machineId: string, size: number): Resident => ({ id, machineId, ...aDemand(size) })
const short = ({ verdict, moves }: Fit) => [
  verdict,
  ...moves.map(m => `${m.id}: ${m.fromMachineId} to ${m.toMachineId}`),
]

describe('will it fit', () => {
  const cases: [string, MachineRoom[], Wanted[], Resident[], string[]][] = [
    ['as it is', [aRoom('m1', 4)], wants(4), [], ['fits']],
    [
      'after one move: the smallest that is enough, to the machine that placement takes',
      [aRoom('m1', 2), aRoom('m2', 3), aRoom('m3', 1)],
      wants(4),
      [stands('large', 'm1', 3), stands('enough', 'm1', 2), stands('small', 'm2', 1)],
      ['fits_after_moves', 'small: m2 to m3'],
    ],
    [
      'after two moves where no single one is enough',
      [aRoom('m1', 0), aRoom('m2', 2), aRoom('m3', 2)],
      wants(4),
      [stands('a', 'm1', 2), stands('b', 'm1', 2)],
      ['fits_after_moves', 'a: m1 to m2', 'b: m1 to m3'],
    ],
    [
      'not where what is in the way finds no other place',
      [aRoom('m1', 2), aRoom('m2', 1)],
      wants(4),
      [stands('a', 'm1', 2)],
      ['does_not_fit'],
    ],
    [
      'not by moving onto a machine that is held',
      [aRoom('m1', 2), aRoom('m2', 8, { closedBecause: 'held' })],
      wants(4),
      [stands('a', 'm1', 2)],
      ['does_not_fit'],
    ],
  ]
  it.each(cases)('%s', (_name, rooms, wanted, residents, said) => {
    expect(short(findFit(rooms, wanted, residents))).toEqual(said)
  })

  it('names what is short, and each change that would be enough by itself', () => {
    const rooms = [
      aRoom('m1', 3),
      aRoom('m2', 9, { closedBecause: 'held', cordonedBy: ['user:anna'] }),
      aRoom('m3', 5, { closedBecause: 'held', cordonedBy: ['user:ben'] }),
      aRoom('m4', 9, { closedBecause: 'held' }),
    ]
    expect(findFit(rooms, wants(4), []).unplaced).toMatchObject([
      {
        reason: {
          ...{ code: 'NoRoom', missing: { memoryMib: gib, cpuMilli: 0 }, nearestMachineId: 'm1' },
          helps: [
            { change: 'shrink', machineId: 'm1', to: { ...aDemand(3) } },
            { change: 'uncordon', machineId: 'm3', cordonedBy: ['user:ben'] },
          ],
        },
      },
    ])
  })

  it('tells nobody to ask for nothing', () => {
    const [waiting] = findFit([aRoom('m1', 0)], wants(4), []).unplaced
    expect(waiting?.reason.helps).toEqual([])
  })

  it('counts with what waits for the same room, and asks nothing for it', () => {
    const [first, second] = wants(4, 2) as [Wanted, Wanted]
    const rooms = [aRoom('m1', 3)]
    const besides = [{ ...first, beside: true }, second]
    expect(findFit(rooms, besides, [])).toMatchObject({ verdict: 'fits', placed: [{ id: 'w1' }], unplaced: [] })
    // What is bought for one goes to who comes first.
    const empty = { zoneId: 'zone-a', freeCpuMilli: 8000, freeMemoryMib: 4 * gib, freeGpuCount: 0, gpuMemoryMib: 0 }
    expect(machinesMissing([aRoom('m1', 1)], besides, empty)).toBe(2)
    expect(machinesMissing([aRoom('m1', 1)], [second], empty)).toBe(1)
  })

  it('counts machines together: four of 3 GiB go on two of 6, beside the one that still fits', () => {
    const empty = { zoneId: 'zone-a', freeCpuMilli: 8000, freeMemoryMib: 6 * gib, freeGpuCount: 0, gpuMemoryMib: 0 }
    expect(machinesMissing([aRoom('m1', 3)], wants(3, 3, 3, 3, 3), empty)).toBe(2)
    expect(machinesMissing([], wants(7), empty)).toBeNull()
  })
})

const machine = fc.record({
  closedBecause: fc.constantFrom(null, null, null, null, 'held' as const),
  freeCpuMilli: fc.integer({ min: 0, max: 4000 }),
  freeMemoryMib: fc.integer({ min: 0, max: 8 }),
  freeGpuCount: fc.integer({ min: 0, max: 2 }),
  gpuMemoryMib: fc.constantFrom(0, 16, 24),
  zoneId: fc.constantFrom('zone-a', 'zone-b'),
})
const demand = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 2000 }),
  memoryMib: fc.integer({ min: 1, max: 8 }),
  gpuCount: fc.constantFrom(0, 0, 0, 1, 2),
  gpuMemoryMib: fc.constantFrom(0, 16, 24),
})
const world = fc
  .tuple(
    fc.array(machine, { minLength: 1, maxLength: 5 }),
    fc.array(demand, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(demand, fc.nat(4)), { maxLength: 8 }),
  )
  .map(([machines, demands, there]) => {
    const rooms = machines.map((room, n): MachineRoom => ({ ...room, machineId: `m${n}` }))
    return {
      rooms,
      wanted: demands.map((one, n): Wanted => ({ ...one, id: `w${n}` })),
      residents: there.map(([one, n], i): Resident => ({ ...one, id: `r${i}`, machineId: `m${n % rooms.length}` })),
    }
  })
type World = typeof world extends fc.Arbitrary<infer T> ? T : never

/** Makes the moves one after another as they are made for real, and tells of the first that has no room. */
function make(
  { rooms, residents }: World,
  moves: readonly Move[],
): { rooms: MachineRoom[]; impossible: string | null } {
  let present = [...rooms]
  for (const { id, fromMachineId, toMachineId } of moves) {
    const resident = residents.find(one => one.id === id)
    const target = present.find(room => room.machineId === toMachineId)
    const isThere = resident?.machineId === fromMachineId && fromMachineId !== toMachineId
    if (!isThere || !target || target.closedBecause !== null || missingOn(target, resident) !== null) {
      return { rooms: present, impossible: id }
    }
    present = present.map(room => {
      const sign = room.machineId === fromMachineId ? 1 : room.machineId === toMachineId ? -1 : 0
      return {
        ...room,
        freeCpuMilli: room.freeCpuMilli + sign * resident.cpuMilli,
        freeMemoryMib: room.freeMemoryMib + sign * resident.memoryMib,
        freeGpuCount: room.freeGpuCount + sign * resident.gpuCount,
      }
    })
  }
  return { rooms: present, impossible: null }
}

describe('will it fit, whatever the fleet', () => {
  it('is placed as it said once its moves are made, each of which has room while it is made', () => {
    let moved = 0
    fc.assert(
      fc.property(world, one => {
        const { verdict, moves, placed, unplaced } = findFit(one.rooms, one.wanted, one.residents)
        const after = make(one, moves)
        expect(after.impossible).toBeNull()
        expect(place(after.rooms, one.wanted)).toEqual({ placed, unplaced })
        expect(verdict === 'does_not_fit').toBe(unplaced.length > 0)
        expect(verdict === 'fits_after_moves').toBe(moves.length > 0)
        expect(new Set(moves.map(move => move.id)).size).toBe(moves.length)
        expect(moves.length).toBeLessThanOrEqual(movesMax)
        moved += moves.length > 0 ? 1 : 0
      }),
      { numRuns: 1_500, seed: 1 },
    )
    expect(moved).toBeGreaterThan(50)
  })

  it('never says that it does not fit, or needs two moves, where one is enough', () => {
    fc.assert(
      fc.property(world, one => {
        const [want] = one.wanted
        const alone = { ...one, wanted: want ? [want] : [] }
        const said = findFit(alone.rooms, alone.wanted, alone.residents)
        if (said.verdict === 'fits' || said.moves.length === 1) return
        const single = one.residents.flatMap(({ id, machineId: fromMachineId }) =>
          one.rooms.map(({ machineId: toMachineId }) => ({ id, fromMachineId, toMachineId })),
        )
        const enough = single.filter(move => {
          const { rooms, impossible } = make(alone, [move])
          return impossible === null && place(rooms, alone.wanted).unplaced.length === 0
        })
        expect(enough).toEqual([])
      }),
      { numRuns: 1_500, seed: 1 },
    )
  })

  it('fits with as many machines as it said are missing, and not with one fewer where all ask for the same', () => {
    fc.assert(
      fc.property(world, machine, (one, { closedBecause: _, ...empty }) => {
        const { rooms, wanted } = one
        const count = machinesMissing(rooms, wanted, empty)
        const bought = (n: number) =>
          Array.from({ length: n }, (_, i): MachineRoom => ({ ...empty, machineId: `b${i}`, closedBecause: null }))
        if (count === null) {
          const homeless = new Set(place(rooms, wanted).unplaced.map(({ id }) => id))
          const [fresh = aRoom('none', 0)] = bought(1)
          const holdsEach = wanted.every(want => !homeless.has(want.id) || missingOn(fresh, want) === null)
          const enough = place([...rooms, ...bought(wanted.length)], wanted).unplaced.length === 0
          expect(holdsEach && enough).toBe(false)
          return
        }
        expect(place([...rooms, ...bought(count)], wanted).unplaced).toEqual([])
        const [first] = wanted
        const alike = wanted.map(({ id }): Wanted => ({ ...(first as Wanted), id }))
        const fewest = machinesMissing(rooms, alike, empty)
        if (fewest) expect(place([...rooms, ...bought(fewest - 1)], alike).unplaced).not.toEqual([])
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })

  it('says the same of the same fleet in any order', () => {
    fc.assert(
      fc.property(world, ({ rooms, wanted, residents }) => {
        const said = findFit(rooms, wanted, residents)
        expect(findFit(rooms.toReversed(), wanted, residents.toReversed())).toEqual(said)
      }),
      { numRuns: 300, seed: 1 },
    )
  })
})
