// One supervised process. It runs in a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone,
// which then stops all in order. It is started again when it ends by itself, with a growing pause; when the supervisor is
// killed, it lives on. One that accepts from a socket of the supervisor's can be replaced: the next is started beside it, and
// it leaves, finishing what it has, once that one serves.
import type { ChildProcess } from 'node:child_process'
import type { Logger } from '../lib/log.ts'
import { hasEnded, type Launched, launch } from './launch.ts'

export interface RoleOptions {
  name: string
  argv: string[]
  env: NodeJS.ProcessEnv
  logFile: string
  log: Logger
  /** From SIGTERM to SIGKILL. */
  stopMs: number
  /** How long it may take until it says that it is ready. */
  readyMs: number
  /** What it accepts from. */
  fds?: readonly number[]
  /** The process of this role, and those that were replaced and have not ended yet. */
  onChange(pid: number, leaving: readonly number[]): void
}

export interface RoleMessage {
  ready: true
}

/** To one that was replaced. */
export interface HandOver {
  handOver: true
}

export interface Replaced {
  pid: number
  /** The process that leaves; null: it had ended meanwhile. */
  leavingPid: number | null
}

interface Running extends Launched {
  /** Tells it from the others that live: their names and files differ by it. */
  slot: number
}

const pauseMsMax = 10_000
/** After running this long, an end counts as the first one again. */
const steadyMs = 60_000

export class RoleProcess {
  readonly #options: RoleOptions
  #running: Running | null = null
  readonly #others = new Set<Running>()
  #stopping = false
  #pauseMs = 0
  #pause: NodeJS.Timeout | null = null

  constructor(options: RoleOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  get pid(): number | null {
    return this.#running?.child.pid ?? null
  }

  /** Resolves when the process says it is ready; rejects when it ends or stays silent before that. */
  start(): Promise<void> {
    const running = this.#launch({})
    this.#running = running
    this.#changed()
    return running.ready
  }

  /**
   * Starts one of the code that is on disk now beside the one that runs, and tells that one to leave once the new one is ready.
   * Rejects when it does not become ready: then the old one serves on as before.
   */
  async replace(): Promise<Replaced> {
    const next = this.#launch({ BERTH_GATEWAY_TAKES_OVER: 'true' })
    this.#others.add(next)
    try {
      await next.ready
      if (this.#stopping) throw new Error(`${this.name} is being stopped`)
    } catch (error) {
      this.#others.delete(next)
      if (!hasEnded(next.child)) next.child.kill('SIGKILL')
      throw error
    }
    const old = this.#running
    // One that ended meanwhile need not come back, and one that is coming back is not needed.
    if (this.#pause) clearTimeout(this.#pause)
    this.#others.delete(next)
    this.#running = next
    const leaves = old !== null && !hasEnded(old.child)
    if (leaves) this.#leave(old)
    this.#changed()
    return { pid: next.child.pid ?? 0, leavingPid: leaves ? (old.child.pid ?? null) : null }
  }

  /** SIGTERM, then SIGKILL; resolves when all are gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#pause) clearTimeout(this.#pause)
    const all = [...(this.#running ? [this.#running] : []), ...this.#others]
    await Promise.all(all.map(({ child }) => this.#stop(child)))
  }

  async #stop(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMs)
    await gone
    clearTimeout(timer)
  }

  #leave(old: Running): void {
    this.#others.add(old)
    if (old.child.connected) old.child.send({ handOver: true } satisfies HandOver)
    else old.child.kill('SIGTERM')
  }

  #launch(env: NodeJS.ProcessEnv): Running {
    const { fds } = this.#options
    const slot = this.#freeSlot()
    const socket =
      fds === undefined
        ? {}
        : { BERTH_GATEWAY_FDS: String(fds.length), BERTH_GATEWAY_NAME: slot === 1 ? this.name : `${this.name}-${slot}` }
    const launched = launch({ ...this.#options, env: { ...this.#options.env, ...socket, ...env } })
    const running = { ...launched, slot }
    const startedAt = performance.now()
    launched.child.once('exit', (code, signal) => this.#ended(running, code, signal, performance.now() - startedAt))
    return running
  }

  #freeSlot(): number {
    const living = [this.#running, ...this.#others].filter(one => one !== null && !hasEnded(one.child))
    const taken = new Set(living.map(one => one?.slot))
    let slot = 1
    while (taken.has(slot)) slot++
    return slot
  }

  #changed(): void {
    const leaving = [...this.#others].flatMap(({ child }) => child.pid ?? [])
    if (this.pid !== null) this.#options.onChange(this.pid, leaving)
  }

  #ended(ended: Running, code: number | null, signal: string | null, ranMs: number): void {
    if (this.#stopping) return
    if (ended !== this.#running) {
      this.#others.delete(ended)
      this.#changed()
      return
    }
    this.#pauseMs = ranMs > steadyMs ? 0 : Math.min(pauseMsMax, Math.max(100, this.#pauseMs * 2))
    this.#options.log.warn(
      { role: this.#options.name, code, signal, pauseMs: this.#pauseMs },
      'a process ended; starting it again',
    )
    this.#pause = setTimeout(() => {
      this.start().catch(error => this.#options.log.error({ err: error }, 'a process did not come back'))
    }, this.#pauseMs)
  }
}
