// What would come of services in a world as it is assumed, played forward in memory: the plan that `planService` makes and the
// places that `place` finds, round after round as the reconciler has them, until nothing moves. Taken for granted is only what
// nobody can know before: what is started gets ready, what is told to end ends, and the gateways hear of it at once.
import { isDeepStrictEqual } from 'node:util'
import type { Db } from '../../db/db.ts'
import { freeCapacity } from '../../fleet/reservation.ts'
import { withRoom } from '../../scheduler/fit.ts'
import { place } from '../../scheduler/place.ts'
import type { ClosedBecause, Demand, MachineRoom, Plan, Wanted } from '../../scheduler/snapshot.ts'
import type { RuntimeObservation } from '../driver.ts'
import { comparePlacing, idsToPlace } from '../rollout/place-waiting.ts'
import { planService } from '../rollout/rollout.ts'
import type { Action, ServiceSnapshot, StopAction } from '../rollout/rollout-snapshot.ts'
import { snapshotOf } from '../rollout/service-snapshot.ts'
import type { World } from '../rollout/snapshot.store.ts'
import { demandOf, specOf, type WorldService, wantedOf } from '../rollout/world.ts'
import { isRouted, type LeavingBecause, type ServiceInstance } from '../service-instance.ts'

export interface Rehearsed {
  service: WorldService
  /** As it is assumed, before anything is done. */
  snapshot: ServiceSnapshot
  /** Those that are there in the end. */
  instances: readonly ServiceInstance[]
  /** Those that have left the routes, or ended, and what for. */
  left: ReadonlyMap<string, LeavingBecause>
  /** What is made at once, as it is after its first look for a place. */
  begun: readonly ServiceInstance[]
  /** In the routes at the worst moment. */
  runningAfter: number
}

export interface Rehearsing {
  world: World
  /** Machines that will be open (null) or closed otherwise than now. */
  closed?: ReadonlyMap<string, ClosedBecause | null>
  /** Those that are gone once nothing is left on them. */
  released?: ReadonlySet<string>
  now: Temporal.Instant
  /** Bounds what it costs to look at a rollout of very many replicas; to the end by default. */
  rounds?: number
}

/** Long after everything that moves has come to its end. */
const roundsMax = 100

/** In the order of the world's services. */
export async function rehearse(
  db: Db,
  { world, closed = new Map(), released = new Set(), now, rounds = roundsMax }: Rehearsing,
): Promise<Rehearsed[]> {
  const groups = new Map<string, Rooms>()
  for (const groupId of new Set(world.services.map(service => service.groupId))) {
    groups.set(groupId, new Rooms(await freeCapacity(db, groupId, now), closed))
  }
  const parts = world.services.map(service => new Part(service, world, now, groups.get(service.groupId) as Rooms))
  const inTurn = parts.toSorted((a, b) => comparePlacing(a.service, b.service))
  for (let round = 0; round < rounds; round++) {
    for (const part of inTurn) part.plan()
    // As `placeWaiting` and `applyPlan` have it: who gives room back takes of it first, and comes after those who don't.
    for (const part of inTurn) if (!part.givesRoomBack) part.place()
    for (const part of inTurn) part.apply()
    const used = new Set(parts.flatMap(part => part.machineIds))
    for (const rooms of groups.values()) rooms.remove([...released.difference(used)])
    if (!parts.some(part => part.moved)) break
  }
  return parts.map(part => part.rehearsed)
}

/** What is free in one group. */
class Rooms {
  readonly #rooms: Map<string, MachineRoom>

  constructor(free: readonly MachineRoom[], closed: ReadonlyMap<string, ClosedBecause | null>) {
    this.#rooms = new Map(free.map(room => [room.machineId, roomWith(room, closed)]))
  }

