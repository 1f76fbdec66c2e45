// Rebalance: which of what runs in a group should move so that it stands as placement would like it (score.ts), were it placed
// anew. First what a service asks for: its instances apart. Then fewer machines: one is emptied where all that is on it finds
// room on others that are in use. Where things go is what `place` says. Pure, bounded, and the same whatever the order.
//
// No move uses room that another leaves, so that each fits with its replacement first, in this order or all at once. None goes
// to a machine that is worse for it: one that leaves sooner, or whose cards it has no use for.
import { type Move, type Resident, withRoom } from './fit.ts'
import { place } from './place.ts'
import type { MachineRoom, Spread, Term, Wanted } from './snapshot.ts'

/** A service instance that has its place and may be moved; its spread counts it too. */
export interface Movable extends Resident {
  spread?: Spread
}

export interface Rebalance {
  moves: Move[]
  /** Machines on which nothing is left, by id. */
  emptied: string[]
}

export const rebalanceMovesMax = 100
/** Machines and service instances looked at in all. */
const looksMax = 1_000_000

interface Draft {
  residents: ReadonlyMap<string, Movable>
  /** Machines on which something stays, whatever is moved. */
  kept: ReadonlySet<string>
  /** What is free, less what has moved there; what a move leaves is not given back. */
  rooms: Map<string, MachineRoom>
  /** Where each is by now. */
  at: Map<string, string>
  /** By the name of the spread, the machine of each that counts. */
  standing: Map<string, string[]>
  looks: number
}

/** `kept`: machines on which something stays that is not among the residents. */
export function rebalance(
  rooms: readonly MachineRoom[],
  residents: readonly Movable[],
  kept: ReadonlySet<string>,
): Rebalance {
  const ordered = residents.toSorted(byId)
  const draft: Draft = {
    ...{ residents: new Map(ordered.map(one => [one.id, one])), kept, looks: 0 },
    rooms: new Map(rooms.map(room => [room.machineId, room])),
    at: new Map(ordered.map(one => [one.id, one.machineId])),
    standing: new Map(ordered.flatMap(({ spread }) => (spread ? [[spread.name, [...spread.machineIds]]] : []))),
  }
  for (const apart of [...Map.groupBy(ordered, one => one.spread?.name ?? '')].sort(byName)) spreadOut(draft, apart[1])
  pack(draft)
  const used = inUse(draft)
  return {
    moves: [...draft.at].flatMap(([id, toMachineId]): Move[] => {
      const { machineId: fromMachineId } = draft.residents.get(id) as Movable
      return fromMachineId === toMachineId ? [] : [{ id, fromMachineId, toMachineId }]
    }),
    emptied: [...new Set(ordered.map(one => one.machineId))].filter(id => !used.has(id)).sort(),
  }
}

/** One goes from where most of its service are to where at least two fewer are: each such move evens them out. */
function spreadOut(draft: Draft, ofService: readonly Movable[]): void {
  const [one] = ofService
  if (one?.spread === undefined) return
  while (hasLooks(draft)) {
    const move = ofService
      .map(resident => ({ resident, id: resident.id, crowd: crowd(draft, resident, hereOf(draft, resident)) }))
      .filter(({ crowd }) => crowd >= 2)
      .sort((a, b) => b.crowd - a.crowd || byId(a, b))
      .values()
      .map(({ resident }): Move => ({ id: resident.id, ...betterFor(draft, resident) }))
      .find(({ fromMachineId, toMachineId }) => fromMachineId !== toMachineId)
    if (!move || !hasMoves(draft, [move])) return
    make(draft, move)
  }
}

function betterFor(draft: Draft, resident: Movable): Omit<Move, 'id'> {
  const here = hereOf(draft, resident)
  const toMachineId = placeOn(draft, openRooms(draft), [resident])?.get(resident.id) ?? here
  const evens = crowd(draft, resident, here) - crowd(draft, resident, toMachineId) >= 2
  return { fromMachineId: here, toMachineId: evens ? toMachineId : here }
}

/** Again from the first as long as one is emptied: nothing is left for a second rebalance. */
function pack(draft: Draft): void {
  const emptyAll = (): boolean => machinesToEmpty(draft).filter(id => empty(draft, id)).length > 0
  while (emptyAll());
}

/** Those with the least to move first. */
function machinesToEmpty(draft: Draft): string[] {
  const load = (machineId: string) => {
    const there = residentsOn(draft, machineId)
    const sum = (of: 'gpuCount' | 'memoryMib' | 'cpuMilli'): number => there.reduce((total, one) => total + one[of], 0)
    return { id: machineId, gpuCount: sum('gpuCount'), memoryMib: sum('memoryMib'), cpuMilli: sum('cpuMilli') }
  }
  return [...new Set(draft.at.values())]
    .filter(id => !draft.kept.has(id) && draft.rooms.get(id)?.closedBecause === null)
    .map(load)
    .sort((a, b) => -bySize(a, b) || byId(a, b))
    .map(({ id }) => id)
}

/** All that is there or nothing; and never by putting together what a service wants apart. */
function empty(draft: Draft, machineId: string): boolean {
  if (!hasLooks(draft)) return false
  const there = residentsOn(draft, machineId)
  const used = inUse(draft)
  const targets = openRooms(draft).filter(room => room.machineId !== machineId && used.has(room.machineId))
  const places = placeOn(draft, targets, there)
  if (places === null) return false
  const moves = there.map(({ id }): Move => ({ id, fromMachineId: machineId, toMachineId: places.get(id) as string }))
  if (!hasMoves(draft, moves) || gathers(draft, there, moves)) return false
  for (const move of moves) make(draft, move)
  return true
}

