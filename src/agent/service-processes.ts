// All service processes of one agent, by the id of their service instance. Every call is idempotent.
import { rmSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Refusal } from '../lib/errors.ts'
import { listProcesses, signal } from './processes.ts'
import type { ServiceInstanceSpec, ServiceInstanceState, StopRequest } from './protocol.ts'
import { type AgentContext, ServiceProcess } from './service-process.ts'

export type AgentRefusal =
  | 'InvalidSpec'
  | 'SpecConflict'
  | 'ServiceInstanceNotFound'
  | 'ServiceInstanceNotEnded'
  | 'AgentVersionMismatch'

export class ServiceProcesses {
  readonly #ctx: AgentContext
  /** A promise from the first moment on: two calls at once for one id must not start it twice. */
  readonly #byId = new Map<string, { spec: ServiceInstanceSpec; service: Promise<ServiceProcess> }>()

  constructor(ctx: AgentContext) {
    this.#ctx = ctx
  }

  /** Finds again what an earlier agent started, and clears away fences that belong to nothing. */
  async adopt(): Promise<{ live: number; ended: number }> {
    const { records, unreadable } = this.#ctx.records.load()
    for (const name of unreadable) this.#ctx.log.error({ name }, 'a record could not be read and was set aside')
    const services = await Promise.all(
      records.map(record => {
        const service = ServiceProcess.adopt(this.#ctx, record)
        this.#byId.set(record.spec.id, { spec: record.spec, service })
        return service
      }),
    )
    await this.#clearFences()
    return {
      live: services.filter(service => !service.ended).length,
      ended: services.filter(({ ended }) => ended).length,
    }
  }

  async ensure(spec: ServiceInstanceSpec): Promise<ServiceInstanceState> {
    const known = this.#byId.get(spec.id)
    if (known !== undefined && !isDeepStrictEqual(known.spec, spec)) {
      throw new Refusal('SpecConflict', `${spec.id} runs already with another spec: use a new id`, { field: 'id' })
    }
    const service = known?.service ?? ServiceProcess.start(this.#ctx, spec)
    if (known === undefined) {
      this.#byId.set(spec.id, { spec, service })
      service.catch(() => this.#byId.delete(spec.id)) // Failed in an unforeseen way: the next call tries anew.
    }
    return this.#stateOf(await service)
  }

  async list(): Promise<ServiceInstanceState[]> {
    const [services, connections] = await Promise.all([this.#all(), this.#ctx.connections()])
    return services.map(service => service.state(connections))
  }

  /** Of all that are known, ended ones included: their directories are there until they are forgotten. */
  async specs(): Promise<ServiceInstanceSpec[]> {
    return (await this.#all()).map(({ spec }) => spec)
  }

  async get(id: string): Promise<ServiceInstanceState> {
    return this.#stateOf(await this.#find(id))
  }

  async stop(id: string, request: StopRequest): Promise<ServiceInstanceState> {
    const service = await this.#find(id)
    service.stop(request)
    return this.#stateOf(service)
  }

  /** Its record and its directory go; its logs follow their retention. */
  async forget(id: string): Promise<void> {
    const service = await this.#byId.get(id)?.service
    if (service === undefined) return
    if (!service.ended)
      throw new Refusal('ServiceInstanceNotEnded', `${id} is still running: stop it first`, { field: 'id' })
    this.#ctx.records.remove(id)
    this.#byId.delete(id)
    rmSync(service.directory, { recursive: true, force: true })
  }

  /** One look at every live process. */
  async look(): Promise<void> {
    const live = (await this.#all()).filter(service => !service.ended)
    if (live.length === 0) return
    const all = this.#ctx.limits.mode === 'watched' || process.platform !== 'linux' ? await listProcesses() : null
    await Promise.all(live.map(service => service.look(all)))
  }

  /** Drops ended ones that nobody asked to forget, logs past their time, and fences that were still busy at the end. */
  async sweep(retainHours: number): Promise<void> {
    const oldest = this.#ctx.clock.now().subtract({ hours: retainHours })
    const live = new Set<string>()
    for (const service of await this.#all()) {
      if (service.endedAt === null) live.add(service.spec.id)
      else if (Temporal.Instant.compare(service.endedAt, oldest) < 0) await this.forget(service.spec.id)
    }
    this.#ctx.logs.sweep(live)
    await this.#clearFences()
  }

  #all(): Promise<ServiceProcess[]> {
    return Promise.all([...this.#byId.values()].map(({ service }) => service))
  }

  async #find(id: string): Promise<ServiceProcess> {
    const known = this.#byId.get(id)
    if (known === undefined)
      throw new Refusal('ServiceInstanceNotFound', `the agent knows no service instance ${id}`, { field: 'id' })
    return known.service
  }

  async #stateOf(service: ServiceProcess): Promise<ServiceInstanceState> {
    return service.state(await this.#ctx.connections())
  }

  async #clearFences(): Promise<void> {
    const { limits, fencePrefix } = this.#ctx
    const inUse = new Set((await this.#all()).filter(({ ended }) => !ended).flatMap(service => service.fencePaths))
    for (const fence of limits.leftovers(fencePrefix)) {
      if (fence.paths.some(path => inUse.has(path))) continue
      for (const pid of fence.members() ?? []) signal(pid, 'SIGKILL')
      fence.remove()
    }
  }
}
