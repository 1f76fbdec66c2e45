// The roles as processes of their own: what `berth up` starts, and what runs apart when Berth is scaled out.
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { systemClock } from './lib/clock.ts'
import { Refusal } from './lib/errors.ts'
import { createLog } from './lib/log.ts'
import { systemRandom } from './lib/random.ts'
import { agentSocketPath, routeSocketPath } from './processes/run-state.ts'

/** Runs until SIGTERM or SIGINT. */
export async function serve(role: string, config: Config): Promise<void> {
  if (role === 'agent') return serveAgent(config)
  if (role === 'control') return serveControl(config)
  if (role === 'gateway') return serveGateway(config)
  throw new Refusal('UnknownRole', `--role: there is no role ${role}; choose agent, control or gateway`, {
    field: 'role',
  })
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
  if (config.databaseUrl === null) {
    throw new Refusal(
      'DatabaseMissing',
      'DATABASE_URL is not set: a role that runs apart needs a PostgreSQL server; `berth up` brings its own.',
    )
  }
  const { startControl } = await import('./app.ts')
  const control = await startControl({ config, databaseUrl: config.databaseUrl, log: createLog('control') })
  process.on('SIGHUP', () => control.reloadTls())
  ready()
  await stopped()
  await control.close()
}

async function serveGateway(config: Config): Promise<void> {
  const { runGateway } = await import('./gateway/run-gateway.ts')
  const tlsListen = config.listen.gatewayTls
  const gateway = await runGateway({
    workers: config.gatewayWorkers,
    gatewayId: 'gateway',
    host: config.listen.gateway.host,
    port: config.listen.gateway.port,
    control: { path: routeSocketPath(config.dataDir) },
    routesDir: join(config.dataDir, 'gateway'),
    limits: config.gatewayLimits,
    ...(tlsListen && { tls: { ...tlsListen, certificates: config.gatewayCertificates } }),
    trustedProxies: config.trustedProxies,
    stopGraceMs: 30_000,
    log: createLog('gateway'),
  })
  ready()
  await stopped()
  await gateway.close()
}
