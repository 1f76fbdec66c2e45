// Will it fit: what is wanted is placed by the code that places it for real. Where that finds no room, moves of what runs are
// looked for that make room, as few as will do; and how many machines of a kind would. Pure.
//
// The search is bounded and its order fixed. A move is made replacement first: its target has room for it while it still
// stands where it was, so no service serves with fewer on the way. It makes room for what is wanted, never for another move.
import { missingOn } from './fits.ts'
import { place } from './place.ts'
import { compareRooms } from './score.ts'
import type { Demand, MachineRoom, Missing, Plan, Unplaced, Wanted } from './snapshot.ts'

/** A service instance that has its place and may be moved. */
export interface Resident extends Demand {
  id: string
  machineId: string
}

export interface Move {
  id: string
  fromMachineId: string
  toMachineId: string
}

/** `beside`: it waits for the same room, and whether it gets any is not what is asked. */
export interface ToPlace extends Wanted {
  beside?: boolean
}

/** The plan is of what is asked alone. */
export interface Fit extends Plan {
  verdict: 'fits' | 'fits_after_moves' | 'does_not_fit'
  /** In the order in which they can be made; what is wanted is placed after the last. */
  moves: Move[]
}

export const movesMax = 4
/** Machines and service instances looked at in all, so that the answer comes at once in a large group as well. */
const looksMax = 400_000

export function findFit(
  rooms: readonly MachineRoom[],
  wanted: readonly ToPlace[],
  residents: readonly Resident[],
): Fit {
  const search: Search = { wanted, besides: besidesOf(wanted), looks: 0 }
  const plan = place(rooms, wanted)
  if (homeless(search, plan).length === 0) return { verdict: 'fits', moves: [], ...asked(search, plan) }
  for (let most = 1; most <= movesMax && search.looks < looksMax; most++) {
    const found = withMoves(search, { rooms, residents, moves: [], plan }, most)
    if (found) return { verdict: 'fits_after_moves', moves: found.moves, ...asked(search, found.plan) }
  }
  return { verdict: 'does_not_fit', moves: [], ...asked(search, plan) }
}

const besidesOf = (wanted: readonly ToPlace[]): ReadonlySet<string> =>
  new Set(wanted.flatMap(({ id, beside }) => (beside ? [id] : [])))

type Besides = Pick<Search, 'besides'>

const homeless = ({ besides }: Besides, { unplaced }: Plan): Unplaced[] => unplaced.filter(({ id }) => !besides.has(id))

const asked = (search: Besides, plan: Plan): Plan => ({
  placed: plan.placed.filter(({ id }) => !search.besides.has(id)),
  unplaced: homeless(search, plan),
})

/**
 * How many empty machines like this one are enough for all, beside those that are there; null: no number of them is, as where
 * one would not hold what found no room.
 */
export function machinesMissing(
  rooms: readonly MachineRoom[],
  wanted: readonly ToPlace[],
  empty: Omit<MachineRoom, 'machineId' | 'closedBecause'>,
): number | null {
  const besides = besidesOf(wanted)
  const without = new Set(homeless({ besides }, place(rooms, wanted)).map(({ id }) => id))
  // A spread is a wish: nobody is to buy machines for it.
  const alike = wanted.filter(({ id }) => without.has(id)).map(({ spread: _, ...want }) => want)
  const bought = wanted.map((_, n): MachineRoom => ({ ...empty, machineId: `new ${n}`, closedBecause: null }))
  const alone = place(bought, alike)
  if (alone.unplaced.length > 0) return null
  const least = new Set(alone.placed.map(({ machineId }) => machineId)).size
  // More than the homeless take by themselves only where others like the new machines better than their own.
  for (let count = least; count <= bought.length; count++) {
    if (homeless({ besides }, place([...rooms, ...bought.slice(0, count)], wanted)).length === 0) return count
  }
  return null
}

interface Search {
  wanted: readonly ToPlace[]
  besides: ReadonlySet<string>
  looks: number
}

/** The world after some moves, and what placement finds in it. */
interface State {
  rooms: readonly MachineRoom[]
  residents: readonly Resident[]
  moves: Move[]
  plan: Plan
}

/** Depth first; the smallest service instance goes first, to where placement would put it. */
function withMoves(search: Search, state: State, most: number): State | null {
  for (const resident of worthMoving(search, state, most)) {
    for (const target of targetsOf(state.rooms, resident)) {
      if (search.looks >= looksMax) return null
      const next = afterMove(search, state, resident, target)
      if (homeless(search, next.plan).length === 0) return next
      const found = most > 1 ? withMoves(search, next, most - 1) : null
      if (found) return found
    }
  }
  return null
}

