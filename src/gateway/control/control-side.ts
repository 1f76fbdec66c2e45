// What a gateway has from control, and what it tells it: routes are applied, kept on disk and acknowledged, figures are reported. A
// generation is acknowledged in the same turn in which it was applied and kept, so every request that begins later obeys it.
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import type { GatewayFigures } from '../../services/metrics/service-traffic.ts'
import type { GatewayContext } from '../context.ts'
import type { WaitingReport } from '../exchange/waiting.ts'
import { InstanceReports } from '../instances/instance-reports.ts'
import { Instances } from '../instances/instances.ts'
import { type RouteMessage, RoutesFile } from '../routes/routes-file.ts'
import { type ControlAddresses, ControlLink } from './control-link.ts'
import type { FromGateway, ToGateway } from './protocol.ts'

export interface ControlSideOptions {
  gatewayId: string
  /** null: nobody is told, and what was kept is served by. */
  control: ControlAddresses | null
  /** null: nothing is kept. */
  routesFile: string | null
  log: Logger
  /** It has accepted nobody yet. */
  fresh(): boolean
  figures(): GatewayFigures
}

export class ControlSide {
  readonly instances: Instances
  readonly #options: ControlSideOptions
  readonly #context: GatewayContext
  readonly #file: RoutesFile | null
  readonly #reports: InstanceReports
  #link: ControlLink | null = null
  /** The generation that requests obey and that is kept on disk. */
  #kept = -1
  /** Control has told all its routes. */
  #told = false
  #onRoutes: () => void = () => {}

  constructor(context: GatewayContext, options: ControlSideOptions) {
    this.#context = context
    this.#options = options
    this.#file = options.routesFile === null ? null : new RoutesFile(options.routesFile)
    this.#reports = new InstanceReports(instances =>
      this.#link?.send({ type: 'instances', generation: this.#kept, instances }),
    )
    this.instances = new Instances(this.#reports)
  }

  generation(): number {
    return this.#context.table.generation
  }

  /** Serves by the newest routes that were kept, until control tells others. */
  readKept(): void {
    const kept = this.#file?.readNewest() ?? { messages: [], own: true }
    for (const message of kept.messages) this.#applyRoutes(message)
    this.#kept = this.generation()
    if (kept.messages.length > 0) this.#rewrite(!kept.own)
  }

  connect(): void {
    const { control: addresses, log } = this.#options
    if (addresses === null || this.#link !== null) return
    const onMessage = (message: ToGateway) => this.#onMessage(message)
    this.#link = new ControlLink({ addresses, log, hello: () => this.#hello(), onMessage })
  }

  disconnect(): void {
    this.#link?.close()
  }

  /** Resolves once there are routes to serve by: control's, or those that were kept where it tells none for so long. */
  async haveRoutes(withinMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#onRoutes = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (this.generation() >= 0) return
    throw new Error('there are no routes to serve by: control does not answer, and none were kept; start control first')
  }

  /** Nobody is connected any more: what is kept is whole, and figures are on their way. */
  flush(): void {
    this.#file?.finish()
    this.#reports.flush()
  }

  /** The last that is told. */
  leave(): void {
    this.heartbeat()
    this.#link?.send({ type: 'bye', generation: this.#kept })
    this.#link?.close()
  }

  tellWaiting(report: WaitingReport): void {
    this.#link?.send({ type: 'waiting', generation: this.#kept, services: [report] })
  }

  heartbeat(): void {
    this.instances.forgetOld(this.#context.clock.monotonicMs())
    if (this.#link?.connected !== true) return
    const services = []
    for (const { usage } of this.#context.table.services()) if (usage.changed) services.push(usage.report())
    const keysUsed = this.#context.table.takeUsedKeys()
    const gateway = this.#options.figures()
    this.#link.send({ type: 'heartbeat', generation: this.#kept, services, keysUsed, gateway })
  }

  #hello(): FromGateway {
    // Control may have been started anew: it counts from what the first heartbeat says.
    for (const { usage } of this.#context.table.services()) usage.changed = true
    this.#context.table.forgetParts()
    const { gatewayId } = this.#options
    const own = { takesParts: true, hearsAlive: true, fresh: this.#options.fresh() }
    return { type: 'hello', gatewayId, pid: process.pid, generation: this.#kept, ...own }
  }

  #onMessage(message: ToGateway): void {
    if (message.type === 'alive' || message.type === 'notMine') return
    if (message.type === 'watch') {
      this.instances.watch(message.instanceIds)
      return
    }
    this.#applyRoutes(message)
    if (message.type === 'change') this.#append(message)
    else if (message.more !== true) {
      this.#told = true
      this.#rewrite(true)
    }
  }

  #acknowledge(): void {
    this.#kept = this.generation()
    if (this.#told) this.#onRoutes()
    this.#link?.send({ type: 'ack', generation: this.#kept })
    // A zero counts only with the generation it was counted under, so the figures follow each acknowledgement.
    this.instances.reportWatched()
  }

  #applyRoutes(message: RouteMessage): void {
    const { table, desk } = this.#context
    const services = message.type === 'snapshot' ? message.services : message.upsert
    if (message.type === 'snapshot') table.replaceAll(message.generation, services, message.more)
    else table.apply(message)
    this.#context.waiting.settle(service => table.has(service.route.serviceId))
    // What waits for room may find some where the endpoints are others now.
    for (const { serviceId } of services) {
      const service = table.find(serviceId)
      const bounds = service?.bounds ?? null
      if (service === null || bounds === null || bounds.perInstance === 0) continue
      const instanceIds = service.targets.map(target => target.endpoint.instanceId)
      desk.moved(serviceId, bounds, instanceIds)
    }
  }

  /** A disk that is full must not stop routes from taking effect: what is served is right, what is kept is older. */
  #append(change: RouteMessage): void {
    // Another may be in this one's place by now; nobody will start by what it keeps.
    if (this.#context.closing) {
      this.#acknowledge()
      return
    }
    try {
      if (this.#file?.append(change, this.#context.table.size) === true) this.#rewrite(false)
    } catch (error) {
      this.#complain(error)
    }
    if (this.#file?.replacing !== true) this.#acknowledge()
  }

  /** `replaces`: control has told all anew, and what is kept of it is acknowledged. */
  #rewrite(replaces: boolean): void {
    const { table } = this.#context
    const onEnd = (error: unknown): void => {
      if (error !== null) this.#complain(error)
      if (replaces) this.#acknowledge()
    }
    if (this.#file === null || this.#context.closing) onEnd(null)
    else this.#file.rewrite(table.generation, table.routes(), replaces, onEnd)
  }

  #complain(error: unknown): void {
    this.#options.log.error({ error: messageOf(error) }, 'the routes could not be kept on disk')
  }
}
