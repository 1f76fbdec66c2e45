// The roles as processes of their own: what `berth up` starts, and what runs apart when Berth is scaled out.
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Config, processEnvironment } from './config/config.ts'
import type { ControlAddresses } from './gateway/control/control-link.ts'
import { bindSocket, fdOf, type ListenSocket } from './lib/bound-socket.ts'
import { systemClock } from './lib/clock.ts'
import { messageOf, Refusal } from './lib/errors.ts'
import { createLog, type Logger } from './lib/log.ts'
import { systemRandom } from './lib/random.ts'
import { inheritedFd, launch } from './processes/launch.ts'
import { agentSocketPath, routeSocketPath } from './processes/run-state.ts'

/** Runs until SIGTERM or SIGINT. */
export async function serve(role: string, config: Config): Promise<void> {
  const serveRole = Object.hasOwn(roles, role) ? roles[role as keyof typeof roles] : null
  if (serveRole !== null) return serveRole(config)
  const names = Object.keys(roles).join(', ')
  throw new Refusal('UnknownRole', `--role: there is no role ${role}; choose one of ${names}`, { field: 'role' })
}

/** Tells the supervisor, if there is one. It may be gone: then nobody needs to know. */
function ready(): void {
  flushCompileCache()
  process.send?.({ ready: true }, () => {})
  process.channel?.unref()
}

const stopped = (): Promise<void> =>
  new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })

/**
 * How long kept connections may leave by themselves: in a pod after its `preStop`, within its `terminationGracePeriodSeconds`.
 * A gateway's longer than clients commonly keep one at rest, since what is sent into its end is lost.
 */
const stopRestMs = { api: 5_000, gateway: 15_000 } as const

async function serveAgent(config: Config): Promise<void> {
  const { startAgent } = await import('./agent/agent.ts')
  const { serviceUser } = await import('./processes/service-user.ts')
  const log = createLog('agent')
  const agent = await startAgent({
    stateDir: join(config.dataDir, 'agent'),
    socketPath: agentSocketPath(config.dataDir),
    log,
    clock: systemClock,
    random: systemRandom,
    runAs: await serviceUser(config.dataDir, log),
    models: config.models,
    storage: config.storage,
  })
  ready()
  await stopped()
  await agent.close()
}

async function serveControl(config: Config): Promise<void> {
  const { startControl } = await import('./app/app.ts')
  const control = await startControl({ config, databaseUrl: databaseOf(config), log: createLog('control') })
  process.on('SIGHUP', () => control.reloadTls())
  ready()
  await stopped()
  await control.close()
}

async function serveApi(config: Config): Promise<void> {
  const { startApi } = await import('./app/app.ts')
  const log = createLog('api')
  const api = await startApi({ config, databaseUrl: databaseOf(config), log })
  process.on('SIGHUP', () => api.reloadTls())
  log.info({ apiUrl: api.apiUrl }, 'the API answers')
  ready()
  await stopped()
  // A supervisor ends all of it; apart from one this is a roll-out, and those who ask here go on with others.
  if (!process.connected) await Promise.race([api.leave(), pause(stopRestMs.api, undefined, { ref: false })])
  await api.close()
}

async function serveController(config: Config): Promise<void> {
  const { startControllerRole } = await import('./app/app.ts')
  const log = createLog('controller')
  const controller = await startControllerRole({ config, databaseUrl: databaseOf(config), log })
  log.info('the loops run')
  ready()
  await stopped()
  await controller.close()
}

function databaseOf({ databaseUrl }: Config): string {
  if (databaseUrl !== null) return databaseUrl
  throw new Refusal(
    'DatabaseMissing',
    'DATABASE_URL is not set: a role that runs apart needs a PostgreSQL server; `berth up` brings its own.',
  )
}

