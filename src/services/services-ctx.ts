import type { Ctx } from '../db/ctx.ts'
import type { SecretBox } from '../identity/secret-box.ts'
import type { Installation } from './config/installation.ts'
import type { RuntimeDriver } from './driver.ts'

/** What the rules of services are given besides the ordinary. */
export interface ServicesCtx extends Ctx {
  /** The driver of a region's engine. */
  runtimeDriver(regionId: string): RuntimeDriver
  /** Seals access keys. */
  box: SecretBox
  /** Told after a commit that changed routes: push them soon. */
  routes: { nudge(): void }
  /** What the operator lets services have; absent: nothing beside what every service may. */
  installation?: Installation
  /** Service instances that a driver has seen change since the last call; see `DriverWatch`. */
  takeChanges?(): string[]
}
