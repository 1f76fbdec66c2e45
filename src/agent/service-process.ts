// The life of one service process: started behind its gate, probed until ready, watched, stopped, ended. It restarts
// nothing: an end is reported with its reason and control decides. One that an earlier agent started is not our child:
// its exit code goes to init, and its end is seen by looking.
import type { ChildProcess } from 'node:child_process'
import { chownSync, closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import { isRefusal, messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AllowedPath } from '../lib/mounts.ts'
import { awaitIdle } from './await-idle.ts'
import { type EndCause, type Exit, exited, overMemory, unseenEnd } from './end-words.ts'
import { FilesFetch } from './files-fetch.ts'
import { probe } from './health.ts'
import { watchHealth } from './health-watch.ts'
import { killRest, markName } from './kill-rest.ts'
import { type Fence, type Limits, reopenFence } from './limits.ts'
import type { Logs } from './logs.ts'
import type { ModelFetcher } from './models/model-fetcher.ts'
import { type Ports, serviceHost } from './ports.ts'
import { cpuMsOf, familyOf, type ProcessEntry, residentBytes, signal, startTimeOf } from './processes.ts'
import type { ServiceInstanceSpec, ServiceInstanceState, StopRequest } from './protocol.ts'
import { newRecord, type ServiceRecord, type ServiceRecords } from './service-record.ts'
import { type RunAs, shellName, spawnGated, whyNotRunnable } from './spawn.ts'
import { linkStorage } from './storage.ts'

/** What every service process of one agent shares. */
export interface AgentContext {
  clock: Clock
  log: Logger
  limits: Limits
  fencePrefix: string
  logs: Logs
  ports: Ports
  records: ServiceRecords
  fetcher: ModelFetcher
  /** Directories that services may be given. */
  storage: readonly AllowedPath[]
  bootId: string
  runAs: RunAs | null
  /** `PATH` of a service that sets none. */
  servicePath: string
  /** Aborted when the agent closes: processes live on, nothing of ours does. */
  closing: AbortSignal
  changed(id: string): void
  /** Open connections by port; null where unknown. */
  connections(): Promise<Map<number, number> | null>
}

const timeText = (clock: Clock): string => clock.now().toString({ smallestUnit: 'millisecond' })

const pidsDefault = 1_024
/** Tells a service its id. */
const idName = 'BERTH_INSTANCE_ID'
/** Before `mount_path`, it is where the mounted directory is. */
const storageName = 'BERTH_STORAGE'

export class ServiceProcess {
  readonly #ctx: AgentContext
  readonly #record: ServiceRecord
  readonly #over = new AbortController()
  #fence: Fence
  #child: ChildProcess | null = null
  #ready: boolean
  #residentBytes: number | null = null
  #cpuMs: number | null = null
  #measuredAtMs = 0
  #cause: EndCause | null = null
  #stopPlan = { drainUntilMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY }
  #stopping = false
  #fetches: FilesFetch
  #launched: Promise<void> = Promise.resolve()
  #ending: Promise<void> | null = null

  private constructor(ctx: AgentContext, record: ServiceRecord, fence: Fence) {
    this.#ctx = ctx
    this.#record = record
    this.#fence = fence
    this.#ready = record.phase === 'running'
    this.#fetches = new FilesFetch(ctx.fetcher, record.spec)
    ctx.closing.addEventListener('abort', () => this.#over.abort(), { signal: this.#over.signal })
  }

  /** Starts it, or the fetch of what it needs; one that can't be started is answered as ended, `SpawnFailed`. */
  static async start(ctx: AgentContext, spec: ServiceInstanceSpec): Promise<ServiceProcess> {
    const host = { bootId: ctx.bootId, limits: ctx.limits.mode, startedAt: timeText(ctx.clock) }
    const service = new ServiceProcess(ctx, newRecord(spec, host), reopenFence('watched', []))
    service.#launched = service.#launch()
    // A fetch may take hours: it is begun, and observed like the rest of the start.
    if (spec.fetches.length === 0) await service.#launched
    return service
  }

  /** Takes up what an earlier agent left: a live process as it is, an ended one as ended. */
  static async adopt(ctx: AgentContext, record: ServiceRecord): Promise<ServiceProcess> {
    const service = new ServiceProcess(ctx, record, reopenFence(record.limits, record.fencePaths))
    if (record.phase === 'ended') return service
    if (record.port !== null) ctx.ports.keep(record.port)
    const sameBoot = record.bootId === ctx.bootId
    if (sameBoot && record.phase === 'starting' && record.pid === null && record.spec.fetches.length > 0) {
      service.#launched = service.#launch()
      return service
    }
    service.#fetches.hold(record.files)
    if (!sameBoot || !(await service.#runs())) {
      service.#cause = unseenEnd(record, { bootId: ctx.bootId, oomKills: service.#fence.oomKills() })
      await service.#finish(null)
    } else {
      void service.#probeWhileLive()
      if (record.stop !== null) service.stop(record.stop)
    }
    return service
  }

  get spec(): ServiceInstanceSpec {
    return this.#record.spec
  }

  get ended(): boolean {
    return this.#record.phase === 'ended'
  }

  get endedAt(): string | null {
    return this.#record.endedAt
  }

  get fencePaths(): string[] {
    return this.#record.fencePaths
  }

  /** The directory that it runs in. */
  get directory(): string {
    return join(this.spec.machineDir, this.spec.id)
  }

  state(connections: Map<number, number> | null): ServiceInstanceState {
    const { spec, phase, pid, port, startedAt, readyAt, endedAt, end, limits } = this.#record
    return {
      ...{ id: spec.id, serviceId: spec.serviceId, machineId: spec.machineId },
      ...{ fetching: phase === 'starting' ? this.#fetches.state : null },
      ...{ phase, ready: this.#ready, pid, host: serviceHost, port, startedAt, readyAt, endedAt, end, limits },
      rssMiB: this.#residentBytes === null || this.ended ? null : Math.ceil(this.#residentBytes / 2 ** 20),
      cpuMs: this.ended ? null : this.#cpuMs,
      measuredAtMs: this.#measuredAtMs,
      connections: this.ended ? 0 : connections === null || port === null ? null : (connections.get(port) ?? 0),
    }
  }

  /** Answers at once. A second call can only bring the end nearer. */
  stop(request: StopRequest): void {
    if (!this.#live) return
    const plan = this.#stopPlan
    plan.drainUntilMs = Math.min(
      plan.drainUntilMs,
      this.#ctx.clock.monotonicMs() + (request.drainMs ?? Number.POSITIVE_INFINITY),
    )
    plan.graceMs = Math.min(plan.graceMs, request.graceMs)
    this.#cause ??= { reason: 'Stopped', message: 'stopped as asked' }
    this.#record.stop = request
    this.#enter('stopping')
    if (!this.#stopping) {
      this.#stopping = true
      void this.#drainAndStop()
    }
  }

  /** Looks after a live one: its end, its memory, the length of its log. */
  async look(all: ProcessEntry[] | null): Promise<void> {
    if (!this.#live || this.#record.pid === null) return
    if (this.#child === null && !(await this.#runs())) return this.#finish(null)
    const { pid, startTime, spec } = this.#record
    const family = all !== null && pid !== null ? familyOf({ pid, startTime: startTime ?? '' }, all) : []
    this.#residentBytes = this.#fence.residentBytes() ?? residentBytes(family)
    this.#cpuMs = this.#fence.cpuMs() ?? cpuMsOf(family)
    this.#measuredAtMs = this.#ctx.clock.monotonicMs()
    const overBytes = this.#record.limits === 'watched' && this.#residentBytes > spec.memoryMiB * 2 ** 20
    if (overBytes || this.#fence.oomKills() > 0) {
      // With cgroups the kernel may have ended only a child: the rest would limp on without it.
      this.#cause ??= overMemory(spec)
      await this.#killAll()
    }
    await this.#ctx.logs.rotateIfLong(spec.id)
  }

  get #live(): boolean {
    return this.#ending === null && !this.ended && !this.#over.signal.aborted
  }

  async #runs(): Promise<boolean> {
    const { pid, startTime } = this.#record
    return pid !== null && startTime !== null && (await startTimeOf(pid)) === startTime
  }

  #enter(phase: ServiceRecord['phase']): void {
    this.#record.phase = phase
    // A full disk must not take the agent down with it: what is true in memory stays true, and an agent that starts
    // again finds out by looking. Only the first record is a condition: nothing runs that is not written down.
    this.#tolerate(() => this.#ctx.records.save(this.#record))
    this.#ctx.changed(this.spec.id)
  }

  #tolerate(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#ctx.log.error({ err: error, id: this.spec.id }, 'state of a service process could not be written')
    }
  }

  async #launch(): Promise<void> {
    try {
      await this.#fetch()
      if (this.#stopping) return await this.#finish(null)
      await this.#spawn()
      void this.#probeWhileLive()
    } catch (error) {
      const reason = isRefusal(error, 'ModelUnavailable') ? 'ModelUnavailable' : 'SpawnFailed'
      this.#cause ??= { reason, message: messageOf(error) }
      await this.#finish(null)
    }
  }

  async #fetch(): Promise<void> {
    if (this.spec.fetches.length === 0) return
    const { id } = this.spec
    const { logs, records, runAs } = this.#ctx
    records.save(this.#record)
    closeSync(logs.open(id, runAs))
    this.#record.files = await this.#fetches.run(this.#over.signal, url => {
      logs.note(id, `fetching ${url}`)
      this.#ctx.changed(id)
    })
  }

  async #spawn(): Promise<void> {
    const { spec } = this
    this.#record.launchedAt = timeText(this.#ctx.clock)
    const { logs, limits, ports, runAs } = this.#ctx
    const port = await ports.reserve()
    this.#record.port = port
    const env = { PATH: this.#ctx.servicePath, HOME: this.directory, HOST: serviceHost, LANG: 'C.UTF-8', ...spec.env }
    const mark = this.#ctx.fencePrefix + spec.id
    const environment = {
      ...env,
      PORT: String(port),
      [idName]: spec.instanceId ?? spec.id,
      [storageName]: this.directory,
      [markName]: mark,
    }
    // The directories above must let another user through, but show it nothing.
    mkdirSync(spec.machineDir, { recursive: true, mode: 0o711 })
    mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    if (runAs !== null) chownSync(this.directory, runAs.uid, runAs.gid)
    await linkStorage(this.directory, spec.mounts, this.#ctx.storage, runAs)
    const logFd = logs.open(spec.id, runAs)
    try {
      const argv = spec.argv.map(arg => this.#record.files[/^\{(\w+)\}$/.exec(arg)?.[1] ?? ''] ?? arg)
      const reason = whyNotRunnable(argv, environment, this.directory)
      if (reason !== null) throw new Error(reason)
      this.#fence = limits.fence(this.#ctx.fencePrefix + spec.id, { ...spec, pidsMax: spec.pidsMax ?? pidsDefault })
      this.#record.fencePaths = this.#fence.paths
      const gated = await spawnGated({ argv, env: environment, directory: this.directory, logFd, runAs })
      this.#child = gated.child
      gated.child.once('exit', (code, name) => void this.#finish({ code, signal: name }))
      try {
        this.#record.pid = gated.pid
        this.#record.startTime = await startTimeOf(gated.pid)
        this.#fence.join(gated.pid)
        this.#ctx.records.save(this.#record)
        this.#ctx.changed(spec.id)
        gated.open()
      } catch (error) {
        gated.abandon()
        throw error
      }
    } finally {
      closeSync(logFd)
    }
  }

  async #probeWhileLive(): Promise<void> {
    const { port, launchedAt, startedAt, spec } = this.#record
    if (port === null) return
    await watchHealth({
      ...{ clock: this.#ctx.clock, check: spec.health, startedAt: launchedAt ?? startedAt },
      probe: () => probe(serviceHost, port, spec.health),
      // Not while stopping: probes would count as connections, and readiness is no longer anybody's question.
      live: () => this.#live && this.#record.phase !== 'stopping',
      everReady: () => this.#record.readyAt !== null,
      setReady: ready => this.#setReady(ready),
      end: cause => {
        this.#cause ??= cause
        return this.#killAll()
      },
      pause: ms => this.#pause(ms),
    })
  }

  #setReady(ready: boolean): void {
    if (ready === this.#ready || this.#record.phase === 'stopping') return
    this.#ready = ready
    if (ready && this.#record.readyAt === null) {
      this.#record.readyAt = timeText(this.#ctx.clock)
      this.#enter('running')
    } else {
      this.#ctx.changed(this.spec.id)
    }
  }

  async #drainAndStop(): Promise<void> {
    const { clock } = this.#ctx
    this.#fetches.giveUp()
    await this.#launched
    const { port, pid } = this.#record
    await awaitIdle({
      ...{ clock, port, connections: this.#ctx.connections, pause: ms => this.#pause(ms) },
      waits: () => this.#live && clock.monotonicMs() < this.#stopPlan.drainUntilMs,
    })
    if (!this.#live || pid === null) return
    this.#ready = false
    signal(-pid, 'SIGTERM')
    const signalledMs = clock.monotonicMs()
    while (this.#live && clock.monotonicMs() < signalledMs + this.#stopPlan.graceMs) {
      if (this.#child === null && !(await this.#runs())) return this.#finish(null)
      await this.#pause(20)
    }
    if (this.#live) await this.#killAll()
  }

  /** Kills everything of it; the end follows from its exit, or at once where no exit is told to us. */
  async #killAll(): Promise<void> {
    await this.#killRest()
    if (this.#child === null) await this.#finish(null)
  }

  /** How many could not be killed. */
  #killRest(): Promise<number> {
    return killRest(this.#record, this.#fence, this.#ctx.fencePrefix + this.spec.id, this.#ctx.clock)
  }

  #finish(exit: Exit | null): Promise<void> {
    this.#ending ??= this.#end(exit)
    return this.#ending
  }

  async #end(exit: Exit | null): Promise<void> {
    if (this.#ctx.closing.aborted) return // The next agent will see it.
    this.#over.abort()
    const { spec, pid, port } = this.#record
    const { logs, ports, log } = this.#ctx
    const sameBoot = this.#record.bootId === this.#ctx.bootId
    if (sameBoot && pid !== null && !(await this.#allGone())) return
    const { reason, message } = await this.#explain(exit)
    this.#ready = false
    this.#record.end = { reason, exitCode: exit?.code ?? null, signal: exit?.signal ?? null, message }
    this.#record.endedAt = timeText(this.#ctx.clock)
    if (port !== null) ports.release(port)
    this.#fetches.release(this.#record.files)
    this.#tolerate(() => {
      if (['SpawnFailed', 'ModelUnavailable'].includes(reason) && logs.has(spec.id)) logs.note(spec.id, message)
      logs.end(spec.id)
    })
    if (!this.#fence.remove()) log.warn({ id: spec.id, paths: this.#fence.paths }, 'cgroup not removed yet')
    log.info({ id: spec.id, pid, reason, exitCode: exit?.code, signal: exit?.signal }, 'service process ended')
    this.#enter('ended')
  }

  /**
   * Until no process of it is left, however long the kernel takes: while one lives it has its memory and cards, and nothing
   * else may be given them. False when the agent closes before.
   */
  async #allGone(): Promise<boolean> {
    for (let left = await this.#killRest(); left > 0; left = await this.#killRest()) {
      if (this.#ctx.closing.aborted) return false
      this.#ctx.log.warn({ id: this.spec.id, left }, 'processes can not be killed yet: their capacity stays taken')
      this.#ready = false
      if (this.#record.phase !== 'stopping') this.#enter('stopping')
    }
    return true
  }

  async #explain(exit: Exit | null): Promise<EndCause> {
    if (this.#cause !== null) return this.#cause
    if (this.#fence.oomKills() > 0) return overMemory(this.spec)
    const mayBeShell = [126, 127].includes(exit?.code ?? 0) && this.#record.readyAt === null
    const failure = mayBeShell ? await this.#shellsLastWord() : null
    return failure === null ? exited(exit) : { reason: 'SpawnFailed', message: failure }
  }

  /** Where `exec` fails (no right to run it as this user, a wrong format) the shell says so under its name, and ends. */
  async #shellsLastWord(): Promise<string | null> {
    const { lines } = await this.#ctx.logs.page(this.spec.id, { limit: 1 })
    return lines[0]?.startsWith(`${shellName}: `) ? lines[0] : null
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#over.signal }).catch(() => {})
  }
}