  place(wanted: readonly Wanted[]): Plan {
    const plan = place([...this.#rooms.values()], wanted)
    const demands = new Map(wanted.map(want => [want.id, want]))
    for (const { id, machineId } of plan.placed) this.#change(machineId, demands.get(id) as Wanted, -1)
    return plan
  }

  giveBack(machineId: string, demand: Demand): void {
    this.#change(machineId, demand, 1)
  }

  remove(machineIds: readonly string[]): void {
    for (const id of machineIds) this.#rooms.delete(id)
  }

  #change(machineId: string, demand: Demand, sign: 1 | -1): void {
    const room = this.#rooms.get(machineId)
    if (room) this.#rooms.set(machineId, withRoom(room, demand, sign))
  }
}

/** A machine that is closed otherwise than now is so by more than a cordon. */
export function roomWith(room: MachineRoom, closed: ReadonlyMap<string, ClosedBecause | null>): MachineRoom {
  const because = closed.get(room.machineId)
  if (because === undefined) return room
  const { cordonedBy: _, ...rest } = room
  return { ...rest, closedBecause: because }
}

/** One service's part. */
class Part {
  readonly service: WorldService
  readonly snapshot: ServiceSnapshot
  /** Whether anything did in this round. */
  moved = false
  readonly #world: World
  readonly #now: Temporal.Instant
  readonly #rooms: Rooms
  readonly #instances: Map<string, ServiceInstance>
  readonly #left = new Map<string, LeavingBecause>()
  #rollout: WorldService['rollout']
  #actions: readonly Action[] = []
  /** null: the first round is not over. */
  #begun: Map<string, ServiceInstance> | null = null
  #made = 0
  #runningAfter: number

  constructor(service: WorldService, world: World, now: Temporal.Instant, rooms: Rooms) {
    this.service = service
    // Whatever is not known beforehand is taken to go well: no gateway is waited for, no request.
    this.#world = { ...world, gateways: [], traffic: new Map() }
    this.#now = now
    this.#rooms = rooms
    this.#rollout = service.rollout
    this.#instances = new Map((world.instances.get(service.id) ?? []).map(one => [one.id, one]))
    this.snapshot = snapshotOf(now, world, new Map(), service)
    this.#runningAfter = this.#running()
  }

  get givesRoomBack(): boolean {
    return this.#actions.some(action => action.do === 'end')
  }

