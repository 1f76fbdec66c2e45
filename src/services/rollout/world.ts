// A service as a round of decisions reads it: with what its other versions run, which a rollout that is paused may have to make.
import type { Demand } from '../../scheduler/snapshot.ts'
import type { ServiceSpec } from '../config/service-config.ts'
import type { ServiceRow } from '../service.store.ts'
import type { ServiceInstance } from '../service-instance.ts'

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
