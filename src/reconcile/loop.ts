// The one engine for everything that takes time. A loop runs its reconciler on a timer and on a nudge that carries no
// data, so that a nudge, a restart and a missed message all take the same path.
import type { Logger } from '../lib/log.ts'

export interface Report {
  /** Rows looked at. */
  found: number
  /** Rows that moved. While rows move, the loop runs again at once. */
  changed: number
}

export const idle: Report = { found: 0, changed: 0 }

export interface LoopOptions {
  name: string
  run: () => Promise<Report>
  log: Logger
  /** The floor: it runs at least this often. */
  everyMs?: number
  /** How long after the start the first run comes: for work that may wait until the rest of a process stands. */
  firstAfterMs?: number
  /** After a run that failed, a nudge is heeded this much later: what fails at each nudge must not fail all the time. */
  nudgedAfterFailureMs?: number
  /** Called after every run, for status and metrics. */
  onRun?: (run: LoopRun) => void
}

export interface LoopRun {
  name: string
  report: Report | null
  error: unknown
}

const backoffMsMax = 30_000
const nudgedAfterFailureMsDefault = 1_000

export class Loop {
  readonly name: string
  readonly #options: LoopOptions
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #nudged = false
  #stopped = true
  #failures = 0

  constructor(options: LoopOptions) {
    this.name = options.name
    this.#options = options
  }

  start(): void {
    this.#stopped = false
    this.#schedule(this.#options.firstAfterMs ?? 0)
  }

  /** Look again soon: now, or right after the run that is under way. */
  nudge(): void {
    if (this.#stopped) return
    if (this.#running) this.#nudged = true
    else if (this.#failures === 0) this.#schedule(0)
    // Once: a nudge every so often must not put it off.
    else if (!this.#nudged) {
      this.#nudged = true
      this.#schedule(this.#afterFailureMs())
    }
  }

  #afterFailureMs(): number {
    return this.#options.nudgedAfterFailureMs ?? nudgedAfterFailureMsDefault
  }

  /** Ends after the run that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#nudged = false
      this.#running ??= this.#run().finally(() => {
        this.#running = null
        this.#schedule(this.#delayMs())
      })
    }, delayMs)
  }

  #delayMs(): number {
    const floor = this.#options.everyMs ?? 1_000
    const backoffMs = Math.min(floor * 2 ** Math.min(this.#failures - 1, 10), backoffMsMax)
    if (this.#failures > 0) return this.#nudged ? Math.min(backoffMs, this.#afterFailureMs()) : backoffMs
    return this.#nudged ? 0 : floor
  }

  async #run(): Promise<void> {
    try {
      let report: Report
      do {
        report = await this.#options.run()
        this.#options.onRun?.({ name: this.name, report, error: null })
      } while (report.changed > 0 && !this.#stopped)
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#options.log.error(
        { err: error, loop: this.name, failures: this.#failures },
        'a reconciler failed; trying again',
      )
      this.#options.onRun?.({ name: this.name, report: null, error })
    }
  }
}

/** Runs reconcilers in turn until a whole round changes nothing: for tests and the simulator, which move the clock by hand. */
export async function settle(reconcilers: readonly (() => Promise<Report>)[], roundsMax = 200): Promise<void> {
  for (let round = 0; round < roundsMax; round++) {
    let changed = 0
    for (const reconcile of reconcilers) changed += (await reconcile()).changed
    if (changed === 0) return
  }
  throw new Error(`still changing after ${roundsMax} rounds`)
}
