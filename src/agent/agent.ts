// The agent: one per host. It owns the service processes, their logs and limits, and nothing else; it outlives control,
// and service processes outlive it: an agent that starts again finds them by what it wrote down.
import { EventEmitter, setMaxListeners } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootId } from '../lib/boot-id.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AllowedPath } from '../lib/mounts.ts'
import type { Random } from '../lib/random.ts'
import { rememberFor } from '../lib/remember-for.ts'
import { countConnections } from './connections.ts'
import { measureDisks } from './disks.ts'
import { fencePrefix, findLimits, type LimitMode } from './limits.ts'
import { type LogOptions, Logs, logDefaults } from './logs.ts'
import { ModelFetcher } from './models/model-fetcher.ts'
import { type FetchLimits, fetchLimits, type ModelSettings, noModels } from './models/model-settings.ts'
import { type PortRange, Ports } from './ports.ts'
import { startTimeOf } from './processes.ts'
import { serveOn } from './serve.ts'
import type { AgentContext } from './service-process.ts'
import { ServiceProcesses } from './service-processes.ts'
import { ServiceRecords } from './service-record.ts'
import type { RunAs } from './spawn.ts'

export interface AgentOptions {
  /** Records and logs; the agent's own. */
  stateDir: string
  /** At most 103 bytes, or the kernel refuses it. */
  socketPath: string
  log: Logger
  clock: Clock
  random: Random
  /** The user that service processes run as, when the agent is root; null or absent: the agent's own. */
  runAs?: RunAs | null
  portRange?: PortRange
  logs?: Partial<LogOptions>
  /** Default `auto`: the best that works here. */
  limits?: LimitMode | 'auto'
  /** `PATH` of a service that sets none. */
  servicePath?: string
  /** Where models may come from; default: from public addresses. */
  models?: ModelSettings
  fetchLimits?: Partial<FetchLimits>
  /** Directories of this host that services may be given; default: none. */
  storage?: readonly AllowedPath[]
}

export interface Agent {
  limits: LimitMode
  /** Stops serving and watching. Service processes run on, for the next agent. */
  close(): Promise<void>
}

const lookPeriodMs = 500
const sweepPeriodMs = 600_000
const connectionsFreshMs = 100
const socketPathMax = 103
const pathDefault = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { stateDir, socketPath, log, clock } = options
  if (Buffer.byteLength(socketPath) > socketPathMax) {
    throw new Error(`the socket's path is over ${socketPathMax} bytes: ${socketPath}; choose a shorter directory`)
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 })
  const unlock = await lock(stateDir)
  try {
    const closing = new AbortController()
    const changes = new EventEmitter().setMaxListeners(0)
    const { ctx, services } = await prepare(options, closing.signal, changes)
    log.info(await services.adopt(), 'service processes found again')
    rmSync(socketPath, { force: true }) // The lock is ours: a socket that is there has nobody behind it.
    const server = await serveOn(socketPath, {
      ...{ services, logs: ctx.logs, limits: ctx.limits.mode, log },
      disks: async () => measureDisks(stateDir, await services.specs()),
      onChange: listener => {
        changes.on('change', listener)
        return () => changes.off('change', listener)
      },
    })
    const retainHours = options.logs?.retainHours ?? logDefaults.retainHours
    void repeat(lookPeriodMs, closing.signal, log, () => services.look())
    void repeat(sweepPeriodMs, closing.signal, log, () => services.sweep(retainHours))
    log.info({ socketPath, limits: ctx.limits.mode, pid: process.pid, at: clock.now().toString() }, 'agent ready')
    return {
      limits: ctx.limits.mode,
      close: async () => {
        closing.abort()
        const closed = new Promise(resolve => server.close(resolve))
        server.closeAllConnections()
        await closed
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

/** The agent's role as a process of its own: until SIGTERM or SIGINT, which leave the service processes running. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const agent = await startAgent(options)
  const name = await new Promise<string>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
  options.log.info({ signal: name }, 'agent stops; service processes run on')
  await agent.close()
}

async function prepare(options: AgentOptions, closing: AbortSignal, changes: EventEmitter) {
  const { stateDir, log, clock, random } = options
  setMaxListeners(0, closing)
  const { limits, tried } = await findLimits(options.limits)
  log.info({ limits: limits.mode, missing: limits.missing, tried }, 'limits of service processes')
  const ctx: AgentContext = {
    ...{ clock, log, limits, closing, fencePrefix: fencePrefix(stateDir), bootId: await bootId() },
    logs: new Logs(join(stateDir, 'logs'), { ...logDefaults, ...options.logs }, clock),
    ports: new Ports(random, options.portRange),
    records: new ServiceRecords(join(stateDir, 'instances')),
    storage: options.storage ?? [],
    fetcher: new ModelFetcher({
      ...{ settings: options.models ?? noModels, limits: { ...fetchLimits, ...options.fetchLimits }, clock, log },
    }),
    // Only root may become somebody else.
    runAs: process.getuid?.() === 0 ? (options.runAs ?? null) : null,
    servicePath: options.servicePath ?? `${pathDefault}:${dirname(process.execPath)}`,
    changed: id => changes.emit('change', id),
    connections: rememberFor(connectionsFreshMs, clock, countConnections),
  }
  return { ctx, services: new ServiceProcesses(ctx) }
}

/** One agent per state directory: two would each take the other's processes for their own. */
async function lock(stateDir: string): Promise<() => void> {
  const path = join(stateDir, 'agent.lock')
  const boot = await bootId()
  for (let attempt = 0; ; attempt++) {
    try {
      const identity = { pid: process.pid, startTime: await startTimeOf(process.pid), boot }
      writeFileSync(path, JSON.stringify(identity), { flag: 'wx', mode: 0o600 })
      return () => rmSync(path, { force: true })
    } catch (error) {
      const holder = await readHolder(path)
      if (
        attempt > 0 ||
        (holder !== null && holder.boot === boot && (await startTimeOf(holder.pid)) === holder.startTime)
      ) {
        throw new Error(`an agent runs already on ${stateDir} (process ${holder?.pid})`, { cause: error })
      }
      rmSync(path, { force: true })
    }
  }
}

async function readHolder(path: string): Promise<{ pid: number; startTime: string; boot: string } | null> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

async function repeat(periodMs: number, closing: AbortSignal, log: Logger, step: () => Promise<void>): Promise<void> {
  while (!closing.aborted) {
    await step().catch(error => log.error({ err: error }, `the agent's round failed: ${messageOf(error)}`))
    await sleep(periodMs, undefined, { signal: closing, ref: false }).catch(() => {})
  }
}
