// The composition root of control: the only file that knows every module, with engine-drivers.ts for the drivers. It opens the database, brings it up to
// date, starts the reconcilers, the routes' end towards the gateways, and the API.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { consoleRoutes } from './api/console.ts'
import type { ApiContext } from './api/context.ts'
import { easRoutes } from './api/eas/eas.ts'
import { EventStreams } from './api/event-streams.ts'
import { openMetrics } from './api/metrics-listener.ts'
import { oidcRoutes } from './api/oidc.ts'
import { openApiDocument } from './api/openapi.ts'
import { createServer, mountRoutes } from './api/server.ts'
import { TlsFiles } from './api/tls-files.ts'
import { routes } from './api/v1/routes.ts'
import { unbilledFen } from './billing/accrued.ts'
import { reconcileArrears } from './billing/reconcile-arrears.ts'
import { listRegions, loadCatalog } from './catalog/catalog.ts'
import type { Engine } from './catalog/offering.ts'
import { type Config, isLoopback } from './config.ts'
import { type Db, openDb } from './db/db.ts'
import { Hearing } from './db/hearing.ts'
import { migrate } from './db/migrate.ts'
import { byRegion, createDrivers, type Drivers, hostsOf } from './engine-drivers.ts'
import { EventTail } from './events/event-tail.ts'
import type { MachineDriver } from './fleet/driver.ts'
import { reconcileMachines } from './fleet/reconcile-machines.ts'
import { RouteServer } from './gateway/route-server.ts'
import { type FirstKeys, firstStart } from './identity/bootstrap.ts'
import { OidcClient } from './identity/oidc-client.ts'
import { Passwords } from './identity/passwords.ts'
import { SecretBox } from './identity/secret-box.ts'
import { purgeSessions } from './identity/sessions.ts'
import { purgeNonces } from './identity/verify-request.ts'
import { labelCurrency } from './ledger/ledger-account.ts'
import { sealTransfers } from './ledger/seal.ts'
import { bootId } from './lib/boot-id.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import { type Random, systemRandom } from './lib/random.ts'
import { type MoneyTask, MoneyWork } from './money-work.ts'
import { deliverNotices } from './notices/deliver-notices.ts'
import { mailChannel } from './notices/mail.ts'
import { webhookChannel } from './notices/webhook.ts'
import { renewAutomatically } from './orders/auto-renew.ts'
import { reconcileExpiry } from './orders/expiry.ts'
import { noticeExpiries } from './orders/expiry-notices.ts'
import { moveOffExpiring } from './orders/move-off.ts'
import { reconcileOrders } from './orders/reconcile-orders.ts'
import { credentialsPath, routeSocketPath, runDir } from './processes/run-state.ts'
import { secretKey } from './processes/secret-key.ts'
import { Loop, type LoopRun } from './reconcile/loop.ts'
import { reconcileAutoscale } from './services/autoscale/reconcile-autoscale.ts'
import { reconcileCron } from './services/autoscale/reconcile-cron.ts'
import type { Installation } from './services/config/installation.ts'
import { type Hosts, reconcileDisks } from './services/disk/reconcile-disks.ts'
import { reconcileDrainPlans } from './services/drain-plans/reconcile-drain-plans.ts'
import type { RuntimeDriver } from './services/driver.ts'
import { servicesInGroup } from './services/group-services.ts'
import { Measurements } from './services/metrics/measurements.ts'
import { TrafficTotals } from './services/metrics/traffic-totals.ts'
import { reconcileRepairs } from './services/repair/reconcile-repairs.ts'
import { reconcileServices } from './services/rollout/reconcile-services.ts'
import { RuntimeWatch } from './services/rollout/runtime-watch.ts'
import { routesChannel } from './services/routes/routes.store.ts'
import { RouteHost, type RoutePublisher } from './services/routes/routes.ts'
import { reconcileTraffic } from './services/traffic/reconcile-traffic.ts'
import { TimeGuard } from './time/time-guard.ts'

export type Context = ApiContext['ctx'] & { machineDriver(regionId: string): MachineDriver }

export interface Control {
  ctx: Context
  app: FastifyInstance
  loops: Loop[]
  apiUrl: string
  /** Reads the certificate again, if there is one. */
  reloadTls(): object
  close(): Promise<void>
}

export interface ControlOptions {
  config: Config
  databaseUrl: string
  log: Logger
  clock?: Clock
  random?: Random
  /** False: no billing, statements or audit by themselves, for who measures them. */
  moneyWork?: boolean
}

export async function startControl(options: ControlOptions): Promise<Control> {
  const db = openDb({ connectionString: options.databaseUrl, max: 20 }, options.log)
  try {
    await migrate(db, options.clock ?? systemClock)
    return await compose(options, db)
  } catch (error) {
    await db.destroy()
    throw error
  }
}

