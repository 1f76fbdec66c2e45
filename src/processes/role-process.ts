// One supervised process. It runs in a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone,
// which then stops all in order. It is started again when it ends by itself, with a growing pause; when the supervisor is
// killed, it lives on.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '../lib/log.ts'

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
  onStart(pid: number): void
}

export interface RoleMessage {
  ready: true
}

const pauseMsMax = 10_000
/** After running this long, an end counts as the first one again. */
const steadyMs = 60_000

export class RoleProcess {
  readonly #options: RoleOptions
  #child: ChildProcess | null = null
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
    return this.#child?.pid ?? null
  }

  /** Resolves when the process says it is ready; rejects when it ends or stays silent before that. */
  start(): Promise<void> {
    const { argv, env, logFile, name, readyMs, onStart } = this.#options
    mkdirSync(dirname(logFile), { recursive: true })
    const out = openSync(logFile, 'a', 0o600)
    const [program = process.execPath, ...args] = argv
    const child = spawn(program, args, { env, detached: true, stdio: ['ignore', out, out, 'ipc'] })
    closeSync(out)
    this.#child = child
    if (child.pid !== undefined) onStart(child.pid)
    const startedAt = performance.now()
    child.once('exit', (code, signal) => this.#ended(code, signal, performance.now() - startedAt))
    child.channel?.unref()
    child.unref()
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => settle(new Error(`${name} did not become ready in ${readyMs / 1000} s; see ${logFile}`)),
        readyMs,
      )
      const settle = (error?: Error) => {
        clearTimeout(timer)
        if (error) reject(error)
        else resolve()
      }
      child.once('message', () => settle())
      child.once('error', error => settle(error))
      child.once('exit', code =>
        settle(new Error(`${name} ended with code ${code} before it was ready; see ${logFile}`)),
      )
    })
  }

  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#pause) clearTimeout(this.#pause)
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMs)
    await gone
    clearTimeout(timer)
  }

  #ended(code: number | null, signal: string | null, ranMs: number): void {
    if (this.#stopping) return
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
