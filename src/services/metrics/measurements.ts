// Measures services: adds up what gateways say of traffic, asks the engines what instances use, and writes a point for each
// service every ten seconds, all of them in one statement; each minute it writes the minute and forgets what is too old.
import type { Ctx } from '../../db/ctx.ts'
import { fencedWrite } from '../../db/db.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Report } from '../../reconcile/loop.ts'
import type { RuntimeDriver, RuntimeFigures } from '../driver.ts'
import { liveGateways } from '../routes/routes.store.ts'
import { merge } from './merge-points.ts'
import {
  forgetPoints,
  insertPoints,
  type MeasuredInstance,
  type NewPoint,
  selectBetween,
  selectMeasured,
  selectOwners,
} from './metrics.store.ts'
import { coarseSeconds, fineSeconds, type InstanceFigures, type TrafficFigures } from './point.ts'
import { noTraffic, TrafficSums, type TrafficWord } from './traffic-sums.ts'

export interface MeasurementOptions {
  /** The regions whose engine can tell what instances use, with it. */
  engines(): ReadonlyMap<string, RuntimeDriver>
  /** Told when requests wait for a service that has no instance. */
  onWaiting(): void
}

export class Measurements {
  readonly #ctx: Ctx
  readonly #options: MeasurementOptions
  readonly #sums = new TrafficSums()
  /** What each instance had used when it was asked last. */
  readonly #used = new Map<string, RuntimeFigures>()
  #stepAt: Temporal.Instant | null = null

  constructor(ctx: Ctx, options: MeasurementOptions) {
    this.#ctx = ctx
    this.#options = options
  }

  onConnect(gatewayId: string, fresh = false): void {
    this.#sums.onConnect(gatewayId, fresh)
  }

  onDisconnect(gatewayId: string, ended = false): void {
    this.#sums.onDisconnect(gatewayId, ended)
  }

  onHeartbeat(gatewayId: string, words: readonly TrafficWord[]): void {
    this.#sums.onHeartbeat(gatewayId, words)
    if (words.some(word => word.waiting > 0)) this.#options.onWaiting()
  }

  onWaiting(gatewayId: string, services: readonly { serviceId: string; waiting: number }[]): void {
    for (const { serviceId, waiting } of services) this.#sums.onWaiting(gatewayId, serviceId, waiting)
    if (services.some(({ waiting }) => waiting > 0)) this.#options.onWaiting()
  }

  /** Services that are routed no more. */
  forget(serviceIds: readonly string[]): void {
    this.#sums.forget(serviceIds)
  }

  /** Requests that wait at the gateways for an instance of this service. */
  waiting(serviceId: string): number {
    return this.#sums.waiting(serviceId)
  }

  /** Whether somebody has asked since the last point ended, or asks now. */
  isActive(serviceId: string): boolean {
    return this.#sums.isActive(serviceId)
  }

