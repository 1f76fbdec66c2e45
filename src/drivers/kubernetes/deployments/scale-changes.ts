// Changes of one MachineDeployment's scale, each decided on its latest version and written only if nobody has changed it
// meanwhile. Cluster API and people write it, too: then it is read and decided anew. What is asked for at the same time in this
// process goes in one write.
import type { Clock } from '../../../lib/clock.ts'
import { systemRandom } from '../../../lib/random.ts'
import { type Patience, pauseMs, shareOf, waitMs } from '../api/again.ts'
import { isConflict } from '../api/api-error.ts'
import type { ClusterApi } from './cluster-api.ts'
import { type DeploymentOffer, type Scale, scaleOf, scalePatch } from './scale.ts'

/** What is looked at in it is newer than the scale, and so holds if that can still be written. */
export type Decide = (scale: Scale) => Scale | Promise<Scale>

export interface ScaleChangesOptions {
  clusterApi: ClusterApi
  offer: DeploymentOffer
  installationId: string
  clock: Clock
}

/** Its controller writes it several times in a row while machines come: no sign of trouble. */
const patience: Patience = { firstMs: 20, mostMs: 1_000 }
const contendedMsMax = 20_000

export class ScaleChanges {
  readonly #options: ScaleChangesOptions
  #waiting: { decide: Decide; done: PromiseWithResolvers<Scale> }[] = []
  #isWriting = false

  constructor(options: ScaleChangesOptions) {
    this.#options = options
  }

  async read(): Promise<Scale> {
    const { clusterApi, offer, installationId } = this.#options
    return scaleOf(await clusterApi.deployment(offer), installationId, offer)
  }

  /** The scale as it stands then, whoever else was in the same write. */
  change(decide: Decide): Promise<Scale> {
    const done = Promise.withResolvers<Scale>()
    this.#waiting.push({ decide, done })
    void this.#writeAll()
    return done.promise
  }

  async #writeAll(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const together = this.#waiting
      this.#waiting = []
      const decideAll = async (scale: Scale) => {
        let now = scale
        for (const { decide } of together) now = await decide(now)
        return now
      }
      const written = await this.#write(decideAll).catch((error: unknown) => ({ error }))
      for (const { done } of together) {
        if ('error' in written) done.reject(written.error)
        else done.resolve(written)
      }
    }
    this.#isWriting = false
  }

  async #write(decide: Decide): Promise<Scale> {
    const { clusterApi, offer, installationId, clock } = this.#options
    const sinceMs = clock.monotonicMs()
    for (let failures = 1; ; failures++) {
      const before = await this.read()
      const after = await decide(before)
      const patch = scalePatch(before, after, installationId)
      if (patch === null) return before
      try {
        const written = await clusterApi.patchDeployment(offer, patch, before.resourceVersion)
        return scaleOf(written, installationId, offer)
      } catch (error) {
        if (!isConflict(error) || clock.monotonicMs() - sinceMs > contendedMsMax) throw error
      }
      const ms = pauseMs(failures, null, shareOf(systemRandom), patience)
      await waitMs(ms, AbortSignal.timeout(ms + 1_000))
    }
  }
}