async function compose(
  { config, databaseUrl, log, clock = systemClock, random = systemRandom, moneyWork = true }: ControlOptions,
  db: Db,
): Promise<Control> {
  mkdirSync(runDir(config.dataDir), { recursive: true })
  const box = new SecretBox(secretKey(config.dataDir, random))
  const base = { db, clock, random, log }
  const engines = await loadInstallation(base, config)
  const drivers = await createDrivers(config, { clock, log }, new Set(engines.values()))
  const engineOf = byRegion(engines, drivers)
  const nudges = new Map<string, Loop>()
  const nudge = (...names: string[]) => {
    for (const [name, loop] of nudges) if (names.length === 0 || names.includes(name)) loop.nudge()
  }
  const watch = new RuntimeWatch(log, () => nudge('services'))
  const ctx: Context = {
    ...base,
    billingZone: config.billingZone,
    operatorContact: config.operatorContact,
    remainingServices: servicesInGroup,
    unbilledFen: (at, accountId) => unbilledFen(at, accountId, clock.now(), config.billingZone),
    machineDriver: regionId => engineOf(regionId).machines,
    runtimeDriver: regionId => engineOf(regionId).runtime,
    box,
    routes: { nudge: () => nudge('routes') },
    ...{ takeChanges: () => watch.take(), installation: installationOf(config) },
  }
  const passwords = new Passwords(random)
  const keys = await firstStart(ctx, box, passwords)
  const measurements = measure(ctx, engines, drivers, () => nudge('autoscale'))
  const routesEnd = await openRoutes(ctx, { config, databaseUrl, measurements, nudge })
  const { eventStreams, loops: eventLoops } = followEvents(ctx, () => nudge('events'))
  const money = moneyWork ? new MoneyWork({ databaseUrl, zone: config.billingZone }) : null
  const time = new TimeGuard(ctx, await bootId())
  const parts: Loops = { time, money, measurements, hosts: hostsOf(engines, drivers) }
  const loops = [...createLoops(ctx, config, routesEnd.host, parts, nudge), ...eventLoops]
  for (const loop of loops) nudges.set(loop.name, loop)

  const oidc = config.oidc && new OidcClient(config.oidc, log)
  const own = { ctx, box, passwords, oidc, eventStreams }
  const api: ApiContext = { ...own, nudge: () => nudge(), settings: settingsOf(config) }
  const tls = config.tls && new TlsFiles(config.tls, log)
  const app = createServer(api, { tls: tls?.pair ?? null, trustedProxies: config.trustedProxies })
  const reloadTls = () => ({ found: tls ? 1 : 0, changed: tls?.reload(app.server) ? 1 : 0 })
  if (tls) loops.push(new Loop({ name: 'tls', log, everyMs: 5_000, run: async () => reloadTls() }))
  oidcRoutes(app, api)
  mountRoutes(app, api, routes)
  const document = openApiDocument(routes, config.version)
  app.get('/openapi.json', () => document)
  easRoutes(app, api)
  consoleRoutes(app, random)
  await app.listen({ host: config.listen.api.host, port: config.listen.api.port })
  const apiUrl = `${tls ? 'https' : 'http'}://${config.listen.api.host}:${portOf(app) ?? config.listen.api.port}`
  if (keys) writeCredentials(config.dataDir, apiUrl, keys)

  watch.start(Object.values(drivers).map(({ runtime }) => runtime))
  for (const loop of loops) loop.start()
  const close = async () => {
    watch.stop()
    await app.close()
    for (const loop of loops) await loop.stop()
    await money?.close()
    await routesEnd.close()
    for (const { close: closeDriver } of Object.values(drivers)) await closeDriver?.()
    await db.destroy()
  }
  return { ctx, app, loops, apiUrl, reloadTls, close }
}

/** The catalog as berth.yaml has it now, and the engine of every region that is or was. */
async function loadInstallation(
  base: { db: Db; clock: Clock; random: Random; log: Logger },
  config: Config,
): Promise<Map<string, Engine>> {
  await loadCatalog(base, config.catalog)
  await labelCurrency(base.db, config.currency)
  const regions = await listRegions(base.db, { includeRetired: true })
  return new Map(regions.map(region => [region.regionId, region.engine]))
}

interface RoutesEndParts {
  config: Config
  databaseUrl: string
  measurements: Measurements
  nudge(...names: string[]): void
}

