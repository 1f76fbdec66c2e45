// `berth up`: everything on one host. supervisor → PostgreSQL, then agent, control and gateway side by side; down in the order
// gateway, control, services, agent, PostgreSQL, so that nothing is asked of what has gone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Config, ListenAddress } from '../config.ts'
import { AgentClient } from '../drivers/process/agent-client.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { KeptPostgres } from './kept-postgres.ts'
import { RoleProcess } from './role-process.ts'
import {
  agentSocketPath,
  describeProcess,
  isRunning,
  logPath,
  type RoleName,
  type RunningProcess,
  type RunState,
  readRunState,
  removeRunState,
  writeRunState,
} from './run-state.ts'

export interface UpOptions {
  config: Config
  env: NodeJS.ProcessEnv
  clock: Clock
  log: Logger
  /** Told once per step, for the person who waits. */
  say: (line: string) => void
}

export interface Running {
  state: RunState
  /** Has control read its certificate again. */
  reload(): void
  /** Stops everything in order; repeatable. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
export const nodeArgv = [process.execPath, '--disable-warning=ExperimentalWarning']
/** V8 keeps up to three of these per thread for good: at its own choice of 16 MiB control was idle with 20 MiB more. */
const smallNursery = '--max-semi-space-size=8'
const readyMs = 60_000
/** Longer than any service's default grace: the agent's children are asked to end in order. */
const servicesStopMs = 30_000
const servicesGraceMs = 10_000

export async function up(given: UpOptions): Promise<Running> {
  const { config, log, say } = given
  const cacheDir = join(config.dataDir, 'cache', `node-${process.version}`)
  const options = { ...given, env: { ...given.env, NODE_COMPILE_CACHE: cacheDir } }
  const compiled = compileAhead(cacheDir, options.env)
  const postgres = config.databaseUrl ? null : await KeptPostgres.start(config.dataDir, log)
  await compiled
  say(postgres ? `PostgreSQL ${postgres.adopted ? 'taken over' : 'started'}` : 'PostgreSQL from DATABASE_URL')
  try {
    await endLeftovers(config.dataDir, given.clock)
    return await startRoles(options, postgres)
  } catch (error) {
    await postgres?.stop()
    throw error
  }
}

/** Nothing depends on it but speed: whatever goes wrong here, roles start all the same. */
async function compileAhead(cacheDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync(cacheDir)) return
  const [program = '', ...args] = [...nodeArgv, fileURLToPath(new URL('../compile-ahead.ts', import.meta.url))]
  const child = spawn(program, args, { env, stdio: 'ignore' })
  await new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
}

async function startRoles(options: UpOptions, postgres: KeptPostgres | null): Promise<Running> {
  const { config, clock, log, say } = options
  const listen = { api: await resolvePort(config.listen.api), gateway: await resolvePort(config.listen.gateway) }
  const state: RunState = {
    version: config.version,
    apiUrl: urlOf(listen.api, config.tls ? 'https' : 'http'),
    gatewayUrl: urlOf(listen.gateway),
    databaseUrl: postgres?.url ?? null,
    processes: {},
  }
  const note = async (name: RoleName, pid: number) => {
    const running = await describeProcess(pid, clock.now())
    if (running) state.processes[name] = running
    writeRunState(config.dataDir, state)
  }
  await note('supervisor', process.pid)
  if (postgres) await note('postgres', postgres.pid)
  if (postgres) postgres.onStart = pid => void note('postgres', pid)
  const env: NodeJS.ProcessEnv = {
    ...options.env,
    BERTH_HOME: config.dataDir,
    BERTH_API_LISTEN: `${listen.api.host}:${listen.api.port}`,
    BERTH_GATEWAY_LISTEN: `${listen.gateway.host}:${listen.gateway.port}`,
    ...(postgres ? { DATABASE_URL: postgres.url } : {}),
  }
  const role = (name: RoleName, stopMs: number) =>
    new RoleProcess({
      name,
      argv: [...nodeArgv, ...(name === 'control' ? [smallNursery] : []), main, 'serve', '--role', name],
      env,
      logFile: logPath(config.dataDir, name),
      log,
      stopMs,
      readyMs,
      onStart: pid => void note(name, pid),
    })
  const agent = role('agent', 5_000)
  const control = role('control', 15_000)
  const gateway = role('gateway', 35_000)
  let stopping: Promise<void> | undefined
  const stopAll = async () => {
    await gateway.stop()
    await control.stop()
    await stopServices(config.dataDir, log)
    await agent.stop()
    await postgres?.stop()
    removeRunState(config.dataDir)
  }
  const stop = () => {
    stopping ??= stopAll()
    return stopping
  }
  await startTogether([agent, control, gateway], say)
  const reload = () => {
    if (control.pid !== null) process.kill(control.pid, 'SIGHUP')
  }
  return { state, stop, reload }
}

