// What a rebalance moves, and that nothing is moved for nothing: fewer machines in use, or a service less crowded.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { missingOn } from '../../src/scheduler/fits.ts'
import { type Movable, type Rebalance, rebalance, rebalanceMovesMax } from '../../src/scheduler/rebalance.ts'
import type { MachineRoom, Spread, Term } from '../../src/scheduler/snapshot.ts'

const gib = 1024
const aRoom = (machineId: string, freeGib: number, change: Partial<MachineRoom> = {}): MachineRoom => ({
  ...{ machineId, zoneId: 'zone-a', closedBecause: null, freeCpuMilli: 8000, freeMemoryMib: freeGib * gib },
  ...{ freeGpuCount: 0, gpuMemoryMib: 0 },
  ...change,
})
const stands = (id: string, machineId: string, size: number, change: Partial<Movable> = {}): Movable => ({
  ...{ id, machineId, cpuMilli: 100, memoryMib: size * gib, gpuCount: 0, gpuMemoryMib: 0 },
  ...change,
})
const apart = (by: Spread['by'], ...machineIds: string[]): { spread: Spread } => ({
  spread: { by, name: 'svc', machineIds },
})
const short = ({ moves, emptied }: Rebalance) => [
  ...moves.map(m => `${m.id}: ${m.fromMachineId} to ${m.toMachineId}`),
  ...emptied.map(id => `${id} is empty`),
]

describe('a rebalance', () => {
  const byHost = apart('machine', 'm1', 'm1', 'm1')
  const byZone = apart('zone', 'm1', 'm2')
  const cases: [string, MachineRoom[], Movable[], string[], string[]][] = [
    [
      'empties the machine with the least on it, onto the fullest that takes it',
      [aRoom('m1', 7), aRoom('m2', 2), aRoom('m3', 4)],
      [stands('a', 'm1', 1), stands('b', 'm2', 6), stands('c', 'm3', 4)],
      [],
      ['a: m1 to m2', 'm1 is empty'],
    ],
    [
      'moves all that is on a machine or nothing of it',
      [aRoom('m1', 4), aRoom('m2', 2)],
      [stands('a', 'm1', 2), stands('b', 'm1', 2), stands('c', 'm2', 6)],
      [],
      [],
    ],
    [
      'leaves a machine alone on which something stays, and packs onto it',
      [aRoom('m1', 7), aRoom('m2', 4)],
      [stands('a', 'm1', 1), stands('b', 'm2', 4)],
      ['m1'],
      ['b: m2 to m1', 'm2 is empty'],
    ],
    ['moves nothing onto a machine without anything', [aRoom('m1', 7), aRoom('m2', 8)], [stands('a', 'm1', 1)], [], []],
    [
      'moves nothing onto a machine that is held, or leaves sooner',
      [aRoom('m1', 7), aRoom('m2', 2, { closedBecause: 'held' }), aRoom('m3', 2, { term: 'short' })],
      [stands('a', 'm1', 1)],
      ['m2', 'm3'],
      [],
    ],
    [
      'takes nothing from who asks for cards',
      [aRoom('m1', 7), aRoom('m2', 7, { freeGpuCount: 1, gpuMemoryMib: 24 })],
      [stands('a', 'm1', 1)],
      ['m2'],
      [],
    ],
    [
      'spreads a service over machines, also onto one that is empty',
      [aRoom('m1', 2), aRoom('m2', 8), aRoom('m3', 8)],
      [stands('a', 'm1', 2, byHost), stands('b', 'm1', 2, byHost), stands('c', 'm1', 2, byHost)],
      [],
      ['a: m1 to m2', 'b: m1 to m3'],
    ],
    [
      'spreads a service over zones',
      [aRoom('m1', 6), aRoom('m2', 6), aRoom('m3', 8, { zoneId: 'zone-b' })],
      [stands('a', 'm1', 2, byZone), stands('b', 'm2', 2, byZone)],
      [],
      ['a: m1 to m3', 'm1 is empty'],
    ],
    [
      'does not pack what wants to be apart',
      [aRoom('m1', 6), aRoom('m2', 6)],
      [stands('a', 'm1', 2, apart('machine', 'm1', 'm2')), stands('b', 'm2', 2, apart('machine', 'm1', 'm2'))],
      [],
      [],
    ],
    [
      'looks again at what it could not empty, once another is: the larger goes elsewhere, and the smaller fits',
      [
        ...[aRoom('a', 0), aRoom('c', 0), aRoom('x', 4, { freeCpuMilli: 3000 })],
        ...[aRoom('y', 5, { freeCpuMilli: 1000 }), aRoom('z', 7, { freeCpuMilli: 0 })],
      ],
      [
        ...[stands('a1', 'a', 4, { cpuMilli: 1000 }), stands('a2', 'a', 3, { cpuMilli: 3000 })],
        ...[stands('c1', 'c', 7, { cpuMilli: 0 }), stands('c2', 'c', 1, { cpuMilli: 0 })],
      ],
      ['x', 'y', 'z'],
      ['c1: c to z', 'c2: c to x', 'a1: a to y', 'a2: a to x', 'a is empty', 'c is empty'],
    ],
  ]
  it.each(cases)('%s', (_name, rooms, residents, kept, said) => {
    expect(short(rebalance(rooms, residents, new Set(kept)))).toEqual(said)
  })

  it('moves no more at a time than its bound', () => {
    const rooms = Array.from({ length: 300 }, (_, n) => aRoom(`m${n}`, 15))
    const residents = rooms.map(({ machineId }, n) => stands(`r${n}`, machineId, 1))
    const { moves, emptied } = rebalance(rooms, residents, new Set())
    expect([moves.length, emptied.length]).toEqual([rebalanceMovesMax, rebalanceMovesMax])
  })
})