/** Control's end towards the gateways: routes out, acknowledgements and traffic in. */
async function openRoutes(ctx: Context, { config, databaseUrl, measurements, nudge }: RoutesEndParts) {
  const host = new RouteHost(ctx, ctx.box, () => nudge('services'))
  const totals = new TrafficTotals(config.metrics.servicesMax)
  const routeServer = new RouteServer({
    path: routeSocketPath(config.dataDir),
    log: ctx.log,
    snapshot: () => host.snapshot(),
    onConnect: (gateway, fresh) => {
      host.onConnect(gateway)
      measurements.onConnect(gateway.gatewayId, fresh)
      totals.onConnect(gateway, fresh)
    },
    onAck: (gatewayId, generation) => host.onAck(gatewayId, generation),
    onReport: (gatewayId, generation, instances) => host.onReport(gatewayId, generation, instances),
    onHeartbeat: (gatewayId, _generation, services, gateway) => {
      measurements.onHeartbeat(gatewayId, services)
      totals.onHeartbeat(gatewayId, services, gateway)
    },
    onWaiting: (gatewayId, services) => measurements.onWaiting(gatewayId, services),
    onDisconnect: (gatewayId, ended) => {
      host.onDisconnect(gatewayId, ended)
      measurements.onDisconnect(gatewayId, ended)
      totals.onDisconnect(gatewayId, ended)
    },
    onKeysUsed: keyIds => host.onKeysUsed(keyIds),
  })
  const publish: RoutePublisher['publish'] = change => {
    measurements.forget(change.removeServiceIds)
    totals.forget(change.removeServiceIds)
    routeServer.publish(change)
  }
  await host.start({ publish, watch: instanceIds => routeServer.watch(instanceIds) })
  await routeServer.listen()
  const metrics = await openMetrics(ctx, config.metrics.listen, totals, serviceId => host.nameOf(serviceId))
  // A change that another process commits.
  const hearing = new Hearing({
    ...{ connectionString: databaseUrl, channel: routesChannel, log: ctx.log },
    onHeard: () => nudge('routes'),
  })
  void hearing.start()
  const close = async () => {
    await hearing.stop()
    await metrics?.close()
    await host.stop()
    await routeServer.close()
  }
  return { host, close }
}

const installationOf = ({ models, storage }: Config): Installation => ({
  buckets: models.stores.flatMap(store => store.buckets),
  storage,
})

/** What services do and use, from the gateways and from the engines that can tell. */
function measure(
  ctx: Context,
  engines: ReadonlyMap<string, Engine>,
  drivers: Drivers,
  onWaiting: () => void,
): Measurements {
  const found = new Map<string, RuntimeDriver>()
  for (const [regionId, engine] of engines) {
    const runtime = drivers[engine]?.runtime
    if (runtime?.measure) found.set(regionId, runtime)
  }
  return new Measurements(ctx, { engines: () => found, onWaiting })
}

/** Whose work may be waiting for whom: told at once, found by the timer anyway. */
const follows: Record<string, string[]> = {
  orders: ['machines'],
  machines: ['orders', 'services', 'repairs'],
  repairs: ['services'],
  'drain-plans': ['machines', 'services'],
  services: ['machines'],
  expiry: ['machines', 'services'],
  'move-off': ['machines', 'services'],
  renewal: ['machines', 'services'],
  autoscale: ['services'],
  disks: ['services'],
  cron: ['services'],
  arrears: ['machines', 'services'],
}

interface Loops {
  time: TimeGuard
  money: MoneyWork | null
  measurements: Measurements
  hosts: Hosts
}