  /** Run every second: a look at what is in flight, and at the end of a step its points. */
  async run(): Promise<Report> {
    const now = this.#ctx.clock.now()
    const stepAt = startOf(now, fineSeconds)
    const before = this.#stepAt
    this.#stepAt = stepAt
    if (before === null || before.equals(stepAt)) {
      this.#sums.sample()
      return { found: 0, changed: 0 }
    }
    const points = await this.#pointsOf(before, now)
    await fencedWrite(this.#ctx, db => insertPoints(db, points))
    const minute = startOf(now, coarseSeconds)
    if (!minute.equals(startOf(before, coarseSeconds))) await this.#endMinute(startOf(before, coarseSeconds), now)
    this.#sums.sample()
    return { found: points.length, changed: 0 }
  }

  async #pointsOf(at: Temporal.Instant, now: Temporal.Instant): Promise<NewPoint[]> {
    const { db } = this.#ctx
    const { figures, whole } = this.#sums.take()
    const isKnown = whole && (await this.#hearsAll(now))
    const engines = this.#options.engines()
    const measured = await selectMeasured(db, [...engines.keys()])
    const used = await this.#ask(engines, measured)
    const instances = Map.groupBy(measured, instance => instance.serviceId)
    const owners = await selectOwners(db, [...new Set([...figures.keys(), ...instances.keys()])])
    return [...owners].map(([serviceId, accountId]) => ({
      ...{ accountId, serviceId, at, seconds: fineSeconds },
      traffic: isKnown ? rounded(figures.get(serviceId) ?? noTraffic) : null,
      instances: (instances.get(serviceId) ?? []).map(one => figuresOf(one, used.get(one.id) ?? null)),
    }))
  }

  /** A gateway may serve without being heard: then the sum is less than what is. */
  async #hearsAll(now: Temporal.Instant): Promise<boolean> {
    const { heard } = this.#sums
    return (await liveGateways(this.#ctx.db, now)).every(({ id }) => heard.has(id))
  }

  /** What each instance used since it was asked last. */
  async #ask(
    engines: ReadonlyMap<string, RuntimeDriver>,
    measured: readonly MeasuredInstance[],
  ): Promise<Map<string, Used>> {
    const answers = new Map<string, Used>()
    for (const [regionId, instances] of Map.groupBy(measured, instance => instance.regionId)) {
      const refs = instances.map(({ id, machineId, restartCount, gpuIndexes }) => {
        return { serviceInstanceId: id, restartCount, machineId, gpuIndexes }
      })
      try {
        const words = (await engines.get(regionId)?.measure?.(refs)) ?? []
        for (const [index, { id }] of instances.entries()) {
          const word = words[index]
          if (word) answers.set(id, usedSince(this.#used.get(id) ?? null, word))
          if (word) this.#used.set(id, word)
        }
      } catch (error) {
        this.#ctx.log.warn({ regionId, error: messageOf(error) }, 'no figures of the service instances of a region')
      }
    }
    const known = new Set(measured.map(instance => instance.id))
    for (const id of this.#used.keys()) if (!known.has(id)) this.#used.delete(id)
    return answers
  }

  async #endMinute(minute: Temporal.Instant, now: Temporal.Instant): Promise<void> {
    const fine = await selectBetween(this.#ctx.db, minute, minute.add({ seconds: coarseSeconds }))
    const minutes = [...Map.groupBy(fine, point => point.serviceId).values()].map(points => merge(points, minute))
    await fencedWrite(this.#ctx, async db => {
      await insertPoints(db, minutes)
      await forgetPoints(db, now)
    })
  }
}

type Used = Pick<InstanceFigures, 'cpuMilli' | 'memoryMib' | 'gpuPercent'>

/** A process that was started anew counts from zero: nothing is known of it until it was asked twice. */
function usedSince(before: RuntimeFigures | null, { cpuMs, atMs, memoryMib, gpuPercent }: RuntimeFigures): Used {
  const passedMs = before === null ? 0 : atMs - before.atMs
  const usedMs = cpuMs === null || before === null || before.cpuMs === null ? -1 : cpuMs - before.cpuMs
  const cpuMilli = passedMs > 0 && usedMs >= 0 ? Math.round((1_000 * usedMs) / passedMs) : null
  return { cpuMilli, memoryMib, gpuPercent }
}

const unmeasured: Used = { cpuMilli: null, memoryMib: null, gpuPercent: null }

const figuresOf = ({ id, ready }: MeasuredInstance, used: Used | null): InstanceFigures => ({
  ...{ serviceInstanceId: id, ready },
  ...(used ?? unmeasured),
})

const rounded = (traffic: TrafficFigures): TrafficFigures => ({
  ...traffic,
  inFlight: Math.round(traffic.inFlight * 100) / 100,
})

/** The start of the step that holds an instant: steps are the same in every process. */
function startOf(now: Temporal.Instant, seconds: number): Temporal.Instant {
  const step = seconds * 1_000
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(now.epochMilliseconds / step) * step)
}
