// Service instances as containers of Docker on this host. The engine owns them: they outlive us, and who starts after us
// finds them by their labels. We probe them, stop them, and keep their logs.
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { countForwarded } from '../../agent/connections.ts'
import type { Clock } from '../../lib/clock.ts'
import { messageOf, Refusal } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { type AllowedPath, type Mount, realMounts, resolveMounts } from '../../lib/mounts.ts'
import { instanceIdOf, processIdOf } from '../../lib/process-id.ts'
import { rememberFor } from '../../lib/remember-for.ts'
import { sideBySide } from '../../lib/side-by-side.ts'
import { everything, ToldChanges } from '../../lib/told-changes.ts'
import type {
  HostDisks,
  Launch,
  LogPage,
  RuntimeDriver,
  RuntimeFigures,
  RuntimeObservation,
  RuntimeRef,
  StopOptions,
} from '../../services/driver.ts'
import { containerBody, networkBody } from './container-body.ts'
import { ContainerLogs } from './container-logs.ts'
import { dockerDisks } from './disks.ts'
import { DockerEngine, isEngineError } from './engine.ts'
import type { ContainerSummary } from './engine-types.ts'
import { Images, parseLogin } from './images.ts'
import { Installation, processIdIn } from './labels.ts'
import { asImage, type ImageLaunch } from './model-server.ts'
import { Notes } from './notes.ts'
import { type Ended, failedToStart } from './outcome.ts'
import { type ContainerContext, ServiceContainer } from './service-container.ts'
import { type DockerSettings, rememberSettings } from './settings.ts'
import { figuresOf } from './stats.ts'

export interface DockerRuntimeOptions {
  docker: DockerSettings
  /** Notes and logs are kept in `<dataDir>/docker`. */
  dataDir: string
  /** Directories of the host that services may mount. */
  storage: readonly AllowedPath[]
  /** Private networks from which a container may fetch the model that it serves. */
  modelNetworks?: readonly string[]
  clock: Clock
  log: Logger
}

/** One that is being brought to run: an image that is fetched takes its time. */
interface Launching {
  abort: AbortController
  done: Promise<void>
  failed: Ended | null
}

const connectionsFreshMs = 100
const measuredAtOnce = 16

export class DockerRuntime implements RuntimeDriver {
  readonly #options: DockerRuntimeOptions
  readonly #engine: DockerEngine
  readonly #installation: Installation
  readonly #images: Images
  readonly #logs: ContainerLogs
  readonly #ctx: ContainerContext
  readonly #closing = new AbortController()
  readonly #told = new ToldChanges()
  readonly #launching = new Map<string, Launching>()
  /** A promise from the first moment on: two looks at once must not watch one twice. */
  readonly #watched = new Map<string, Promise<ServiceContainer | null>>()
  #init: Promise<boolean> | null = null
  #network: Promise<string> | null = null

