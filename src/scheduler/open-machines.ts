// The machines of one group that take new service instances, numbered by id and held so that the best for a demand is found
// without looking at each. The order is the one of score.ts; within machines of one kind (their cards, zone and term) and with
// as many free cards it is the order of a `FreeList`, so only the first of each list has to be compared.
import { type Free, FreeList } from './free-list.ts'
import { compareRooms } from './score.ts'
import type { Demand, MachineRoom, Spread, Wanted } from './snapshot.ts'

/** Machines of one kind; `lists` by how many cards are free. */
interface Kind {
  gpuMemoryMib: number
  lists: (FreeList | undefined)[]
}

/** Where the instances of one service are. */
interface Standing {
  onMachine: Map<number, number>
  inZone: Map<string, number>
}

const none: ReadonlySet<number> = new Set()

export class OpenMachines {
  readonly #rooms: MachineRoom[]
  readonly #numbers = new Map<string, number>()
  readonly #free: Free
  readonly #kinds = new Map<string, Kind>()
  readonly #kindOf: Kind[]
  readonly #zones = new Map<string, string>()
  readonly #standings = new Map<string, Standing>()

  constructor(snapshot: readonly MachineRoom[]) {
    for (const room of snapshot) this.#zones.set(room.machineId, room.zoneId)
    const open = snapshot.filter(room => room.closedBecause === null)
    this.#rooms = open.map(room => ({ ...room })).sort((a, b) => (a.machineId < b.machineId ? -1 : 1))
    this.#free = {
      cpuMilli: Int32Array.from(this.#rooms, room => room.freeCpuMilli),
      memoryMib: Int32Array.from(this.#rooms, room => room.freeMemoryMib),
      gpuCount: Int32Array.from(this.#rooms, room => room.freeGpuCount),
    }
    this.#kindOf = this.#rooms.map((room, number) => {
      this.#numbers.set(room.machineId, number)
      return this.#kindFor(room)
    })
    for (const [kind, numbers] of Map.groupBy(this.#rooms.keys(), number => this.#kindOf[number] as Kind)) {
      for (const [cards, some] of Map.groupBy(numbers, number => this.#free.gpuCount[number] as number)) {
        // Below zero, its spec was sold smaller than it is used: it takes nothing.
        if (cards >= 0) kind.lists[cards] = new FreeList(this.#free, some)
      }
    }
  }

  /** Takes the room on the best machine and returns its id; null: it fits on none. */
  take(want: Wanted): string | null {
    const avoided = want.avoid ? this.#numbersOf(want.avoid) : none
    const standing = want.spread ? this.#standingOf(want.spread) : null
    const number = want.only === undefined ? this.#best(want, avoided, standing) : this.#only(want.only, want, avoided)
    if (number < 0) return null
    this.#takeFrom(number, want)
    const { machineId, zoneId } = this.#rooms[number] as MachineRoom
    if (standing) count(standing, number, zoneId)
    return machineId
  }

  /** What is free now, for who wants to know why it did not fit. */
  rooms(): MachineRoom[] {
    return this.#rooms
  }

  #kindFor({ gpuMemoryMib, zoneId, term = 'long' }: MachineRoom): Kind {
    const key = `${term} ${gpuMemoryMib} ${zoneId}`
    const kind = this.#kinds.get(key) ?? { gpuMemoryMib, lists: [] }
    this.#kinds.set(key, kind)
    return kind
  }

  #best(want: Wanted, avoided: ReadonlySet<number>, standing: Standing | null): number {
    // Spread over machines: those without one of the service come from the lists, those with one are few and looked at each.
    const beside = standing && want.spread?.by === 'machine' ? standing.onMachine : null
    const skip = avoided.size === 0 && !beside ? null : (at: number) => avoided.has(at) || beside?.has(at) === true
    const together = this.#together(want.spread, standing)
    let best = -1
    const consider = (number: number): void => {
      if (number < 0) return
      if (best < 0) best = number
      else {
        const [a, b] = [this.#rooms[number] as MachineRoom, this.#rooms[best] as MachineRoom]
        if (compareRooms(a, b, want, together) < 0) best = number
      }
    }
    for (const kind of this.#kinds.values()) consider(this.#firstOf(kind, want, skip))
    for (const number of beside?.keys() ?? []) if (!avoided.has(number) && this.#fits(number, want)) consider(number)
    return best
  }

  #only(machineId: string, want: Demand, avoided: ReadonlySet<number>): number {
    const number = this.#numbers.get(machineId) ?? -1
    return number >= 0 && !avoided.has(number) && this.#fits(number, want) ? number : -1
  }

  #together(spread: Spread | undefined, standing: Standing | null) {
    if (!spread || !standing) return undefined
    return ({ machineId }: { machineId: string }): number =>
      spread.by === 'zone'
        ? (standing.inZone.get(this.#zones.get(machineId) ?? '') ?? 0)
        : (standing.onMachine.get(this.#numbers.get(machineId) ?? -1) ?? 0)
  }

  #firstOf(
    kind: Kind,
    { cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: Demand,
    skip: ((at: number) => boolean) | null,
  ) {
    if (gpuCount > 0 && kind.gpuMemoryMib < gpuMemoryMib) return -1
    for (let cards = gpuCount; cards < kind.lists.length; cards++) {
      const number = kind.lists[cards]?.first(memoryMib, cpuMilli, skip) ?? -1
      if (number >= 0) return number
    }
    return -1
  }

  #fits(number: number, { cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: Demand): boolean {
    const room = this.#rooms[number] as MachineRoom
    return (
      cpuMilli <= room.freeCpuMilli &&
      memoryMib <= room.freeMemoryMib &&
      gpuCount <= room.freeGpuCount &&
      (gpuCount === 0 || gpuMemoryMib <= room.gpuMemoryMib)
    )
  }

  #takeFrom(number: number, { cpuMilli, memoryMib, gpuCount }: Demand): void {
    const { lists } = this.#kindOf[number] as Kind
    const room = this.#rooms[number] as MachineRoom
    lists[room.freeGpuCount]?.remove(number)
    this.#free.cpuMilli[number] = room.freeCpuMilli -= cpuMilli
    this.#free.memoryMib[number] = room.freeMemoryMib -= memoryMib
    this.#free.gpuCount[number] = room.freeGpuCount -= gpuCount
    const list = lists[room.freeGpuCount] ?? new FreeList(this.#free)
    lists[room.freeGpuCount] = list
    list.insert(number)
  }

  #numbersOf(machineIds: readonly string[]): Set<number> {
    return new Set(machineIds.flatMap(id => this.#numbers.get(id) ?? []))
  }

  #standingOf(spread: Spread): Standing {
    const known = this.#standings.get(spread.name)
    if (known) return known
    const standing: Standing = { onMachine: new Map(), inZone: new Map() }
    for (const id of spread.machineIds) count(standing, this.#numbers.get(id), this.#zones.get(id))
    this.#standings.set(spread.name, standing)
    return standing
  }
}

function count({ onMachine, inZone }: Standing, number: number | undefined, zoneId: string | undefined): void {
  if (number !== undefined) onMachine.set(number, (onMachine.get(number) ?? 0) + 1)
  if (zoneId !== undefined) inZone.set(zoneId, (inZone.get(zoneId) ?? 0) + 1)
}
