// What must never happen in a full group, from where callers stand: who serves is in the routes of every gateway, and its process
// answers. It knows what people have asked for, and nothing of how a rollout decides.
import { sql } from 'kysely'
import type { Services } from '../../services/services-fixtures.ts'
import type { LateGateways } from './late-gateways.ts'

/** A service instance that has not ended; a service without any has one row, with an empty id. */
export interface Seen {
  serviceId: string
  serviceName: string
  wanted: number
  instanceId: string
  replacesId: string | null
  machineId: string | null
  restartCount: number | null
  phase: string | null
  version: number | null
}

/** How many of its instances may be out of service at once while it is rolled out. */
export type Bounds = (serviceName: string) => number

export class Watch {
  readonly #services: Services
  readonly #gateways: LateGateways
  readonly #unavailable: Bounds
  readonly #report: (serviceName: string, violation: string) => void
  readonly #served = new Map<string, ReadonlySet<string>>()
  /** As many as served at once, of those wanted: what there is room for. */
  readonly #attained = new Map<string, number>()
  /** What a person lets go, by name or with all that is on a machine. */
  readonly #letGo = new Map<string, { serviceName: string; machineId: string | null }>()

  constructor(
    services: Services,
    gateways: LateGateways,
    unavailable: Bounds,
    report: (serviceName: string, violation: string) => void,
  ) {
    this.#services = services
    this.#gateways = gateways
    this.#unavailable = unavailable
    this.#report = report
  }

  letGo(instanceId: string, of: { serviceName: string; machineId: string | null }): void {
    this.#letGo.set(instanceId, of)
  }

  /** What was said of another move says nothing of the next one. */
  takeBack(of: { serviceName: string } | { machineId: string }): void {
    for (const [id, one] of this.#letGo) {
      if ('serviceName' in of ? one.serviceName === of.serviceName : one.machineId === of.machineId)
        this.#letGo.delete(id)
    }
  }

  async seen(): Promise<Seen[]> {
    const { rows } = await sql<Seen>`
      select s.id as service_id, s.name as service_name,
        case when s.desired = 'running' then s.replicas else 0 end as wanted,
        coalesce(i.id, '') as instance_id, i.replaces_id, i.machine_id, i.restart_count, i.phase, i.version
      from services s left join service_instances i on i.service_id = s.id and i.phase <> 'ended' order by s.id, i.id`.execute(
      this.#services.fleet.db,
    )
    return rows
  }

  async look(rows: readonly Seen[]): Promise<void> {
    const answering = await this.#answering(rows)
    for (const [serviceId, instances] of Map.groupBy(rows, row => row.serviceId)) {
      const routed = this.#gateways.everywhere(serviceId)
      const serving = instances.filter(({ instanceId }) => routed.has(instanceId) && answering.has(instanceId))
      this.#judge(serviceId, instances, serving)
    }
  }

  async #answering(rows: readonly Seen[]): Promise<Set<string>> {
    const refs = rows.flatMap(({ instanceId, machineId, restartCount }) =>
      machineId === null ? [] : [{ serviceInstanceId: instanceId, restartCount: restartCount ?? 0, machineId }],
    )
    const words = await this.#services.runtime.observe(refs)
    return new Set(
      refs.flatMap(({ serviceInstanceId }, index) => {
        const word = words[index]
        return word?.state === 'running' && word.ready ? [serviceInstanceId] : []
      }),
    )
  }

  #judge(serviceId: string, instances: readonly Seen[], serving: readonly Seen[]): void {
    const [{ serviceName, wanted } = { serviceName: '', wanted: 0 }] = instances
    const now = new Set(serving.map(({ instanceId }) => instanceId))
    const lost = [...(this.#served.get(serviceId) ?? [])].filter(id => !now.has(id))
    const letGo = lost.filter(id => this.#letGo.has(id)).length
    const attained = Math.min(wanted, this.#attained.get(serviceId) ?? 0)
    // One and the one that comes in its place are one.
    const slots = serving.filter(({ replacesId }) => replacesId === null || !now.has(replacesId)).length
    const floor = wanted === 0 ? 0 : Math.max(1, attained - this.#unavailable(serviceName))
    if (lost.length > 0 && slots + letGo < floor) {
      const left = [...now].join(', ') || 'nothing'
      this.#report(serviceName, `lost ${lost.join(', ')}: ${left} serves of ${wanted}, at least ${floor} must`)
    }
    this.#served.set(serviceId, now)
    this.#attained.set(serviceId, Math.min(wanted, Math.max(attained - letGo, slots)))
  }
}
