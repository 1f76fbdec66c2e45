// From services to what gateways serve, and the host of the gateways in this process. Routes are read from the database by
// generation, pushed, and acknowledged; what gateways say is written down, since a rollout is decided from rows.
import type { Ctx } from '../../db/ctx.ts'
import { type Db, fencedWrite, transaction } from '../../db/db.ts'
import { FencedError } from '../../db/fence.ts'
import type { SecretBox } from '../../identity/secret-box.ts'
import { messageOf } from '../../lib/errors.ts'
import type { ServiceSpec } from '../config/service-config.ts'
import { type ServiceRow, selectServices } from '../service.store.ts'
import { serviceStatus } from '../service.ts'
import { selectLive } from '../service-instance.store.ts'
import { isRouted } from '../service-instance.ts'
import { touchServiceKeys } from '../traffic/service-key.store.ts'
import { buildGroupRoutes, readTrafficParts, type TrafficParts } from '../traffic/traffic-routes.ts'
import type { InstanceReport, ServiceRoute, WaitingBounds } from './route.ts'
import {
  awaitGateways,
  changedServiceIds,
  currentGeneration,
  disconnectGateways,
  forgetGateways,
  forgetTraffic,
  type TrafficRow,
  upsertGateways,
  upsertTraffic,
  watchedInstanceIds,
} from './routes.store.ts'

/** Where the service JSON says nothing. */
const bodyMaxMibDefault = 100

export interface RouteChanges {
  generation: bigint
  upsert: ServiceRoute[]
  removeServiceIds: string[]
}

/** What changed after `since`; with 0n, all that exists. It may hold more than its generation says, never less. */
export async function buildRoutes(db: Db, box: SecretBox, since: bigint): Promise<RouteChanges> {
  // First the generation, then the rows: what is committed in between is sent again with the next one.
  const generation = await currentGeneration(db)
  if (generation === since) return { generation, upsert: [], removeServiceIds: [] }
  const changed = await changedServiceIds(db, since)
  const ids = changed.filter(service => !service.deleted).map(service => service.id)
  const [services, live, groups] = await Promise.all([
    selectServices(db, ids),
    selectLive(db, ids),
    buildGroupRoutes(db, box, since),
  ])
  const instances = Map.groupBy(live, instance => instance.serviceId)
  const removeServiceIds = changed.filter(service => service.deleted).map(service => service.id)
  const trafficOf = await readTrafficParts(db, box, services)
  const upsert = services.map(service => routeOf(service, trafficOf(service), instances.get(service.id) ?? []))
  return {
    generation,
    upsert: [...upsert, ...groups.upsert],
    removeServiceIds: [...removeServiceIds, ...groups.removeServiceIds],
  }
}

function routeOf(
  service: ServiceRow,
  traffic: TrafficParts,
  instances: Awaited<ReturnType<typeof selectLive>>,
): ServiceRoute {
  const { spec } = service
  const endpoints = instances.flatMap(instance => {
    const { id, host, port } = instance
    return isRouted(instance) && host !== null && port !== null
      ? [{ instanceId: id, host, port, healthPath: spec.health.path }]
      : []
  })
  return {
    serviceId: service.id,
    name: service.name,
    accountId: service.accountId,
    ...traffic,
    endpoints,
    status: serviceStatus({ service, instances, lastEnd: null }).status,
    limits: {
      requestTimeoutMs: spec.requestTimeoutMs,
      rateLimit: spec.rateLimit,
      ...inFlightBounds(spec, Math.max(1, service.replicas)),
      bodyMax: (spec.bodyMaxMib ?? bodyMaxMibDefault) * 2 ** 20,
    },
    ...(service.autoscaler?.min === 0 && service.desired === 'running' ? { waiting: waitingBounds(spec) } : {}),
  }
}

/** Where `max_queue_size` says nothing. */
const waitingMaxDefault = 500

/** As many as the service queues for one instance, and as long as one may take to start. */
const waitingBounds = ({ queueMax, requestTimeoutMs, health }: ServiceSpec): WaitingBounds => ({
  countMax: queueMax > 0 ? queueMax : waitingMaxDefault,
  timeoutMs: Math.min(requestTimeoutMs, health.startTimeoutMs),
})
/** EAS's, where a service says how much an instance gets at once and nothing of how much may wait. */
const queueMaxDefault = 64

function inFlightBounds(spec: ServiceRow['spec'], replicas: number): { maxInFlight: number; perInstance: number } {
  // Versions from before there was such a limit have none.
  const { queueMax, perInstance = 0, maxInFlight = 0 } = spec
  const queued = perInstance > 0 ? perInstance + (queueMax || queueMaxDefault) : queueMax
  const bounds = [queued * replicas, maxInFlight].filter(bound => bound > 0)
  return { maxInFlight: bounds.length === 0 ? 0 : Math.min(...bounds), perInstance }
}