function afterMove(search: Search, state: State, resident: Resident, target: MachineRoom): State {
  const { id, machineId: fromMachineId } = resident
  const toMachineId = target.machineId
  const rooms = state.rooms.map(room => {
    if (room.machineId === fromMachineId) return withRoom(room, resident, 1)
    return room.machineId === toMachineId ? withRoom(room, resident, -1) : room
  })
  search.looks += rooms.length + search.wanted.length
  return {
    rooms,
    // What has moved stays there.
    residents: state.residents.filter(other => other.id !== id),
    moves: [...state.moves, { id, fromMachineId, toMachineId }],
    plan: place(rooms, search.wanted),
  }
}

/** `sign` 1: with as much more free on it; -1: with as much less. */
export const withRoom = (
  room: MachineRoom,
  { cpuMilli, memoryMib, gpuCount }: Omit<Demand, 'gpuMemoryMib'>,
  sign: 1 | -1,
): MachineRoom => ({
  ...room,
  freeCpuMilli: room.freeCpuMilli + sign * cpuMilli,
  freeMemoryMib: room.freeMemoryMib + sign * memoryMib,
  freeGpuCount: room.freeGpuCount + sign * gpuCount,
})

/** Less what is taken on each. */
export function lessTaken(
  rooms: readonly MachineRoom[],
  taken: readonly (Omit<Demand, 'gpuMemoryMib'> & { machineId: string | null })[],
): MachineRoom[] {
  const on = Map.groupBy(taken, one => one.machineId)
  return rooms.map(room => (on.get(room.machineId) ?? []).reduce((left, one) => withRoom(left, one, -1), room))
}

/** Those on machines that so many moves could make large enough; of equal ones on a machine the first. */
function worthMoving(search: Search, { rooms, residents, plan }: State, most: number): Resident[] {
  const wants = new Map(search.wanted.map(want => [want.id, want]))
  const lacking = distinct(homeless(search, plan).flatMap(({ id }) => wants.get(id) ?? []))
  const left = new Map(rooms.filter(room => room.closedBecause === null).map(room => [room.machineId, room]))
  for (const { id, machineId } of plan.placed) {
    left.set(machineId, withRoom(left.get(machineId) as MachineRoom, wants.get(id) as Wanted, -1))
  }
  const found: Resident[] = []
  for (const [machineId, there] of Map.groupBy(residents, resident => resident.machineId)) {
    const room = left.get(machineId)
    if (!room) continue
    const short = lacking.flatMap(want => missingOn(room, want) ?? []).filter(missing => mayFree(there, missing, most))
    found.push(...distinct(there.toSorted(byId)).filter(one => short.some(missing => lessens(one, missing))))
  }
  return found.toSorted((a, b) => a.memoryMib - b.memoryMib || a.cpuMilli - b.cpuMilli || byId(a, b))
}

const freed = ['cpuMilli', 'memoryMib', 'gpuCount'] as const

/** Whether so many of these hold what is missing, one resource at a time; cards do not grow. */
function mayFree(there: readonly Resident[], missing: Missing, most: number): boolean {
  const largest = (of: (typeof freed)[number]): number =>
    there
      .map(one => one[of])
      .sort((a, b) => b - a)
      .slice(0, most)
      .reduce((sum, value) => sum + value, 0)
  return missing.gpuMemoryMib === 0 && freed.every(of => missing[of] === 0 || largest(of) >= missing[of])
}

const lessens = (one: Demand, missing: Missing): boolean => freed.some(of => missing[of] > 0 && one[of] > 0)

/** The best first; of machines that are alike the first. */
function targetsOf(rooms: readonly MachineRoom[], resident: Resident): MachineRoom[] {
  const fitting = rooms.filter(
    room => room.closedBecause === null && room.machineId !== resident.machineId && missingOn(room, resident) === null,
  )
  const seen = new Set<string>()
  return fitting
    .toSorted((a, b) => compareRooms(a, b, resident))
    .filter(({ term, zoneId, freeCpuMilli, freeMemoryMib, freeGpuCount, gpuMemoryMib }) => {
      const key = `${term} ${zoneId} ${freeCpuMilli} ${freeMemoryMib} ${freeGpuCount} ${gpuMemoryMib}`
      return !seen.has(key) && seen.add(key)
    })
}

function distinct<T extends Demand>(demands: readonly T[]): T[] {
  const key = ({ cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: Demand): string =>
    `${cpuMilli} ${memoryMib} ${gpuCount} ${gpuMemoryMib}`
  return [...Map.groupBy(demands, key).values()].flatMap(([first]) => (first ? [first] : []))
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