/**
 * All or none: when one does not start, the others are stopped again. Side by side, since none needs another to start: the
 * gateway serves by the routes it kept, and control asks the agent again until it answers, as after the end of either.
 */
async function startTogether(roles: readonly RoleProcess[], say: (line: string) => void): Promise<void> {
  try {
    await Promise.all(roles.map(role => role.start().then(() => say(`${role.name} started`))))
  } catch (error) {
    for (const role of roles.toReversed()) await role.stop()
    throw error
  }
}

/**
 * The processes of a supervisor that was killed went on serving until now. They are replaced, so that this one is told when
 * they end. The services stay: the next agent finds them again.
 */
export async function endLeftovers(dataDir: string, clock: Clock): Promise<void> {
  const state = readRunState(dataDir)
  for (const name of ['gateway', 'control', 'agent'] as const) await endProcess(state?.processes[name])
  // One that the state does not tell of would keep its directory from ours, which would not start.
  const pid = await new AgentClient(agentSocketPath(dataDir)).pid().catch(() => null)
  if (pid !== null) await endProcess(await describeProcess(pid, clock.now()))
}

export async function endProcess(leftover: RunningProcess | null | undefined): Promise<void> {
  if (!leftover || !(await isRunning(leftover))) return
  process.kill(leftover.pid, 'SIGTERM')
  await until(async () => !(await isRunning(leftover)), 35_000)
  if (await isRunning(leftover)) process.kill(leftover.pid, 'SIGKILL')
}

/** Services end last of all that serves: each is asked, then waited for. */
export async function stopServices(dataDir: string, log: Logger): Promise<void> {
  const client = new AgentClient(agentSocketPath(dataDir))
  const asked = [
    client.stopAll({ drainMs: 0, graceMs: servicesGraceMs }).catch(error => {
      log.warn({ err: error }, 'the agent did not answer while services were stopped')
    }),
    stopContainers(dataDir, log).catch(error => {
      log.warn({ err: error }, 'Docker did not answer while services were stopped')
    }),
  ]
  await Promise.race([Promise.all(asked), delay(servicesStopMs, undefined, { ref: false })])
}

/** Its driver is not kept in memory by those who never need it. */
async function stopContainers(dataDir: string, log: Logger): Promise<void> {
  const docker = await import('../drivers/docker/host.ts')
  await docker.stopContainers(dataDir, log, servicesGraceMs)
}

export async function until(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition()) && performance.now() < deadline) await delay(50)
}

export const urlOf = ({ host, port }: ListenAddress, scheme = 'http'): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`

/** Port 0 means any free one: chosen here, so that every process is told the same. */
async function resolvePort(address: ListenAddress): Promise<ListenAddress> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `port ${address.port} on ${address.host} is taken by another program: stop it, or set another port under \`listen\` in berth.yaml`,
            )
          : error,
      ),
    )
    server.listen(address.port, address.host, resolve)
  })
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : address.port
  await new Promise(resolve => server.close(resolve))
  return { host: address.host, port }
}