/** The pushing end, as `RouteServer` of the gateway has it: services must not know gateways. */
export interface RoutePublisher {
  publish(change: { generation: number; upsert: ServiceRoute[]; removeServiceIds: string[] }): void
  watch(instanceIds: readonly string[]): void
}

interface Member {
  pid: number
  acknowledged: bigint
}

/**
 * Whether a rollout may wait for this word: zero in flight at what has left the routes. Any other is a figure, and under load
 * every request changes one: to look at all rollouts for each cost a third of a core at 300 requests a second.
 */
export const isAwaited = (
  report: Pick<InstanceReport, 'instanceId' | 'inFlight'>,
  routed: ReadonlySet<string>,
): boolean => report.inFlight === 0 && !routed.has(report.instanceId)

const leaseMs = 15_000
const renewPauseMs = 900
const forgottenAfterMs = 3_600_000
/** What comes within this time is written together: words that are awaited, and mere figures. */
const flushPauseMs = { awaited: 50, figures: 500 }

/**
 * Bridges one control process to its gateways. The app passes `RouteServer`'s callbacks on to it, `snapshot` included, gives
 * it that server as publisher, and runs `refresh` in a loop of 1 s that the services' reconciler nudges.
 */
export class RouteHost {
  readonly #ctx: Ctx
  readonly #box: SecretBox
  readonly #nudge: () => void
  readonly #onFenced: () => void
  readonly #members = new Map<string, Member>()
  readonly #services = new Map<string, ServiceRoute>()
  readonly #reports = new Map<string, TrafficRow>()
  #publisher: RoutePublisher | null = null
  #generation = 0n
  #renewedAt: Temporal.Instant | null = null
  #watched: string | null = null
  /** Ids of all instances in the routes; one belongs to one service. */
  readonly #routed = new Set<string>()
  /** Gateways and watched service instances of which they have spoken. */
  #heard = new Set<string>()
  readonly #dirty = new Set<string>()
  readonly #gone = new Set<string>()
  /** Those that said that they end, until it is written. */
  readonly #ended = new Map<string, Member>()
  readonly #keysUsed = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  /** Something awaited is not written yet. */
  #awaited = false
  #stopped = false
  #work: Promise<void> = Promise.resolve()

  /** `nudge`: the gateways have said something that a rollout may wait for. `onFenced`: it is another's to write down. */
  constructor(ctx: Ctx, box: SecretBox, nudge: () => void, onFenced: () => void = () => {}) {
    this.#ctx = ctx
    this.#box = box
    this.#nudge = nudge
    this.#onFenced = onFenced
  }

