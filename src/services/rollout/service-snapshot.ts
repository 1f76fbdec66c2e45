// One service's part of the world, as its plan is decided from: by the reconciler, and by the preview of an action.

import { progressDeadlineOf, rolloutBounds } from '../config/rolling-strategy.ts'
import type { RuntimeObservation } from '../driver.ts'
import type { ServiceRow } from '../service.store.ts'
import type { ServiceSnapshot } from './rollout-snapshot.ts'
import type { World } from './snapshot.store.ts'

export function snapshotOf(
  now: Temporal.Instant,
  world: World,
  observations: ReadonlyMap<string, RuntimeObservation>,
  service: ServiceRow,
): ServiceSnapshot {
  const { id, regionId, desired, replicas, version, restartGeneration, rollout, spec } = service
  const { graceMs, noRoom = 'ask' } = spec
  const bounds = { ...rolloutBounds(spec, replicas), progressDeadlineMs: progressDeadlineOf(spec), noRoom }
  return {
    now,
    service: { id, desired, replicas, version, restartGeneration, rollout, ...bounds, graceMs },
    frozen: world.frozen.has(regionId),
    instances: world.instances.get(id) ?? [],
    observations,
    machines: world.machines,
    revoked: world.revoked,
    gateways: world.gateways,
    traffic: world.traffic,
  }
}
