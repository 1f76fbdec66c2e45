// The life of one container that runs: probed until ready, watched, stopped. It restarts nothing: an end is reported with
// its reason and control decides. What is done to it is noted before it is done, so that whoever starts after us can say
// why it ended.
import { setTimeout as sleep } from 'node:timers/promises'
import { awaitIdle } from '../../agent/await-idle.ts'
import { probe } from '../../agent/health.ts'
import { watchHealth } from '../../agent/health-watch.ts'
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import type { RuntimeObservation, StopOptions } from '../../services/driver.ts'
import { publishedOn } from './container-body.ts'
import type { DockerEngine } from './engine.ts'
import type { ContainerInspection, ContainerState } from './engine-types.ts'
import { kernelKilledForMemory } from './kernel-log.ts'
import { factsOf, type LaunchFacts } from './labels.ts'
import { framesOf, linesOfFrames } from './log-frames.ts'
import type { Note, Notes } from './notes.ts'
import { type Cause, type Ended, endOf, initFailed, isKill, isOfInit, overMemory } from './outcome.ts'

export interface ContainerContext {
  engine: DockerEngine
  clock: Clock
  log: Logger
  notes: Notes
  /** Aborted when the driver closes: containers live on, nothing of ours does. */
  closing: AbortSignal
  changed(id: string): void
  /** Open connections by published port; null where unknown. */
  connections(): Promise<Map<number, number> | null>
}

/** Docker's proxy drops a connection that nobody takes within a few milliseconds. */
const holdMs = 200
/** While it is told to end: the engine's event comes sooner, if somebody listens. */
const lookMs = 250
const againMs = 1_000
/** The engine hears of a kill for want of memory beside the end, not before it: it may tell of the end first, or never. */
const oomWordMs = 1_000
const oomLookMs = 50

export class ServiceContainer {
  readonly id: string
  readonly containerId: string
  readonly #ctx: ContainerContext
  readonly #facts: LaunchFacts
  readonly #port: number
  readonly #startedAt: string
  readonly #stopSignal: string
  readonly #note: Note
  readonly #over = new AbortController()
  #ready: boolean
  #ended: Ended | null = null
  #stopPlan = { drainUntilMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY }
  #stopping = false
  /** Seen ended, why is still asked. */
  #gone = false