async function serveGateway(config: Config): Promise<void> {
  const { retire, runGateway } = await import('./gateway/run-gateway.ts')
  const { name, takesOver } = config.gateway
  const addresses = [config.listen.gateway, ...(config.listen.gatewayTls ? [config.listen.gatewayTls] : [])]
  const sockets: ListenSocket[] = config.gateway.inherits
    ? addresses.map((_, index) => ({ fd: inheritedFd + index }))
    : await Promise.all(addresses.map(bindSocket))
  const fds = sockets.map(fdOf)
  const [socket, tlsSocket] = sockets
  const tlsListen = config.listen.gatewayTls
  const log = createLog('gateway')
  let leave: (() => void) | null = null
  let reloadTls = () => {}
  // Under a supervisor a successor is that one's to start: `berth gateway reload`.
  process.on('SIGHUP', () => {
    if (process.connected) reloadTls()
    else if (leave !== null) succeed(name, fds, log, leave)
  })
  // Another accepts from the same socket: this one need only leave.
  process.on('SIGUSR2', () => leave?.())
  const gateway = await runGateway({
    workers: config.gatewayWorkers,
    gatewayId: name,
    host: config.listen.gateway.host,
    port: config.listen.gateway.port,
    ...(socket && { socket }),
    control: controlOf(config),
    routesDir: join(config.dataDir, 'gateway'),
    limits: config.gatewayLimits,
    ...(tlsListen && {
      tls: { ...tlsListen, certificates: config.gatewayCertificates, ...(tlsSocket && { socket: tlsSocket }) },
    }),
    ...(config.accessLog && { accessLog: config.accessLog }),
    trustedProxies: config.trustedProxies,
    ...(takesOver ? { routesWithinMs: 3_000 } : {}),
    stopGraceMs: 30_000,
    handOverGraceMs: 900_000,
    log,
  })
  reloadTls = () => gateway.reloadTls()
  const handedOver = new Promise<void>(resolve => {
    leave = () => void gateway.handOver().then(resolve)
    process.once('message', leave)
  })
  log.info(gateway.address, 'the gateway serves')
  ready()
  await Promise.race([stopped(), handedOver])
  // A supervisor ends all of it; apart from one this is a roll-out, and those who send here go on with others.
  await (process.connected ? gateway.close() : retire(gateway, stopRestMs.gateway))
}

/** The controllers that it was told of, or the one on this host. */
function controlOf({ dataDir, roles: { controllers, secret } }: Config): ControlAddresses {
  if (controllers.length === 0 || secret === null) return { path: routeSocketPath(dataDir) }
  return controllers.map(address => ({ ...address, secret }))
}

const roles = {
  api: serveApi,
  controller: serveController,
  control: serveControl,
  gateway: serveGateway,
  agent: serveAgent,
}

let succeeding = false

/** Apart from a supervisor a gateway starts its own successor, on the socket that it accepts from, and leaves once that serves. */
function succeed(name: string, fds: readonly number[], log: Logger, leave: () => void): void {
  if (succeeding) return
  succeeding = true
  const env = {
    ...processEnvironment(),
    BERTH_GATEWAY_NAME: nameAfter(name),
    BERTH_GATEWAY_FDS: String(fds.length),
    BERTH_GATEWAY_TAKES_OVER: 'true',
  }
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { child, ready } = launch({ name: 'the new gateway', argv, env, logFile: null, readyMs: 60_000, fds })
  ready.then(
    () => {
      log.info({ pid: child.pid }, 'another gateway serves now; this one finishes what it has')
      child.disconnect()
      leave()
    },
    error => {
      log.error({ error: messageOf(error) }, 'the new gateway did not come to serve; this one serves on')
      child.kill('SIGKILL')
      succeeding = false
    },
  )
}

/** Few names, so that few files of routes are left; none is used again before the last one with it has long left. */
function nameAfter(name: string): string {
  const [, stem = name, number = '1'] = /^(.*?)(?:-(\d))?$/.exec(name) ?? []
  const next = (Number(number) % 4) + 1
  return next === 1 ? stem : `${stem}-${next}`
}
