// What drivers tell of changes, to the loops that look at what changed.

import type { Logger } from '../lib/log.ts'
import { DriverWatch } from '../reconcile/driver-watch.ts'
import type { Drivers } from './engine-drivers.ts'
import type { Context, Nudge } from './shared.ts'

export class DriverWatches {
  readonly #services: DriverWatch
  readonly #machines: DriverWatch
  /** For the context of who reconciles. */
  readonly takes: Pick<Context, 'takeChanges' | 'takeMachineChanges'>

  constructor(log: Logger, nudge: Nudge) {
    this.#services = new DriverWatch(log, () => nudge('services'))
    this.#machines = new DriverWatch(log, () => nudge('machines'))
    this.takes = { takeChanges: () => this.#services.take(), takeMachineChanges: () => this.#machines.take() }
  }

  start(drivers: Drivers): void {
    const all = Object.values(drivers)
    this.#services.start(all.map(({ runtime }) => runtime))
    this.#machines.start(
      all.flatMap(({ machines }) => (machines.changes ? [{ changes: machines.changes.bind(machines) }] : [])),
    )
  }

  stop(): void {
    this.#services.stop()
    this.#machines.stop()
  }
}
