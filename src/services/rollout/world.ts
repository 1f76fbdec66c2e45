// A service as a round of decisions reads it: with what its other versions run, which a rollout that is paused may have to make.
import type { Demand, Spread, Wanted } from '../../scheduler/snapshot.ts'
import type { ServiceSpec } from '../config/service-config.ts'
import type { ServiceRow } from '../service.store.ts'
import { isMember, type ServiceInstance } from '../service-instance.ts'

export interface WorldService extends ServiceRow {
  /** By version, without the present one. */
  specs: Map<number, ServiceSpec>
}

/** What this instance runs, or is to run. */
export const specOf = (service: WorldService, instance: Pick<ServiceInstance, 'version'> | undefined): ServiceSpec =>
  (instance === undefined ? undefined : service.specs.get(instance.version)) ?? service.spec

/** What each instance of it asks of one machine. */
export const demandOf = ({ cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: ServiceSpec): Demand => ({
  ...{ cpuMilli, memoryMib, gpuCount, gpuMemoryMib },
})

type Member = Pick<ServiceInstance, 'id' | 'phase' | 'leavingBecause' | 'machineId' | 'replacesId' | 'moveTo'>

/** What placement is asked for one of these; they are all that the service has. */
export function wantedOf(
  service: WorldService,
  { id, version, replacesId }: Pick<ServiceInstance, 'id' | 'version' | 'replacesId'>,
  instances: readonly Member[],
): Wanted {
  const spec = specOf(service, { version })
  const only = replacesId === null ? null : (instances.find(one => one.id === replacesId)?.moveTo ?? null)
  const want = { id, ...demandOf(spec), ...(only === null ? {} : { only }) }
  return spec.spread === undefined ? want : { ...want, spread: spreadOf(service.id, spec.spread, instances) }
}

/** One that is being replaced does not count: its replacement may stand where it stood. */
function spreadOf(name: string, by: Spread['by'], instances: readonly Member[]): Spread {
  const members = instances.filter(isMember)
  const replaced = new Set(members.map(one => one.replacesId))
  return { by, name, machineIds: members.flatMap(one => (replaced.has(one.id) ? [] : (one.machineId ?? []))) }
}
