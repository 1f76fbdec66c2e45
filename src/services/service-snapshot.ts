// One service's part of the world, as its plan is decided from: by the reconciler, and by the preview of an action.
import type { RuntimeObservation } from './driver.ts'
import type { ServiceSnapshot } from './rollout-snapshot.ts'
import type { ServiceRow } from './service.store.ts'
import { countOf } from './service-config.ts'
import type { World } from './snapshot.store.ts'

export function snapshotOf(
  now: Temporal.Instant,
  world: World,
  observations: ReadonlyMap<string, RuntimeObservation>,
  service: ServiceRow,
): ServiceSnapshot {
  const { id, desired, replicas, version, restartGeneration, rollout, spec } = service
  // EAS's defaults in a dedicated group. At least one may surge, or a single replica could never move.
  const maxSurge = Math.max(1, countOf(spec.maxSurge ?? { percent: 2 }, replicas))
  const maxUnavailable = countOf(spec.maxUnavailable ?? { count: 1 }, replicas)
  const { graceMs } = spec
  return {
    now,
    service: { id, desired, replicas, version, restartGeneration, rollout, maxSurge, maxUnavailable, graceMs },
    instances: world.instances.get(id) ?? [],
    observations,
    machines: world.machines,
    revoked: world.revoked,
    gateways: world.gateways,
    traffic: world.traffic,
  }
}