function createLoops(
  ctx: Context,
  config: Config,
  host: RouteHost,
  { time, money, measurements, hosts }: Loops,
  nudge: (...names: string[]) => void,
): Loop[] {
  const { log } = ctx
  const onRun = ({ name, report }: LoopRun) => {
    if (report !== null && report.changed > 0) nudge(...(follows[name] ?? [name]), 'events')
  }
  const webhook = config.webhook && webhookChannel(config.webhook)
  const mail = config.mail && mailChannel(config.mail, config.billingZone)
  const quiet = async (work: Promise<unknown>) => {
    await work
    return { found: 0, changed: 0 }
  }
  return [
    new Loop({ name: 'orders', log, onRun, run: () => reconcileOrders(ctx) }),
    new Loop({ name: 'machines', log, onRun, run: () => reconcileMachines(ctx) }),
    new Loop({ name: 'drain-plans', log, onRun, everyMs: 2_000, run: () => reconcileDrainPlans(ctx) }),
    new Loop({ name: 'repairs', log, onRun, run: () => reconcileRepairs(ctx) }),
    new Loop({ name: 'services', log, onRun, run: () => reconcileServices(ctx) }),
    new Loop({
      // Not before the agent of the same start answers.
      ...{ name: 'disks', log, onRun, everyMs: 10_000, firstAfterMs: 10_000 },
      run: () => reconcileDisks(ctx, hosts, config.disk),
    }),
    new Loop({ name: 'traffic', log, onRun, everyMs: 5_000, run: () => reconcileTraffic(ctx) }),
    new Loop({ name: 'routes', log, run: () => quiet(host.refresh()) }),
    new Loop({ name: 'cron', log, onRun, run: time.steadily(() => reconcileCron(ctx)) }),
    new Loop({ name: 'metrics', log, run: () => measurements.run() }),
    new Loop({ name: 'autoscale', log, onRun, everyMs: 10_000, run: () => reconcileAutoscale(ctx, measurements) }),
    new Loop({ name: 'time', log, everyMs: 5_000, run: () => quiet(time.observe()) }),
    new Loop({ name: 'renewal', log, onRun, everyMs: 15_000, run: time.steadily(() => renewAutomatically(ctx)) }),
    new Loop({ name: 'expiry', log, onRun, everyMs: 5_000, run: time.steadily(() => reconcileExpiry(ctx)) }),
    new Loop({ name: 'move-off', log, onRun, everyMs: 15_000, run: time.steadily(() => moveOffExpiring(ctx)) }),
    new Loop({ name: 'expiry-notices', log, everyMs: 60_000, run: time.steadily(() => noticeExpiries(ctx)) }),
    new Loop({ name: 'arrears', log, onRun, everyMs: 15_000, run: time.steadily(() => reconcileArrears(ctx)) }),
    new Loop({ name: 'ledger-seal', log, everyMs: 2_000, run: () => sealTransfers(ctx) }),
    ...(money ? moneyLoops(ctx, money, time) : []),
    new Loop({ name: 'notices', log, everyMs: 5_000, run: () => deliverNotices(ctx, webhook) }),
    new Loop({ name: 'mails', log, everyMs: 5_000, run: () => deliverNotices(ctx, mail) }),
    new Loop({ name: 'nonces', log, everyMs: 60_000, run: () => quiet(purgeNonces(ctx)) }),
    new Loop({ name: 'sessions', log, everyMs: 600_000, run: () => quiet(purgeSessions(ctx)) }),
  ]
}

/** Work that takes its time: in a thread of its own, away from the API. */
function moneyLoops(ctx: Context, work: MoneyWork, time: TimeGuard): Loop[] {
  const loop = (name: MoneyTask, everyMs: number, steadily = true) => {
    const run = () => work.run(name)
    // Its thread comes up once the API answers: whoever waits for a start does not wait for this.
    return new Loop({ name, log: ctx.log, everyMs, firstAfterMs: 4_000, run: steadily ? time.steadily(run) : run })
  }
  return [
    loop('billing', 60_000),
    loop('corrections', 60_000),
    loop('statements', 60_000),
    loop('auditor', 5_000, false),
  ]
}

/** What another process writes is seen at the next look; what this one writes, at once. */
function followEvents(ctx: Context, wake: () => void): { eventStreams: EventStreams; loops: Loop[] } {
  const tail = new EventTail(ctx.db, wake)
  const eventStreams = new EventStreams({ ctx, tail })
  const loops = [
    new Loop({ name: 'events', log: ctx.log, everyMs: 500, run: () => tail.read() }),
    new Loop({ name: 'event-streams', log: ctx.log, everyMs: 2_000, run: () => eventStreams.review() }),
  ]
  return { eventStreams, loops }
}

const exampleModel = fileURLToPath(new URL('../examples/digits/model.onnx', import.meta.url))

const settingsOf = (config: Config): ApiContext['settings'] => ({
  currency: config.currency,
  billingZone: config.billingZone,
  operatorContact: config.operatorContact,
  gatewayUrl: `http://${config.listen.gateway.host}:${config.listen.gateway.port}`,
  exampleModelPath: existsSync(exampleModel) ? exampleModel : null,
  version: config.version,
  loopback: isLoopback(config.listen.api),
})

const portOf = (app: FastifyInstance): number | null => {
  const address = app.server.address()
  return typeof address === 'object' && address ? address.port : null
}

/** What the command line uses on this host; the secrets are shown nowhere else, ever. */
function writeCredentials(dataDir: string, apiUrl: string, keys: FirstKeys): void {
  const of = ({ accessKeyId, secret, accountId, account, user, password }: FirstKeys['owner']) => ({
    ...{ accessKeyId, secret, accountId },
    // For the sign-in of the console; `berth user reset-password` makes another.
    ...{ account, user, password },
  })
  const text = JSON.stringify({ apiUrl, owner: of(keys.owner), operator: of(keys.operator) }, null, 2)
  writeFileSync(credentialsPath(dataDir), `${text}\n`, { mode: 0o600 })
}