  constructor(options: DockerRuntimeOptions) {
    const { docker, dataDir, clock, log } = options
    this.#options = options
    rememberSettings(dataDir, docker)
    this.#engine = new DockerEngine(docker.socketPath)
    this.#installation = new Installation(dataDir)
    this.#images = new Images(this.#engine, docker.pull)
    this.#logs = new ContainerLogs(this.#engine, join(dataDir, 'docker', 'logs'), clock)
    setMaxListeners(0, this.#closing.signal)
    this.#ctx = {
      ...{ engine: this.#engine, clock, log, closing: this.#closing.signal },
      notes: new Notes(join(dataDir, 'docker', 'instances')),
      changed: id => this.#told.tell(id),
      connections: rememberFor(connectionsFreshMs, clock, countForwarded),
    }
  }

  /** Ends what is ours; containers run on. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const { abort } of this.#launching.values()) abort.abort()
    await Promise.allSettled([...this.#launching.values()].map(({ done }) => done))
  }

  async ensure(wanted: Launch): Promise<RuntimeObservation> {
    const { docker, modelNetworks: networks = [] } = this.#options
    const id = processIdOf(wanted)
    const launch = asImage(wanted, { image: docker.modelServerImage ?? null, networks })
    if (launch === null) {
      const message = 'containers[0].image is missing: the docker engine runs images'
      throw new Refusal('EngineNotSupported', message, { field: 'containers[0].image' })
    }
    const [word] = await this.observe([launch])
    if (word && word.state !== 'not_found') return word
    const launching = this.#launching.get(id) ?? this.#begin(launch)
    // A fetch is not waited for; making and starting are, so that not all of a service start at once.
    if (await this.#images.isAtHand(launch.program.image)) await launching.done
    return (await this.observe([launch]))[0] ?? { state: 'starting' }
  }

  async observe(refs: readonly RuntimeRef[]): Promise<RuntimeObservation[]> {
    if (refs.length === 0) return []
    const containers = await this.#engine.containers(this.#installation.label)
    const found = new Map(containers.map(container => [processIdIn(container.Labels), container]))
    const connections = await this.#ctx.connections()
    return Promise.all(refs.map(processIdOf).map(id => this.#word(id, found.get(id), connections)))
  }

  async measure(refs: readonly RuntimeRef[]): Promise<(RuntimeFigures | null)[]> {
    if (refs.length === 0) return []
    const containers = await this.#engine.containers(this.#installation.label)
    const running = new Map(containers.filter(isLive).map(({ Labels, Id }) => [processIdIn(Labels), Id]))
    return sideBySide(refs, measuredAtOnce, ref => this.#figures(running.get(processIdOf(ref))))
  }

  disks(): Promise<HostDisks> {
    return dockerDisks(this.#engine, this.#installation, this.#options.dataDir)
  }

  async stop(ref: RuntimeRef, options: StopOptions): Promise<void> {
    const launching = this.#launching.get(processIdOf(ref))
    if (launching) {
      launching.abort.abort()
      await launching.done
    }
    const container = await this.#find(processIdOf(ref))
    container?.stop(options)
  }

  async forget(ref: RuntimeRef): Promise<void> {
    const id = processIdOf(ref)
    const name = this.#installation.containerName(id)
    const found = await this.#engine.inspect(name)
    if (found?.State.Running)
      throw new Refusal('ServiceInstanceNotEnded', `${id} is still running: stop it first`, { field: 'id' })
    this.#launching.get(id)?.abort.abort()
    this.#launching.delete(id)
    if (found) {
      await this.#logs.take(id, name)
      await this.#engine.remove(name)
    }
    await this.#leave(id)
    this.#ctx.notes.remove(id)
    this.#logs.end(id, new Set([...this.#watched.keys(), ...this.#launching.keys()]))
  }

  logs(ref: RuntimeRef, query: { offset?: number; limit?: number; keyword?: string }): Promise<LogPage> {
    const id = processIdOf(ref)
    return this.#logs.page(id, this.#installation.containerName(id), query)
  }

  followLogs(ref: RuntimeRef, signal: AbortSignal): AsyncIterable<string> {
    const id = processIdOf(ref)
    return this.#logs.follow(id, this.#installation.containerName(id), signal)
  }

  /** Ours, and the engine's: the first word comes once the engine's stream is open. */
  async *changes(signal: AbortSignal): AsyncGenerator<string> {
    const over = new AbortController()
    const until = AbortSignal.any([signal, over.signal, this.#closing.signal])
    const told = this.#told.listen(until)
    const heard = this.#hear(until).finally(() => over.abort())
    heard.catch(() => {}) // Told below, when whoever listens asks next.
    try {
      for await (const id of told) yield instanceIdOf(id)
    } finally {
      over.abort()
      // Why it broke off, if it did: who listens begins anew.
      await heard
    }
  }

  /** Stops every container of this installation and waits for it: for the end of the whole host's work. */
  async stopAll(options: StopOptions): Promise<void> {
    for (;;) {
      const live = (await this.#engine.containers(this.#installation.label)).filter(isLive)
      if (live.length === 0) return
      await Promise.all(live.map(async one => (await this.#find(processIdIn(one.Labels)))?.stop(options)))
      await sleep(100)
    }
  }

  async #figures(containerId: string | undefined): Promise<RuntimeFigures | null> {
    const stats = containerId === undefined ? null : await this.#engine.stats(containerId)
    return stats && figuresOf(stats, this.#ctx.clock.monotonicMs())
  }

  async #word(
    id: string,
    summary: ContainerSummary | undefined,
    connections: Map<number, number> | null,
  ): Promise<RuntimeObservation> {
    const launching = this.#launching.get(id)
    if (launching?.failed) return launching.failed
    // Made and not started: by us at this moment, or by one who died then, and whoever launches starts it.
    if (summary === undefined || summary.State === 'created') {
      if (summary === undefined) await this.#leave(id)
      return { state: launching ? 'starting' : 'not_found' }
    }
    let container = await this.#watch(id)
    if (container !== null && container.containerId !== summary.Id) {
      await this.#leave(id)
      container = await this.#watch(id)
    }
    if (container === null) return { state: 'not_found' }
    if (!isLive(summary)) await container.look()
    return container.word(connections)
  }

  async #find(id: string): Promise<ServiceContainer | null> {
    const container = await this.#watch(id)
    await container?.look()
    return container
  }

  /** The one that stands behind this id now; null: none does. */
  async #watch(id: string): Promise<ServiceContainer | null> {
    const known = this.#watched.get(id)
    if (known) return known
    const watch = this.#open(id)
    this.#watched.set(id, watch)
    const forget = () => this.#watched.get(id) === watch && this.#watched.delete(id)
    watch.then(container => container === null && forget(), forget)
    return watch
  }

  async #open(id: string): Promise<ServiceContainer | null> {
    const found = await this.#engine.inspect(this.#installation.containerName(id))
    const begun = found !== null && (found.State.Running || !found.State.StartedAt.startsWith('0001-'))
    return begun ? ServiceContainer.open(this.#ctx, id, found) : null
  }

  async #leave(id: string): Promise<void> {
    const watched = this.#watched.get(id)
    this.#watched.delete(id)
    const container = await watched?.catch(() => null)
    container?.leave()
  }

  #begin(launch: ImageLaunch): Launching {
    const id = processIdOf(launch)
    const launching: Launching = { abort: new AbortController(), done: Promise.resolve(), failed: null }
    this.#launching.set(id, launching)
    const drop = () => {
      if (this.#launching.get(id) === launching) this.#launching.delete(id)
    }
    launching.done = this.#launch(launch, launching.abort.signal)
      .then(failed => {
        launching.failed = failed
        if (failed === null) drop()
        else this.#logs.note(id, failed.message)
      })
      .catch(error => {
        // Not its end: it is asked for again, and found not to be there.
        drop()
        if (launching.abort.signal.aborted) return
        this.#ctx.log.warn({ id, error: messageOf(error) }, 'a container could not be started; trying again when asked')
      })
      .finally(() => this.#ctx.changed(id))
    return launching
  }

  async #launch(launch: ImageLaunch, signal: AbortSignal): Promise<Ended | null> {
    const login = launch.registryAuth ? parseLogin(launch.registryAuth) : null
    const missing = await this.#images.bring(launch.program.image, login, signal)
    if (missing !== null) return missing
    const { docker, storage } = this.#options
    const mounts = await allowedMounts(launch.mounts ?? [], storage).catch(refusedMount)
    if (!Array.isArray(mounts)) return mounts
    const [networkId, init] = await Promise.all([this.#networkId(), this.#hasInit()])
    const own = { installation: this.#installation, networkId, init }
    const body = containerBody(launch, { ...docker, ...own, mounts })
    const name = this.#installation.containerName(processIdOf(launch))
    signal.throwIfAborted()
    try {
      // 409: another call, or one who died before the start, has made it.
      await this.#engine.create(name, body).catch(error => {
        if (!isEngineError(error, 409)) throw error
      })
      signal.throwIfAborted()
      await this.#engine.start(name)
      return null
    } catch (error) {
      if (!isEngineError(error, 400, 404, 500)) throw error
      await this.#engine.remove(name)
      // Another made one at the same time, and one of the two is taken back: no end, it is asked for again.
      if (/network .*(not found|is ambiguous)/i.test(error.message)) {
        this.#network = null
        throw error
      }
      return failedToStart(error.message)
    }
  }

  #hasInit(): Promise<boolean> {
    this.#init ??= this.#engine.info().then(({ InitCommit, InitBinary }) => {
      const commit = InitCommit?.ID ?? ''
      return (InitBinary ?? '') !== '' && commit !== 'N/A'
    })
    this.#init.catch(() => {
      this.#init = null
    })
    return this.#init
  }

  #networkId(): Promise<string> {
    this.#network ??= this.#openNetwork()
    this.#network.catch(() => {
      this.#network = null
    })
    return this.#network
  }

  /**
   * Names of networks are not unique, and while there are two of one name nothing starts: of several that were made at once, all
   * who look take the same, but for one that is in use already.
   */
  async #openNetwork(): Promise<string> {
    const { networkName } = this.#installation
    if ((await this.#engine.networks(networkName)).length === 0)
      await this.#engine.createNetwork(networkBody(this.#installation))
    const [id, ...others] = await this.#engine.networks(networkName)
    if (id === undefined) throw new Error(`the network ${networkName} was removed as it was made`)
    let kept = id
    for (const other of others) {
      if (await this.#engine.removeNetwork(other)) continue
      await this.#engine.removeNetwork(kept)
      kept = other
    }
    return kept
  }

  async #hear(signal: AbortSignal): Promise<void> {
    for await (const event of this.#engine.events(this.#installation.label, signal)) {
      if (event === null) {
        this.#ctx.changed(everything)
        continue
      }
      const id = processIdIn(event.Actor.Attributes)
      const container = (await this.#watched.get(id)?.catch(() => null)) ?? null
      if (event.Action === 'oom') await container?.killOverMemory()
      // Not waited for: what it still asks about this end may be in the next event.
      if (event.Action === 'die') void container?.look().catch(() => {})
      this.#ctx.changed(id)
    }
  }
}

/** Held against what the operator allows now: it may have been more when the service was deployed. */
const allowedMounts = async (wishes: readonly Mount[], allow: readonly AllowedPath[]): Promise<Mount[]> =>
  realMounts(resolveMounts(wishes, allow), allow)

function refusedMount(error: unknown): Ended {
  if (error instanceof Refusal) return failedToStart(error.message)
  throw error
}

const isLive = ({ State }: ContainerSummary): boolean =>
  State === 'running' || State === 'paused' || State === 'restarting'
