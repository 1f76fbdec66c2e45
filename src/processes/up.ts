// `berth up`: everything on one host. supervisor → PostgreSQL, then agent, control and gateway side by side; down in the order
// gateway, control, services, agent, PostgreSQL, so that nothing is asked of what has gone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Config, ListenAddress } from '../config/config.ts'
import { AgentClient } from '../drivers/process/agent-client.ts'
import { type BoundSocket, bindSocket, closeSocket, fdOf } from '../lib/bound-socket.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import { listen, portOf } from '../lib/listen.ts'
import type { Logger } from '../lib/log.ts'
import { controlNodeArgs, gatewayNodeArgs } from '../lib/node-args.ts'
import { KeptPostgres } from './kept-postgres.ts'
import { RoleProcess } from './role-process.ts'
import {
  agentSocketPath,
  describeProcess,
  isRunning,
  logPath,
  type Replacements,
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
  /** Has control and the gateway read their certificates again. */
  reload(): void
  /** Has the gateway replaced by one of the code on disk; how that went stands in the run state. */
  replaceGateway(): void
  /** Stops everything in order; repeatable. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
export const nodeArgv = [process.execPath, '--disable-warning=ExperimentalWarning']
const nodeArgsOf: Partial<Record<RoleName, readonly string[]>> = { control: controlNodeArgs, gateway: gatewayNodeArgs }
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
  const { sockets, listen } = await openPorts(config)
  const tls = config.listen.gatewayTls
  const replacements: Replacements = { begun: 0, last: null }
  const state: RunState = {
    version: config.version,
    apiUrl: urlOf(listen.api, config.tls ? 'https' : 'http'),
    gatewayUrl: urlOf(listen.gateway),
    databaseUrl: postgres?.url ?? null,
    processes: {},
    leaving: [],
    replacements,
  }
  const write = () => writeRunState(config.dataDir, state)
  const describe = (pid: number) => describeProcess(pid, clock.now())
  const note = async (name: RoleName, pid: number) => {
    const running = await describe(pid)
    if (running) state.processes[name] = running
    write()
  }
  await note('supervisor', process.pid)
  if (postgres) await note('postgres', postgres.pid)
  if (postgres) postgres.onStart = pid => void note('postgres', pid)
  const env: NodeJS.ProcessEnv = {
    ...options.env,
    ...{ BERTH_HOME: config.dataDir, BERTH_GATEWAY_BESIDE: 'true' },
    BERTH_API_LISTEN: `${listen.api.host}:${listen.api.port}`,
    BERTH_GATEWAY_LISTEN: `${listen.gateway.host}:${listen.gateway.port}`,
    ...(tls ? { BERTH_GATEWAY_TLS_LISTEN: `${tls.host}:${tls.port}` } : {}),
    ...(postgres ? { DATABASE_URL: postgres.url, BERTH_DATABASE_IS_OURS: 'true' } : {}),
  }
  const role = (name: RoleName, stopMs: number, fds?: readonly number[]) =>
    new RoleProcess({
      name,
      argv: [...nodeArgv, ...(nodeArgsOf[name] ?? []), main, 'serve', '--role', name],
      env,
      logFile: logPath(config.dataDir, name),
      log,
      stopMs,
      readyMs,
      ...(fds && { fds }),
      onChange: async (pid, leaving) => {
        if (name === 'gateway') state.leaving = (await Promise.all(leaving.map(describe))).filter(one => one !== null)
        await note(name, pid)
      },
    })
  const agent = role('agent', 5_000)
  const control = role('control', 15_000)
  const gateway = role('gateway', 35_000, sockets.map(fdOf))
  let stopping: Promise<void> | undefined
  const stopAll = async () => {
    sockets.map(closeSocket)
    await gateway.stop()
    await control.stop()
    await stopServices(config.dataDir, log)
    await agent.stop()
    await postgres?.stop()
    removeRunState(config.dataDir)
  }
  const stop = () => (stopping ??= stopAll())
  await startTogether([agent, control, gateway], say).catch(error => {
    sockets.map(closeSocket)
    throw error
  })
  const reload = () => {
    for (const { pid } of [control, gateway]) if (pid !== null) process.kill(pid, 'SIGHUP')
  }
  return { state, stop, reload, replaceGateway: replacer(gateway, replacements, write, log) }
}

/** One replacement at a time; whoever asks during one gets another after it, since the code may have changed since it began. */
function replacer(gateway: RoleProcess, done: Replacements, write: () => void, log: Logger): () => void {
  let asked = false
  let busy = false
  const replaceOnce = async () => {
    asked = false
    const number = ++done.begun
    write()
    const outcome = await gateway.replace().then(
      replaced => ({ ...replaced, error: null }),
      error => ({ pid: gateway.pid, leavingPid: null, error: messageOf(error) }),
    )
    done.last = { number, ...outcome }
    write()
    if (outcome.error === null) log.info(done.last, 'the gateway is replaced')
    else log.error(done.last, 'the gateway is not replaced: the new one did not come to serve, and the old one does')
  }
  return async () => {
    asked = true
    if (busy) return
    busy = true
    while (asked) await replaceOnce().catch(error => log.error({ err: error }, 'what runs could not be written down'))
    busy = false
  }
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
  await Promise.all((state?.leaving ?? []).map(endProcess))
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

/** The gateway's are kept bound here: whoever connects waits in their queues while one gateway goes and another comes. */
async function openPorts({ listen: { api, gateway, gatewayTls } }: Config) {
  const sockets = await Promise.all([gateway, ...(gatewayTls ? [gatewayTls] : [])].map(bind))
  const port = sockets[0]?.address().port ?? gateway.port
  return { sockets, listen: { api: await resolvePort(api), gateway: { host: gateway.host, port } } }
}

const bind = (address: ListenAddress): Promise<BoundSocket> =>
  bindSocket(address).catch(error => refuseTaken(address, error))

/** Port 0 means any free one: chosen here, so that every process is told the same. */
async function resolvePort(address: ListenAddress): Promise<ListenAddress> {
  const server = createServer()
  await listen(server, address).catch(error => refuseTaken(address, error))
  const port = portOf(server) ?? address.port
  await new Promise(resolve => server.close(resolve))
  return { host: address.host, port }
}

function refuseTaken({ host, port }: ListenAddress, error: NodeJS.ErrnoException): never {
  if (error.code !== 'EADDRINUSE') throw error
  throw new Error(
    `port ${port} on ${host} is taken by another program: stop it, or set another port under \`listen\` in berth.yaml`,
  )
}