/** Where placement puts them, the largest first, each with none of these where it is now; null: not all of them find a place. */
function placeOn(
  draft: Draft,
  targets: readonly MachineRoom[],
  moving: readonly Movable[],
): ReadonlyMap<string, string> | null {
  draft.looks += targets.length + moving.length
  const largestFirst = moving.toSorted((a, b) => bySize(a, b) || byId(a, b))
  const wanted = largestFirst.map((resident): Wanted => {
    const { id, cpuMilli, memoryMib, gpuCount, gpuMemoryMib, spread } = resident
    const here = hereOf(draft, resident)
    const avoid = targets.filter(room => !suits(draft, resident, room)).map(room => room.machineId)
    const want = { id, cpuMilli, memoryMib, gpuCount, gpuMemoryMib, avoid: [here, ...avoid] }
    if (spread === undefined) return want
    const leaving = moving.filter(one => one.spread?.name === spread.name).map(one => hereOf(draft, one))
    return { ...want, spread: { ...spread, machineIds: without(draft.standing.get(spread.name) ?? [], leaving) } }
  })
  const { placed, unplaced } = place(targets, wanted)
  return unplaced.length > 0 ? null : new Map(placed.map(one => [one.id, one.machineId]))
}

const terms: readonly Term[] = ['long', 'short', 'ending']
const termOf = ({ term = 'long' }: MachineRoom): number => terms.indexOf(term)

function suits(draft: Draft, resident: Movable, target: MachineRoom): boolean {
  const source = draft.rooms.get(hereOf(draft, resident))
  if (source === undefined) return false
  const takesCards = resident.gpuCount === 0 && target.gpuMemoryMib > 0 && source.gpuMemoryMib === 0
  return termOf(target) <= termOf(source) && !takesCards
}

/** Whether one of their services would stand closer together than now. */
function gathers(draft: Draft, there: readonly Movable[], moves: readonly Move[]): boolean {
  const spreads = new Map(there.flatMap(({ spread }) => (spread ? [[spread.name, spread]] : [])))
  return [...spreads.values()].some(({ name, by }) => {
    const own = moves.filter(({ id }) => draft.residents.get(id)?.spread?.name === name)
    const now = draft.standing.get(name) ?? []
    const left = without(
      now,
      own.map(move => move.fromMachineId),
    )
    const then = [...left, ...own.map(move => move.toMachineId)]
    return crowding(draft, by, then) > crowding(draft, by, now)
  })
}

/** Squares of how many stand together, summed. */
const crowding = (draft: Draft, by: Spread['by'], machineIds: readonly string[]): number =>
  [...Map.groupBy(machineIds, id => siteOf(draft, by, id)).values()].reduce((sum, { length }) => sum + length ** 2, 0)

const siteOf = ({ rooms }: Draft, by: Spread['by'], machineId: string): string =>
  by === 'zone' ? (rooms.get(machineId)?.zoneId ?? '') : machineId

/** How many of its service are on this machine, or in its zone. */
function crowd(draft: Draft, { spread }: Movable, machineId: string): number {
  if (spread === undefined) return 0
  const site = siteOf(draft, spread.by, machineId)
  return (draft.standing.get(spread.name) ?? []).filter(id => siteOf(draft, spread.by, id) === site).length
}

function make(draft: Draft, { id, fromMachineId, toMachineId }: Move): void {
  const resident = draft.residents.get(id) as Movable
  const { spread } = resident
  draft.rooms.set(toMachineId, withRoom(draft.rooms.get(toMachineId) as MachineRoom, resident, -1))
  // The latest move is the last in the order.
  draft.at.delete(id)
  draft.at.set(id, toMachineId)
  if (spread === undefined) return
  const others = without(draft.standing.get(spread.name) ?? [], [fromMachineId])
  draft.standing.set(spread.name, [...others, toMachineId])
}

function hasMoves(draft: Draft, more: readonly Move[]): boolean {
  const moving = new Set(more.map(({ id }) => id))
  for (const [id, machineId] of draft.at) if (draft.residents.get(id)?.machineId !== machineId) moving.add(id)
  return moving.size <= rebalanceMovesMax
}

const hasLooks = ({ looks }: Draft): boolean => looks < looksMax

const hereOf = ({ at }: Draft, { id }: Movable): string => at.get(id) as string

const inUse = ({ at, kept }: Draft): ReadonlySet<string> => new Set([...kept, ...at.values()])

const openRooms = ({ rooms }: Draft): MachineRoom[] =>
  [...rooms.values()].filter(({ closedBecause }) => closedBecause === null)

const residentsOn = ({ at, residents }: Draft, machineId: string): Movable[] =>
  [...residents.values()].filter(({ id }) => at.get(id) === machineId)

/** Each of `some` is taken away once. */
function without(all: readonly string[], some: readonly string[]): string[] {
  const left = [...all]
  for (const one of some) {
    const index = left.indexOf(one)
    if (index >= 0) left.splice(index, 1)
  }
  return left
}

type Size = Pick<Resident, 'gpuCount' | 'memoryMib' | 'cpuMilli'>

/** The largest first. */
const bySize = (a: Size, b: Size): number =>
  b.gpuCount - a.gpuCount || b.memoryMib - a.memoryMib || b.cpuMilli - a.cpuMilli

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