const machine = fc.record({
  closedBecause: fc.constantFrom(null, null, null, null, 'held' as const),
  term: fc.constantFrom<Term>('long', 'long', 'short', 'ending'),
  freeCpuMilli: fc.integer({ min: 0, max: 4000 }),
  freeMemoryMib: fc.integer({ min: 0, max: 12 }),
  freeGpuCount: fc.integer({ min: 0, max: 2 }),
  gpuMemoryMib: fc.constantFrom(0, 0, 24),
  zoneId: fc.constantFrom('zone-a', 'zone-b'),
})
const resident = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 1000 }),
  memoryMib: fc.integer({ min: 1, max: 6 }),
  gpuCount: fc.constantFrom(0, 0, 0, 1),
  service: fc.constantFrom('hosts', 'zones', 'plain'),
  on: fc.nat(6),
  stays: fc.constantFrom(false, false, false, true),
})

interface World {
  rooms: MachineRoom[]
  residents: Movable[]
  kept: ReadonlySet<string>
}

const worldOf = (apart: boolean) =>
  fc
    .tuple(fc.array(machine, { minLength: 2, maxLength: 7 }), fc.array(resident, { maxLength: 14 }))
    .map(([machines, there]): World => {
      const rooms = machines.map((room, n): MachineRoom => ({ ...room, machineId: `m${n}` }))
      const all = there.map(({ on, ...one }, n) => ({
        ...one,
        ...{ id: `r${n}`, gpuMemoryMib: 0, machineId: `m${on % rooms.length}` },
      }))
      const machinesOf = (name: string) => all.filter(one => one.service === name).map(one => one.machineId)
      const spreadOf = (name: string): { spread?: Spread } =>
        apart && name !== 'plain'
          ? { spread: { name, by: name === 'hosts' ? 'machine' : 'zone', machineIds: machinesOf(name) } }
          : {}
      const residents = all.filter(one => !one.stays)
      return {
        rooms,
        residents: residents.map(({ service, stays: _, ...one }): Movable => ({ ...one, ...spreadOf(service) })),
        kept: new Set(all.filter(one => one.stays).map(one => one.machineId)),
      }
    })
const world = worldOf(true)

const decide = ({ rooms, residents, kept }: World): Rebalance => rebalance(rooms, residents, kept)

/** As it is once all has moved. */
function moved({ rooms, residents, kept }: World, { moves }: Rebalance): World {
  const whither = new Map(moves.map(move => [move.id, move.toMachineId]))
  const placeOf = (one: Movable) => whither.get(one.id) ?? one.machineId
  const sum = (machineId: string, of: 'cpuMilli' | 'memoryMib' | 'gpuCount') =>
    residents.reduce((total, one) => {
      const [was, is] = [one.machineId === machineId, placeOf(one) === machineId]
      return total + (Number(was) - Number(is)) * one[of]
    }, 0)
  return {
    rooms: rooms.map(room => ({
      ...room,
      freeCpuMilli: room.freeCpuMilli + sum(room.machineId, 'cpuMilli'),
      freeMemoryMib: room.freeMemoryMib + sum(room.machineId, 'memoryMib'),
      freeGpuCount: room.freeGpuCount + sum(room.machineId, 'gpuCount'),
    })),
    residents: residents.map(one => {
      const there = { ...one, machineId: placeOf(one) }
      if (!one.spread) return there
      const own = moves.filter(({ id }) => residents.find(other => other.id === id)?.spread?.name === one.spread?.name)
      const machineIds = [...one.spread.machineIds]
      for (const { fromMachineId, toMachineId } of own) machineIds[machineIds.indexOf(fromMachineId)] = toMachineId
      return { ...there, spread: { ...one.spread, machineIds } }
    }),
    kept,
  }
}