  get machineIds(): string[] {
    return [...this.#instances.values()].flatMap(one => one.machineId ?? [])
  }

  get rehearsed(): Rehearsed {
    const { service, snapshot } = this
    const instances = [...this.#instances.values()]
    const begun = [...(this.#begun?.values() ?? [])]
    return { service, snapshot, instances, left: this.#left, begun, runningAfter: this.#runningAfter }
  }

  plan(): void {
    const instances = [...this.#instances.values()]
    const words = new Map(instances.flatMap(wordOf))
    const snapshot = snapshotOf(this.#now, this.#world, words, { ...this.service, rollout: this.#rollout })
    this.#actions = planService({ ...snapshot, instances }).actions
    this.moved = false
  }

  place(): void {
    const instances = [...this.#instances.values()]
    const asking = idsToPlace(this.#actions).flatMap(id => this.#instances.get(id) ?? [])
    const wanted = asking.map(one => wantedOf(this.service, one, instances))
    if (wanted.length === 0) return
    const { placed, unplaced } = this.#rooms.place(wanted)
    for (const { id, machineId } of placed) {
      this.#change(id, { phase: 'starting', machineId, waitingReason: null, startedAt: this.#now })
    }
    for (const { id, reason } of unplaced) {
      const before = this.#instances.get(id)?.waitingReason
      if (before && isDeepStrictEqual(before, reason)) continue
      this.#change(id, { waitingReason: reason })
    }
    for (const { id } of wanted) this.#note(id)
  }

  #note(id: string): void {
    const begun = this.#begun?.get(id)
    const instance = this.#instances.get(id)
    const isFirst = begun?.phase === 'waiting' && begun.waitingReason === null
    if (isFirst && instance) this.#begun?.set(id, instance)
  }

  apply(): void {
    for (const action of this.#actions) this.#apply(action)
    this.#create()
    if (this.givesRoomBack) this.place()
    this.#runningAfter = Math.min(this.#runningAfter, this.#running())
  }

  #apply(action: Action): void {
    switch (action.do) {
      case 'admit':
        this.#change(action.id, { phase: 'ready', ready: true, routedAtGeneration: 0n })
        break
      case 'leave':
        this.#left.set(action.id, action.because)
        this.#change(action.id, { phase: 'leaving', ready: false, leavingBecause: action.because })
        break
      case 'stop':
        this.#stop(action)
        break
      case 'start_again':
        this.#startAgain(action.id)
        break
      case 'drop_restart':
        this.#change(action.id, { processRestart: null })
        break
      case 'keep_out':
        this.#left.set(action.id, action.because)
        this.#change(action.id, { leavingBecause: action.because, processRestart: null })
        break
      case 'isolate':
        this.#change(action.id, { phase: 'isolated' })
        break
      case 'end':
        this.#end(action.id)
        break
      case 'stay':
        this.#change(action.id, { moveTo: null })
        break
      case 'pause':
        if (this.#rollout !== null) this.#rollout = { ...this.#rollout, pause: action.pause }
        this.moved = true
        break
      case 'settle':
        this.#rollout = null
        break
      // Written with the others (`#create`), done before (`place`), or no matter here.
      case 'create':
      case 'place':
      case 'launch':
      case 'note_fetch':
      case 'suspend':
      case 'finish_delete':
        break
    }
  }

  /** In the order in which `selectLive` will read them: by what they replace, and those that replace nothing last. */
  #create(): void {
    const made = this.#actions.flatMap(action => (action.do === 'create' ? [this.#instanceOf(action)] : []))
    this.#begun ??= new Map(made.map(one => [one.id, one]))
    if (made.length === 0) return
    for (const one of made.toSorted(compareMade)) this.#instances.set(one.id, one)
    this.moved = true
  }

  #instanceOf({ replacesId, drainId, crashCount, version, restartGeneration }: CreateAction): ServiceInstance {
    const { accountId, id: serviceId } = this.service
    const id = `new ${serviceId} ${this.#made++}`
    return {
      ...{
        id,
        accountId,
        serviceId,
        version,
        restartGeneration,
        replacesId,
        drainId,
        crashCount,
        createdAt: this.#now,
      },
      ...{ machineId: null, phase: 'waiting', ready: false, leavingBecause: null, leavingAt: null },
      ...{ waitingReason: null, host: null, port: null, routedAtGeneration: null, unroutedAtGeneration: null },
      ...{ gpuIndexes: [], goFirst: null, eviction: null, moveTo: null, startedAt: null, readyAt: null },
      ...{ restartCount: 0, processRestart: null },
    }
  }

  #startAgain(id: string): void {
    const begun = { phase: 'starting' as const, processRestart: null, leavingBecause: null, leavingAt: null }
    const restartCount = (this.#instances.get(id)?.restartCount ?? 0) + 1
    this.#change(id, { ...begun, restartCount, routedAtGeneration: null, unroutedAtGeneration: null })
  }

  #end(id: string): void {
    const instance = this.#instances.get(id)
    if (!instance) return
    const { machineId, phase } = instance
    if (machineId !== null) this.#rooms.giveBack(machineId, this.#demandOf(instance))
    // Without having been told to: its machine is gone.
    if (machineId !== null && (phase === 'starting' || phase === 'ready')) this.#left.set(id, 'lost')
    this.#instances.delete(id)
    this.moved = true
  }

  /** Those that were not in the routes: the others have left before. */
  #stop({ id, because }: StopAction): void {
    const phase = this.#instances.get(id)?.phase
    if (phase === 'starting' || phase === 'isolated') this.#left.set(id, because)
    this.#change(id, { phase: 'stopping', ready: false, leavingBecause: because })
  }

  #change(id: string, change: Partial<ServiceInstance>): void {
    const instance = this.#instances.get(id)
    if (!instance) return
    this.#instances.set(id, { ...instance, ...change })
    this.moved = true
  }

  #demandOf(instance: ServiceInstance): Demand {
    return demandOf(specOf(this.service, instance))
  }

  #running(): number {
    return [...this.#instances.values()].filter(isRouted).length
  }
}

type CreateAction = Extract<Action, { do: 'create' }>

/** What is made at one instant, in the order in which it waits. */
export function compareMade(a: Pick<ServiceInstance, 'replacesId'>, b: Pick<ServiceInstance, 'replacesId'>): number {
  if (a.replacesId === null || b.replacesId === null)
    return Number(a.replacesId === null) - Number(b.replacesId === null)
  return a.replacesId < b.replacesId ? -1 : 1
}

/** What the driver would say: what serves goes on as it is, what starts is ready, what was told to end has ended. */
function wordOf({ id, machineId, phase, ready }: ServiceInstance): [string, RuntimeObservation][] {
  if (machineId === null || phase === 'leaving') return []
  if (phase === 'stopping') return [[id, { state: 'ended', reason: 'Stopped', exitCode: 0, signal: null, message: '' }]]
  return [[id, { state: 'running', ready: phase === 'starting' || ready, host: '', port: 0, connections: null }]]
}
