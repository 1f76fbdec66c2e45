// The duty `routes`: routes out to gateways, acknowledgements and traffic in, and what is known from those alone. What is known
// begins anew with each term of duty, as with a control that was started anew: gateways say it again when they connect.

import type { Engine } from '../catalog/offering.ts'
import type { Config } from '../config/config.ts'
import { RouteDoor } from '../gateway/control/route-door.ts'
import { RouteServer } from '../gateway/control/route-server.ts'
import { workerId } from '../gateway/worker-id.ts'
import { routeSocketPath } from '../processes/run-state.ts'
import type { HeldDuty } from '../reconcile/duties.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { reconcileAutoscale } from '../services/autoscale/reconcile-autoscale.ts'
import type { RuntimeDriver } from '../services/driver.ts'
import { Measurements } from '../services/metrics/measurements.ts'
import { TrafficTotals } from '../services/metrics/traffic-totals.ts'
import { RouteHost, type RoutePublisher } from '../services/routes/routes.ts'
import type { Drivers } from './engine-drivers.ts'
import type { Context, Nudge } from './shared.ts'

interface Term {
  fencingToken: bigint
  host: RouteHost
  server: RouteServer
  measurements: Measurements
  totals: TrafficTotals
}

export interface RoutesDutyParts {
  config: Config
  engines: ReadonlyMap<string, Engine>
  drivers: Drivers
  nudge: Nudge
  /** Something that came from gateways could not be written: the duty is another's. */
  onFenced(duty: HeldDuty): void
}

export class RoutesDuty {
  readonly #parts: RoutesDutyParts
  readonly #door: RouteDoor | null
  #term: Term | null = null
  #work: Promise<unknown> = Promise.resolve()

  constructor(ctx: Context, parts: RoutesDutyParts) {
    this.#parts = parts
    const { listen, secret } = parts.config.roles
    this.#door = listen !== null && secret !== null ? new RouteDoor({ ...listen, secret, log: ctx.log }) : null
  }

  /** Gateways are told from now on who has not the routes. */
  async listen(): Promise<void> {
    await this.#door?.listen()
  }

  get port(): number | null {
    return this.#door?.port ?? null
  }

  /** On duty: begins a term with the first run. */
  refresh(ctx: Context, duty: HeldDuty): Promise<Report> {
    return this.#inTurn(async () => {
      if (this.#term?.fencingToken !== duty.fencingToken) await this.#begin(ctx, duty)
      await this.#term?.host.refresh()
      return idle
    })
  }

  async measure(): Promise<Report> {
    return (await this.#term?.measurements.run()) ?? idle
  }

  async autoscale(ctx: Context): Promise<Report> {
    return this.#term === null ? idle : reconcileAutoscale(ctx, this.#term.measurements)
  }

  /** Off duty: gateways are sent to look for another. */
  end(): Promise<void> {
    return this.#inTurn(() => this.#end())
  }

  async close(): Promise<void> {
    await this.end()
    await this.#door?.close()
  }

  /** What gateways carried, while this controller has the routes. */
  traffic(): { totals: TrafficTotals; nameOf(serviceId: string): string | null } | null {
    const term = this.#term
    return term && { totals: term.totals, nameOf: serviceId => term.host.nameOf(serviceId) }
  }

  async #begin(ctx: Context, duty: HeldDuty): Promise<void> {
    await this.#end()
    const { config, nudge } = this.#parts
    const host = new RouteHost(
      ctx,
      ctx.box,
      () => nudge('services'),
      () => this.#parts.onFenced(duty),
    )
    const measurements = this.#measurements(ctx)
    const totals = new TrafficTotals(config.metrics.servicesMax)
    const path = this.#door === null ? routeSocketPath(config.dataDir) : null
    const server = routeServerOf({ host, measurements, totals }, path, ctx)
    const publish: RoutePublisher['publish'] = change => {
      measurements.forget(change.removeServiceIds)
      totals.forget(change.removeServiceIds)
      server.publish(change)
    }
    await host.start({ publish, watch: instanceIds => server.watch(instanceIds) }, gatewayBeside(config))
    await server.listen()
    this.#term = { fencingToken: duty.fencingToken, host, server, measurements, totals }
    this.#door?.lead(server)
  }

  async #end(): Promise<void> {
    const term = this.#term
    this.#term = null
    this.#door?.lead(null)
    await term?.host.stop().catch(() => {}) // What it has not written is another's to say.
    await term?.server.close()
  }

  /** What services do and use, from the gateways and from the engines that can tell. */
  #measurements(ctx: Context): Measurements {
    const { engines, drivers, nudge } = this.#parts
    const found = new Map<string, RuntimeDriver>()
    for (const [regionId, engine] of engines) {
      const runtime = drivers[engine]?.runtime
      if (runtime?.measure) found.set(regionId, runtime)
    }
    return new Measurements(ctx, { engines: () => found, onWaiting: () => nudge('autoscale') })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }
}

/** The workers of the gateway that is started with this control, as its first one names them. */
const gatewayBeside = ({ roles, gateway, gatewayWorkers }: Config): string[] =>
  roles.gatewayBeside ? Array.from({ length: gatewayWorkers }, (_, index) => workerId(gateway.name, index)) : []

function routeServerOf(
  { host, measurements, totals }: Pick<Term, 'host' | 'measurements' | 'totals'>,
  path: string | null,
  { log }: Context,
): RouteServer {
  return new RouteServer({
    path,
    log,
    snapshot: () => host.snapshot(),
    onConnect: (gateway, fresh) => {
      host.onConnect(gateway)
      measurements.onConnect(gateway.gatewayId, fresh)
      totals.onConnect(gateway, fresh)
    },
    onAck: (gatewayId, generation) => host.onAck(gatewayId, generation),
    onReport: (gatewayId, generation, instances) => host.onReport(gatewayId, generation, instances),
    onHeartbeat: (gatewayId, _generation, services, gateway) => {
      measurements.onHeartbeat(gatewayId, services)
      totals.onHeartbeat(gatewayId, services, gateway)
    },
    onWaiting: (gatewayId, services) => measurements.onWaiting(gatewayId, services),
    onDisconnect: (gatewayId, ended) => {
      host.onDisconnect(gatewayId, ended)
      measurements.onDisconnect(gatewayId, ended)
      totals.onDisconnect(gatewayId, ended)
    },
    onKeysUsed: keyIds => host.onKeysUsed(keyIds),
  })
}
