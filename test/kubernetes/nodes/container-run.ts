// A container of the node double: a real process on the pod's own loopback address, with its probes, restarts and end.
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { ContainerState, ContainerStatus } from '../../../src/drivers/kubernetes/pod-objects.ts'
import { PodLog } from './pod-log.ts'
import { type Container, environmentOf, expanded, type Probe } from './pod-spec.ts'

export interface RunOptions {
  container: Container
  podIP: string
  /** The program of an image, for containers that name none of their own. */
  entrypoints: ReadonlyMap<string, readonly string[]>
  /** Where the volumes of its mounts really are. */
  directories: ReadonlyMap<string, string>
  workingDirectory: string
  restarts: boolean
  backoffMs: number
  changed(): void
}

const startingMs = 50

export class ContainerRun {
  readonly log = new PodLog()
  readonly done: Promise<void>
  ready = false
  readonly #options: RunOptions
  readonly #over = new AbortController()
  readonly #done = Promise.withResolvers<void>()
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  #lastState: ContainerState = {}
  #restartCount = 0
  #child: ChildProcess | null = null
  #ended: Promise<unknown> = Promise.resolve()
  #reason: string | null = null
  #stopping = false

  constructor(options: RunOptions) {
    this.#options = options
    this.done = this.#done.promise
  }

  get status(): ContainerStatus & { image: string; imageID: string } {
    const { name, image } = this.#options.container
    const [state, lastState, restartCount] = [this.#state, this.#lastState, this.#restartCount]
    return { name, image, imageID: image, ready: this.ready, restartCount, state, lastState }
  }

  get running(): boolean {
    return this.#child !== null
  }

  get exitCode(): number | null {
    return this.#state.terminated?.exitCode ?? null
  }

  start(): void {
    const { image } = this.#options.container
    if (image.startsWith('missing/')) {
      this.#state = { waiting: { reason: 'ErrImagePull', message: `pull access denied for ${image}` } }
      this.#options.changed()
      return
    }
    this.#begin()
  }

  /** For want of memory, as the kernel would. */
  killOutOfMemory(): void {
    this.#reason = 'OOMKilled'
    this.#signal('SIGKILL')
  }

  kill(): void {
    this.#signal('SIGKILL')
  }

  /** The signal, its grace, and the end: awaited. A later call may only hasten it. */
  async stop(graceMs: () => number): Promise<void> {
    this.#stopping = true
    this.#over.abort()
    const beganMs = performance.now()
    this.#signal('SIGTERM')
    while (this.#child !== null) {
      const leftMs = beganMs + graceMs() - performance.now()
      if (leftMs <= 0) this.#signal('SIGKILL')
      await Promise.race([this.#ended, pause(Math.max(10, Math.min(leftMs, 200)))])
    }
    this.ready = false
    this.#done.resolve()
  }

  #begin(): void {
    const { container, podIP, directories, workingDirectory } = this.#options
    const env = environmentOf(container)
    const own = this.#options.entrypoints.get(container.image) ?? []
    const given = [...(container.command ?? own), ...(container.args ?? [])]
    const [program = '', ...args] = given.map(text => moved(expanded(text, env), directories))
    // A network of its own is an address of its own here.
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH ?? '', ...env, HOST: podIP },
      cwd: workingDirectory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#ended = new Promise(resolve => child.once('close', resolve).once('error', resolve))
    const startedAt = instant()
    this.#state = { running: { startedAt } }
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.log.write(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.log.write(text))
    child.once('error', error => {
      this.#reason = 'StartError'
      this.#afterEnd(startedAt, 128, error.message)
    })
    child.once('close', (code, signal) =>
      this.#afterEnd(startedAt, code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
    )
    if (this.#options.restarts) void this.#watch(child)
    this.#options.changed()
  }

  #afterEnd(startedAt: string, exitCode: number, message?: string): void {
    if (this.#child === null) return
    this.#child = null
    this.ready = false
    this.log.end()
    const reason = this.#reason ?? (exitCode === 0 ? 'Completed' : 'Error')
    this.#reason = null
    this.#state = {
      terminated: {
        exitCode,
        reason,
        startedAt,
        finishedAt: instant(),
        ...(message ? { message } : exitCode === 0 ? {} : { message: this.log.last }),
      },
    }
    this.#options.changed()
    const again = !this.#stopping && (this.#options.restarts || exitCode !== 0)
    if (again) void this.#beginAgain()
    else this.#done.resolve()
  }

  async #beginAgain(): Promise<void> {
    const { backoffMs, changed } = this.#options
    this.#lastState = this.#state
    // The first time at once, as a kubelet does.
    if (this.#restartCount > 0) {
      this.#state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } }
      changed()
      await pause(backoffMs * 2 ** (this.#restartCount - 1), undefined, { signal: this.#over.signal }).catch(() => {})
    }
    if (this.#stopping) return
    this.#restartCount += 1
    this.log.restart()
    this.#begin()
  }

  async #watch(child: ChildProcess): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = this.#options.container
    const lives = (): boolean => this.#child === child && !this.#over.signal.aborted
    const startByMs = performance.now() + (startupProbe?.failureThreshold ?? 1_000) * 1_000
    while (lives() && startupProbe && !(await this.#probe(startupProbe))) {
      if (performance.now() > startByMs) return this.#signal('SIGKILL')
      await pause(startingMs)
    }
    let failures = 0
    let deadly = 0
    while (lives()) {
      const answers = readinessProbe === undefined || (await this.#probe(readinessProbe))
      if (!lives()) return
      failures = answers ? 0 : failures + 1
      if (answers || failures >= (readinessProbe?.failureThreshold ?? 1)) this.#setReady(answers)
      deadly = livenessProbe === undefined || answers ? 0 : deadly + 1
      if (livenessProbe && deadly >= livenessProbe.failureThreshold) return this.#signal('SIGKILL')
      await pause((readinessProbe?.periodSeconds ?? 1) * 1_000, undefined, { signal: this.#over.signal }).catch(
        () => {},
      )
    }
  }

  #setReady(ready: boolean): void {
    if (ready === this.ready) return
    this.ready = ready
    this.#options.changed()
  }

  #probe({ httpGet, tcpSocket, timeoutSeconds }: Probe): Promise<boolean> {
    const { podIP: host } = this.#options
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), timeoutSeconds * 1_000)
      const answer = (word: boolean): void => {
        clearTimeout(timer)
        resolve(word)
      }
      if (httpGet) {
        const req = request({
          host,
          port: httpGet.port,
          path: httpGet.path,
          agent: false,
          timeout: timeoutSeconds * 1_000,
        })
        req.once('response', ({ statusCode = 0 }) => answer(statusCode >= 200 && statusCode < 400) ?? req.destroy())
        req.once('error', () => answer(false)).end()
      } else {
        const socket = connect({ host, port: tcpSocket?.port ?? 0 })
        socket.once('connect', () => answer(true) ?? socket.destroy()).once('error', () => answer(false))
      }
    })
  }

  /** All that it has begun, too. */
  #signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch {
      // It has just ended.
    }
  }
}

const instant = (): string => new Date().toISOString()

/** A path in a mount leads to where its volume is. */
function moved(text: string, directories: ReadonlyMap<string, string>): string {
  for (const [mountPath, directory] of directories)
    if (text === mountPath || text.startsWith(`${mountPath}/`)) return directory + text.slice(mountPath.length)
  return text
}