/** What a rebalance is for: how crowded services are that want to be apart, and how many machines are in use. */
function measure({ rooms, residents, kept }: World): { crowding: number; used: number } {
  const zoneOf = (id: string) => rooms.find(room => room.machineId === id)?.zoneId
  const spreads = new Map(residents.flatMap(({ spread }) => (spread ? [[spread.name, spread]] : [])))
  let crowding = 0
  for (const { by, machineIds } of spreads.values()) {
    const sites = Map.groupBy(machineIds, id => (by === 'zone' ? zoneOf(id) : id))
    for (const together of sites.values()) crowding += together.length ** 2
  }
  return { crowding, used: new Set([...kept, ...residents.map(one => one.machineId)]).size }
}

const termOf = (room: MachineRoom | undefined) => ['long', 'short', 'ending'].indexOf(room?.term ?? 'long')

describe('a rebalance, whatever the fleet', () => {
  it('has room for each replacement before anything has left, on a machine that is open and no worse', () => {
    fc.assert(
      fc.property(world, one => {
        const free = new Map(one.rooms.map(room => [room.machineId, { ...room }]))
        for (const { id, fromMachineId, toMachineId } of decide(one).moves) {
          const resident = one.residents.find(other => other.id === id) as Movable
          const target = free.get(toMachineId) as MachineRoom
          expect(resident.machineId).toBe(fromMachineId)
          expect(fromMachineId).not.toBe(toMachineId)
          expect([target.closedBecause, missingOn(target, resident)]).toEqual([null, null])
          expect(termOf(target)).toBeLessThanOrEqual(termOf(free.get(fromMachineId)))
          target.freeCpuMilli -= resident.cpuMilli
          target.freeMemoryMib -= resident.memoryMib
          target.freeGpuCount -= resident.gpuCount
        }
      }),
      { numRuns: 600, seed: 1 },
    )
  })

  it('never crowds a service more, moves nothing for nothing, and comes to an end', () => {
    let count = 0
    fc.assert(
      fc.property(world, one => {
        let present = one
        for (let turn = 0; ; turn++) {
          const said = decide(present)
          if (said.moves.length === 0) break
          const next = moved(present, said)
          const [before, then] = [measure(present), measure(next)]
          expect(then.crowding).toBeLessThanOrEqual(before.crowding)
          expect(then.crowding < before.crowding || then.used < before.used).toBe(true)
          expect(said.emptied.every(id => !next.residents.some(({ machineId }) => machineId === id))).toBe(true)
          expect(turn).toBeLessThan(20)
          present = next
          count++
        }
      }),
      { numRuns: 600, seed: 1 },
    )
    expect(count).toBeGreaterThan(60)
  })

  it('has nothing left for a second one where no service wants to be apart', () => {
    fc.assert(
      fc.property(worldOf(false), one => {
        expect(decide(moved(one, decide(one))).moves).toEqual([])
      }),
      { numRuns: 600, seed: 1 },
    )
  })

  it('leaves no service instance alone on a machine that another in use would take it from', () => {
    fc.assert(
      fc.property(worldOf(false), one => {
        const { rooms, residents, kept } = moved(one, decide(one))
        const roomOf = new Map(rooms.map(room => [room.machineId, room]))
        const used = new Set([...kept, ...residents.map(({ machineId }) => machineId)])
        for (const [machineId, there] of Map.groupBy(residents, ({ machineId }) => machineId)) {
          const [alone, other] = there
          const source = roomOf.get(machineId) as MachineRoom
          if (!alone || other || kept.has(machineId) || source.closedBecause !== null) continue
          const takers = rooms.filter(
            room =>
              room.machineId !== machineId &&
              used.has(room.machineId) &&
              room.closedBecause === null &&
              termOf(room) <= termOf(source) &&
              (alone.gpuCount > 0 || room.gpuMemoryMib === 0 || source.gpuMemoryMib > 0) &&
              missingOn(room, alone) === null,
          )
          expect(takers).toEqual([])
        }
      }),
      { numRuns: 600, seed: 1 },
    )
  })

  it('is the same of the same fleet in any order', () => {
    fc.assert(
      fc.property(world, ({ rooms, residents, kept }) => {
        expect(rebalance(rooms.toReversed(), residents.toReversed(), kept)).toEqual(rebalance(rooms, residents, kept))
      }),
      { numRuns: 300, seed: 1 },
    )
  })
})