  private constructor(ctx: ContainerContext, id: string, found: ContainerInspection) {
    this.#ctx = ctx
    this.id = id
    this.containerId = found.Id
    this.#facts = factsOf(found)
    const bound = found.NetworkSettings.Ports[`${this.#facts.containerPort}/tcp`]
    this.#port = Number(bound?.[0]?.HostPort ?? 0)
    this.#startedAt = found.State.StartedAt
    this.#stopSignal = found.Config.StopSignal || 'SIGTERM'
    this.#note = ctx.notes.read(id)
    // Once ready it stays so until its probes have failed as often as it may.
    this.#ready = this.#note.readyAt !== null
    ctx.closing.addEventListener('abort', () => this.#over.abort(), { signal: this.#over.signal })
  }

  /** Takes it up as it is: one that runs, or one that has ended. */
  static async open(ctx: ContainerContext, id: string, found: ContainerInspection): Promise<ServiceContainer> {
    const container = new ServiceContainer(ctx, id, found)
    const { stop } = container.#note
    if (!found.State.Running) await container.#end(found)
    else if (stop !== null) container.#carryOn(stop)
    else void container.#probeWhileLive()
    return container
  }

  word(connections: Map<number, number> | null): RuntimeObservation {
    if (this.#ended !== null) return this.#ended
    const open = connections === null ? null : (connections.get(this.#port) ?? 0)
    if (this.#note.stop !== null) return { state: 'stopping', connections: open }
    if (this.#note.readyAt === null) return { state: 'starting' }
    const ready = this.#ready && this.#note.cause === null && !this.#gone
    return { state: 'running', ready, host: publishedOn, port: this.#port, connections: open }
  }

  /** Answers at once. A second call can only bring the end nearer. */
  stop({ drainMs, graceMs }: StopOptions): void {
    if (!this.#live) return
    this.#note.cause ??= { reason: 'Stopped', message: 'stopped as asked' }
    this.#note.stop = { signalledAt: null, ...this.#note.stop, askedAt: this.#now(), drainMs, graceMs }
    this.#save()
    this.#beginStop(drainMs, graceMs)
  }

  /** The engine says that one of its processes was killed for want of memory: the rest would limp on without it. */
  async killOverMemory(): Promise<void> {
    if (this.#live) await this.#kill(overMemory(this.#facts.memoryMiB))
    else if (this.#ended === null) this.#note.cause ??= overMemory(this.#facts.memoryMiB)
  }

  /** The engine says that it has ended, or may have. */
  async look(): Promise<void> {
    if (this.#ended !== null) return
    const found = await this.#ctx.engine.inspect(this.containerId)
    if (found !== null && !found.State.Running) await this.#end(found)
  }

  /** It is not there any more, or no longer ours to watch. */
  leave(): void {
    this.#over.abort()
  }

  get ended(): Ended | null {
    return this.#ended
  }

  get #live(): boolean {
    return this.#ended === null && !this.#gone && !this.#over.signal.aborted
  }

  #now = (): string => this.#ctx.clock.now().toString({ smallestUnit: 'millisecond' })

  async #end(found: ContainerInspection): Promise<void> {
    const State = await this.#settled(found)
    const init = this.#note.cause === null && isOfInit(State.ExitCode) ? await this.#lastLine() : ''
    if (this.#ended !== null) return // Seen by another look meanwhile.
    this.#over.abort()
    this.#ended = initFailed(init) ?? endOf(State, this.#note.cause, this.#facts.memoryMiB)
    this.#ctx.changed(this.id)
  }

  /** How it ended, once the engine has had the time to say that it was for want of memory. */
  async #settled({ State }: ContainerInspection): Promise<ContainerState> {
    this.#gone = true
    this.#ctx.changed(this.id)
    if (isKill(State) && kernelKilledForMemory(this.containerId)) return { ...State, OOMKilled: true }
    const open = (): boolean => this.#note.cause === null && this.#ended === null && !this.#over.signal.aborted
    while (isKill(State) && open() && this.#sinceMs(State.FinishedAt) < oomWordMs) {
      await this.#pause(oomLookMs)
      const found = await this.#ctx.engine.inspect(this.containerId).catch(() => null)
      if (found?.State.OOMKilled === true) return found.State
    }
    return State
  }

  async #lastLine(): Promise<string> {
    const res = await this.#ctx.engine.logs(this.containerId, { tail: 1 })
    return res === null ? '' : ((await Array.fromAsync(linesOfFrames(framesOf(res)))).at(-1) ?? '')
  }

  /** A full disk costs the note, not the service. */
  #save(): void {
    try {
      this.#ctx.notes.write(this.id, this.#note)
    } catch (error) {
      this.#ctx.log.error({ err: error, id: this.id }, 'a note on a container could not be written')
    }
    this.#ctx.changed(this.id)
  }

  async #kill(cause: Cause): Promise<void> {
    this.#note.cause ??= cause
    this.#save()
    await this.#signal('SIGKILL')
  }

  #probeWhileLive(): Promise<void> {
    const { health } = this.#facts
    return watchHealth({
      ...{ clock: this.#ctx.clock, check: health, startedAt: this.#startedAt },
      probe: () => probe(publishedOn, this.#port, health, holdMs),
      // Not while stopping: readiness is no longer anybody's question.
      live: () => this.#live && !this.#stopping,
      everReady: () => this.#note.readyAt !== null,
      setReady: ready => this.#setReady(ready),
      end: cause => this.#kill(cause),
      pause: ms => this.#pause(ms),
    })
  }

  #setReady(ready: boolean): void {
    if (ready === this.#ready || this.#stopping) return
    this.#ready = ready
    if (ready && this.#note.readyAt === null) {
      this.#note.readyAt = this.#now()
      this.#save()
    } else {
      this.#ctx.changed(this.id)
    }
  }

  /** A stop that was asked of one who is no more. */
  #carryOn({ askedAt, drainMs, graceMs }: NonNullable<Note['stop']>): void {
    this.#beginStop(drainMs === null ? null : Math.max(0, drainMs - this.#sinceMs(askedAt)), graceMs)
  }

  #sinceMs(instant: string): number {
    return Math.max(0, this.#ctx.clock.now().since(Temporal.Instant.from(instant)).total('milliseconds'))
  }

  #beginStop(drainMs: number | null, graceMs: number): void {
    const plan = this.#stopPlan
    plan.drainUntilMs = Math.min(
      plan.drainUntilMs,
      this.#ctx.clock.monotonicMs() + (drainMs ?? Number.POSITIVE_INFINITY),
    )
    plan.graceMs = Math.min(plan.graceMs, graceMs)
    if (this.#stopping) return
    this.#stopping = true
    void this.#drainAndStop().catch(error =>
      this.#ctx.log.error({ err: error, id: this.id }, `a container could not be stopped: ${messageOf(error)}`),
    )
  }

  async #drainAndStop(): Promise<void> {
    const { clock } = this.#ctx
    await awaitIdle({
      ...{ clock, port: this.#port, connections: this.#ctx.connections, pause: ms => this.#pause(ms) },
      waits: () => this.#live && clock.monotonicMs() < this.#stopPlan.drainUntilMs,
    })
    this.#ready = false
    const signalledAt = this.#note.stop?.signalledAt ?? null
    const spentMs = signalledAt === null ? 0 : this.#sinceMs(signalledAt)
    if (signalledAt === null && this.#live) {
      await this.#signal(this.#stopSignal)
      if (this.#note.stop !== null) this.#note.stop.signalledAt = this.#now()
      this.#save()
    }
    const signalledMs = clock.monotonicMs() - spentMs
    while (this.#live && clock.monotonicMs() < signalledMs + this.#stopPlan.graceMs) {
      await this.look().catch(() => {})
      const leftMs = signalledMs + this.#stopPlan.graceMs - clock.monotonicMs()
      await this.#pause(Math.min(lookMs, Math.max(1, leftMs)))
    }
    while (this.#live) {
      await this.#signal('SIGKILL')
      await this.look().catch(() => {})
      await this.#pause(lookMs)
    }
  }

  /** Until the engine has heard it: one that is away is asked again. */
  async #signal(name: string): Promise<void> {
    while (this.#live) {
      try {
        await this.#ctx.engine.kill(this.containerId, name)
        return
      } catch (error) {
        this.#ctx.log.warn({ id: this.id, error: messageOf(error) }, 'a container could not be signalled; trying again')
        await this.#pause(againMs)
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {})
  }
}
