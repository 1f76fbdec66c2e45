import type { Ctx } from '../db/ctx.ts'
import type { SecretBox } from '../identity/secret-box.ts'
import type { RuntimeDriver } from './driver.ts'

/** What the rules of services are given besides the ordinary. */
export interface ServicesCtx extends Ctx {
  /** The driver of a region's engine. */
  runtimeDriver(regionId: string): RuntimeDriver
  /** Seals access keys. */
  box: SecretBox
  /** Told after a commit that changed routes: push them soon. */
  routes: { nudge(): void }
  /** Service instances that a driver has seen change since the last call; see `RuntimeWatch`. */
  takeChanges?(): string[]
}