  /**
   * Before the first gateway connects: routes are loaded, and gateways that were connected are waited for, or those that are
   * expected.
   */
  async start(publisher: RoutePublisher, expected: readonly string[] = []): Promise<void> {
    this.#publisher = publisher
    const now = this.#ctx.clock.now()
    await fencedWrite(this.#ctx, db => awaitGateways(db, { now, until: this.#leaseUntil(), expected }))
    await this.refresh()
  }

  snapshot(): { generation: number; services: ServiceRoute[] } {
    return { generation: Number(this.#generation), services: [...this.#services.values()] }
  }

  /** Of a service that is routed. */
  nameOf(serviceId: string): string | null {
    return this.#services.get(serviceId)?.name ?? null
  }

  onConnect(gateway: { gatewayId: string; pid: number; generation: number }): void {
    this.#members.set(gateway.gatewayId, { pid: gateway.pid, acknowledged: BigInt(gateway.generation) })
    this.#gone.delete(gateway.gatewayId)
    this.#ended.delete(gateway.gatewayId)
    this.#soon(gateway.gatewayId, true)
  }

  onAck(gatewayId: string, generation: number): void {
    const member = this.#members.get(gatewayId)
    if (!member) return
    member.acknowledged = BigInt(generation)
    this.#soon(gatewayId, true)
  }

  onReport(gatewayId: string, generation: number, reports: readonly InstanceReport[]): void {
    let awaited = false
    for (const report of reports) {
      const key = `${gatewayId} ${report.instanceId}`
      // The first word is the baseline of a receipt: later ones must not take its place before it is written.
      awaited ||= isAwaited(report, this.#routed) || !this.#heard.has(key)
      this.#heard.add(key)
    }
    for (const { instanceId, served, failed, ...rest } of reports) {
      this.#reports.set(`${gatewayId} ${instanceId}`, {
        ...rest,
        gatewayId,
        serviceInstanceId: instanceId,
        generation: BigInt(generation),
        served: BigInt(served),
        failed: BigInt(failed),
      })
    }
    this.#soon(gatewayId, awaited)
  }

  onKeysUsed(keyIds: readonly string[]): void {
    for (const id of keyIds) this.#keysUsed.add(id)
  }

  /** `ended`: it serves nobody any more, and its lease ends with it. */
  onDisconnect(gatewayId: string, ended = false): void {
    const member = this.#members.get(gatewayId)
    this.#members.delete(gatewayId)
    if (ended && member) this.#ended.set(gatewayId, member)
    else this.#gone.add(gatewayId)
    this.#soon(gatewayId, true)
  }

  /** Pushes what changed in the database, says whom to watch, and renews the leases of those connected. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const { db, clock } = this.#ctx
      const changes = await buildRoutes(db, this.#box, this.#generation)
      for (const route of changes.upsert) this.#set(route.serviceId, route)
      for (const id of changes.removeServiceIds) this.#set(id, null)
      if (changes.generation !== this.#generation) {
        this.#generation = changes.generation
        this.#publisher?.publish({ ...changes, generation: Number(changes.generation) })
      }
      const watched = await watchedInstanceIds(db)
      if (watched.join() !== this.#watched) {
        this.#watched = watched.join()
        this.#heard = new Set([...this.#heard].filter(key => watched.includes(key.slice(key.indexOf(' ') + 1))))
        await fencedWrite(this.#ctx, tx => forgetTraffic(tx, watched))
        this.#publisher?.watch(watched)
      }
      await this.#flush()
      if (this.#keysUsed.size > 0) {
        const ids = [...this.#keysUsed]
        this.#keysUsed.clear()
        await fencedWrite(this.#ctx, tx => touchServiceKeys(tx, clock.now(), ids))
      }
      await this.#renewLeases()
    })
  }

  /** Changes may come many a second: a lease is renewed once in that time. */
  async #renewLeases(): Promise<void> {
    const now = this.#ctx.clock.now()
    if (this.#renewedAt !== null && now.since(this.#renewedAt).total('milliseconds') < renewPauseMs) return
    this.#renewedAt = now
    for (const gatewayId of this.#members.keys()) this.#dirty.add(gatewayId)
    await this.#flush()
    await fencedWrite(this.#ctx, db => forgetGateways(db, now.subtract({ milliseconds: forgottenAfterMs })))
  }

  /** What is said from now on is not written: gateways that lose us stay in the book as connected, and are waited for. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#inTurn(() => this.#flush())
  }

  #set(serviceId: string, route: ServiceRoute | null): void {
    for (const { instanceId } of this.#services.get(serviceId)?.endpoints ?? []) this.#routed.delete(instanceId)
    for (const { instanceId } of route?.endpoints ?? []) this.#routed.add(instanceId)
    if (route === null) this.#services.delete(serviceId)
    else this.#services.set(serviceId, route)
  }

  #leaseUntil(): Temporal.Instant {
    return this.#ctx.clock.now().add({ milliseconds: leaseMs })
  }

  #soon(gatewayId: string, awaited: boolean): void {
    if (this.#stopped) return
    this.#dirty.add(gatewayId)
    if (this.#timer !== null && (this.#awaited || !awaited)) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#awaited = awaited
    this.#timer = setTimeout(() => this.#writeDown(), awaited ? flushPauseMs.awaited : flushPauseMs.figures)
  }

  #writeDown(): void {
    const awaited = this.#awaited
    this.#timer = null
    this.#awaited = false
    this.#inTurn(() => this.#flush()).then(
      () => awaited && this.#nudge(),
      error => {
        if (error instanceof FencedError) this.#onFenced()
        else this.#ctx.log.error({ error: messageOf(error) }, 'what gateways said could not be written; again')
      },
    )
  }

  async #flush(): Promise<void> {
    if (this.#dirty.size === 0) return
    const now = this.#ctx.clock.now()
    const dirty = [...this.#dirty]
    const gone = [...this.#gone]
    const ended = new Map(this.#ended)
    const known = (id: string) => this.#members.get(id) ?? ended.get(id)
    const reports = [...this.#reports].filter(([, row]) => known(row.gatewayId) !== undefined)
    const leaseUntil = this.#leaseUntil()
    const rows = dirty.flatMap(id => {
      const member = known(id)
      if (!member) return []
      const connected = this.#members.has(id)
      return [
        {
          ...{ id, pid: member.pid, acknowledgedGeneration: member.acknowledged, connected, updatedAt: now },
          leaseUntil: connected ? leaseUntil : now,
        },
      ]
    })
    // What comes from now on belongs to the next flush.
    for (const kept of [this.#dirty, this.#gone, this.#ended, this.#reports]) kept.clear()
    try {
      await transaction(this.#ctx, async tx => {
        await upsertGateways(tx, rows)
        await disconnectGateways(tx, gone)
        await upsertTraffic(
          tx,
          now,
          reports.map(([, row]) => row),
        )
      })
    } catch (error) {
      for (const id of dirty) this.#dirty.add(id)
      for (const id of gone) if (!this.#members.has(id)) this.#gone.add(id)
      for (const [id, member] of ended) if (!this.#members.has(id)) this.#ended.set(id, member)
      for (const [key, row] of reports) if (!this.#reports.has(key)) this.#reports.set(key, row)
      throw error
    }
  }

  /** One thing at a time: generations are published in order, and rows never go back. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }
}
