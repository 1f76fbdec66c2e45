// The real API on a port, on a database of its own: simulated machines and runtime, a clock moved by hand, gateways that obey
// at once, two accounts and the operator. `settle()` runs the reconcilers until nothing moves.
import type { FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import type { ApiContext } from '../../src/api/context.ts'
import { EventStreams } from '../../src/api/event-streams.ts'
import type { Route } from '../../src/api/route.ts'
import { createServer, mountRoutes, type ServerOptions } from '../../src/api/server.ts'
import { routes } from '../../src/api/v1/routes.ts'
import { unbilledFen } from '../../src/billing/accrued.ts'
import { reconcileArrears } from '../../src/billing/reconcile-arrears.ts'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { CatalogConfig } from '../../src/catalog/catalog-config.ts'
import type { Price } from '../../src/catalog/price.ts'
import { Client } from '../../src/client/client.ts'
import type { Db } from '../../src/db/db.ts'
import { SimulatedMachines } from '../../src/drivers/simulated/machines.ts'
import { SimulatedRuntime } from '../../src/drivers/simulated/runtime.ts'
import { EventTail } from '../../src/events/event-tail.ts'
import type { FleetCtx } from '../../src/fleet/reconcile-machines.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import type { Role } from '../../src/identity/access.ts'
import { createAccessKey } from '../../src/identity/access-keys.ts'
import { createUser } from '../../src/identity/accounts.ts'
import { type FirstUser, firstStart } from '../../src/identity/bootstrap.ts'
import { openAccount } from '../../src/identity/open-account.ts'
import { Passwords } from '../../src/identity/passwords.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { assertInvariants } from '../../src/insight/invariants.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { invariant } from '../../src/lib/invariant.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { Loop, settle } from '../../src/reconcile/loop.ts'
import { servicesInGroup } from '../../src/services/group-services.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import { keepErrors } from '../orders/shop-ctx.ts'
import { freshDb } from '../postgres.ts'
import { obedientGateway } from './obedient-gateway.ts'
import { type Answer, type Caller, type Sent, sendTo } from './send.ts'

/** A user with an access key. */
export interface Principal extends Caller {
  accountId: string
  userId: string
  role: Role
}

export interface TestApiOptions {
  start?: Temporal.Instant | string
  /** Machines of each spec in each zone. */
  stock?: number
  /** In the wallet of each of the two accounts; 1,000,000 yuan unless told. */
  cashFen?: bigint
  /** TLS, trusted proxies. */
  server?: ServerOptions
  /** How many may follow what happens, and how often they hear that it goes on. */
  eventStreams?: { heartbeatMs?: number; perUserMax?: number; streamsMax?: number }
  /** False: as if others could reach it. */
  loopback?: boolean
  /** In place of what the API has by default. */
  context?: (ctx: ApiContext['ctx']) => Partial<ApiContext>
  /** Mounts more than /v1. */
  mount?: (app: FastifyInstance, context: ApiContext) => void
}

export interface TestApi {
  url: string
  app: FastifyInstance
  context: ApiContext
  db: Db
  clock: ManualClock
  machines: SimulatedMachines
  runtime: SimulatedRuntime
  /** Of the first account. */
  owner: Principal & FirstUser
  finance: Principal
  developer: Principal
  viewer: Principal
  operator: Principal & FirstUser
  /** Owner of the second account. */
  other: Principal
  client(caller: Principal): Client
  /** The path with its query, exactly as on the wire; null: without credentials. */
  send(caller: Caller | null, method: string, target: string, sent?: Sent): Promise<Answer>
  settle(): Promise<void>
  /** Lets time pass, then settles. */
  pass(time: Temporal.DurationLike): Promise<void>
  addUser(inAccountOf: Principal, name: string, role: Role): Promise<Principal>
  /** Calls that reached a handler: not refused for who asks or for the form of the input. */
  handled(): number
  /** Every invariant; and nothing has failed behind an answer. */
  check(): Promise<void>
  /** Lines of the log that are errors: every 5xx is one. */
  errors: string[]
  close(): Promise<void>
}

/** 100 yuan a month (95 from a year), 0.20 an hour; disk 0.50 per GiB and month, 0.001 per hour. */
const prepaid: Price = {
  monthMicros: { 1: 100_000_000n, 2: 100_000_000n, 3: 100_000_000n, 6: 100_000_000n, 12: 95_000_000n },
  hourMicros: null,
  diskGibMicros: 500_000n,
}
const noMonths = { 1: null, 2: null, 3: null, 6: null, 12: null }
const postpaid: Price = { monthMicros: noMonths, hourMicros: 200_000n, diskGibMicros: 1_000n }

/** `east` (two zones) and `west` are simulated; `metal` runs processes, as far as a service's JSON is concerned. */
export const catalog = (stock: number): CatalogConfig => ({
  specs: [
    {
      ...{ specId: 'c4m16', family: 'general', cpuMilli: 4_000, memoryMib: 16_384 },
      ...{ gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 },
    },
    {
      ...{ specId: 'g8m64', family: 'gpu', cpuMilli: 8_000, memoryMib: 65_536 },
      ...{ gpuModel: 'A10', gpuCount: 2, gpuMemoryMib: 24_576 },
    },
  ],
  regions: [region('east', ['a', 'b'], stock), region('west', ['a'], stock), region('metal', ['a'], stock, 'process')],
})

const region = (regionId: string, zones: string[], stock: number, engine: 'simulated' | 'process' = 'simulated') => ({
  ...{ regionId, name: regionId, engine },
  zones: zones.map(letter => ({
    zoneId: `${regionId}-${letter}`,
    name: `${regionId} ${letter}`,
    offers: ['c4m16', 'g8m64'].map(specId => ({ specId, stock, prepaid, postpaid })),
  })),
})

type TestCtx = ApiContext['ctx'] & FleetCtx & { clock: ManualClock }

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const fresh = await freshDb({ max: 10 })
  const { db } = fresh
  const clock = new ManualClock(options.start ?? '2026-03-01T04:00:00Z')
  const random = new SeededRandom('api')
  const { log, errors } = keepErrors()
  const machines = new SimulatedMachines({ clock })
  const runtime = new SimulatedRuntime({ clock, portsMax: 8 })
  const box = new SecretBox(random.bytes(32), random)
  const billingZone = 'Asia/Shanghai'
  const ctx: TestCtx = {
    ...{ db, clock, random, log, box, billingZone, operatorContact: 'ops@example.org' },
    remainingServices: servicesInGroup,
    unbilledFen: (at, accountId) => unbilledFen(at, accountId, clock.now(), billingZone),
    machineDriver: () => machines,
    runtimeDriver: () => runtime,
    routes: { nudge: () => {} },
  }
  await loadCatalog(ctx, catalog(options.stock ?? 20_000))
  const passwords = new Passwords(random, { parameters: { memoryKib: 64, passes: 1 } })
  const people = await makePeople(ctx, box, passwords, options.cashFen ?? 1_000_000_00n)
  const settings = settingsOf(ctx, options)
  const { eventStreams, tailLoop } = followEvents(ctx, options)
  const given = { ctx, box, passwords, oidc: null, eventStreams, nudge: () => {}, settings }
  const context: ApiContext = { ...given, ...options.context?.(ctx) }
  const app = createServer(context, options.server)
  let handled = 0
  mountRoutes(
    app,
    context,
    counting(routes, () => handled++),
  )
  options.mount?.(app, context)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const host = new RouteHost(ctx, box, () => {})
  const gateway = await obedientGateway(host)
  const reconcilers = [
    () => reconcileOrders(ctx),
    () => reconcileArrears(ctx),
    () => reconcileMachines(ctx),
    () => gateway.refresh(),
    () => reconcileServices(ctx),
    () => reconcileExpiry(ctx),
  ]
  const settleAll = () => settle(reconcilers)
  return {
    ...{ url, app, context, db, clock, machines, runtime, errors, ...people },
    client: ({ accessKeyId, secret }) => new Client({ apiUrl: url, accessKeyId, secret }, clock),
    send: (caller, method, target, sent) => sendTo(url, clock, caller, method, target, sent),
    handled: () => handled,
    settle: settleAll,
    pass: async time => {
      clock.advance(time)
      await settleAll()
    },
    addUser: ({ accountId }, name, role) => addUser(ctx, box, accountId, name, role),
    check: async () => {
      while ((await sealTransfers(ctx)).changed > 0);
      expect(await assertInvariants(db)).not.toHaveLength(0)
      expect(errors).toEqual([])
    },
    close: async () => {
      await app.close()
      await tailLoop.stop()
      await host.stop()
      await runtime.close()
      await fresh.close()
    },
  }
}

const counting = (all: readonly Route[], count: () => void): Route[] =>
  all.map(route => {
    const handle: Route['handle'] = (...given) => {
      count()
      return route.handle(...given)
    }
    return { ...route, handle }
  })

function followEvents(ctx: TestCtx, options: TestApiOptions) {
  const tail = new EventTail(ctx.db)
  const eventStreams = new EventStreams({ ctx, tail, ...options.eventStreams })
  const tailLoop = new Loop({ name: 'events', log: ctx.log, everyMs: 20, run: () => tail.read() })
  tailLoop.start()
  return { eventStreams, tailLoop }
}

const settingsOf = ({ billingZone, operatorContact }: TestCtx, options: TestApiOptions): ApiContext['settings'] => ({
  ...{ currency: 'CNY', billingZone, operatorContact, gatewayUrl: 'http://127.0.0.1:8701', version: '0' },
  exampleModelPath: '/models/digits.onnx',
  loopback: options.loopback ?? true,
})

async function makePeople(ctx: TestCtx, box: SecretBox, passwords: Passwords, cashFen: bigint) {
  const keys = await firstStart(ctx, box, passwords)
  invariant(keys, 'a fresh database has had no first start')
  const account = keys.owner.accountId
  const by = { accountId: keys.operator.accountId, name: 'system:test' }
  const names = { name: 'second', ownerName: 'admin' }
  const { account: second, key } = await openAccount(ctx, box, by, names, passwords)
  if (cashFen > 0n) for (const id of [account, second.accountId]) await topUp(ctx, by, id, cashFen, null)
  return {
    owner: { ...keys.owner, role: 'owner' as const },
    operator: { ...keys.operator, role: 'operator' as const },
    finance: await addUser(ctx, box, account, 'fay', 'finance'),
    developer: await addUser(ctx, box, account, 'dev', 'developer'),
    viewer: await addUser(ctx, box, account, 'vera', 'viewer'),
    other: { ...key, accountId: second.accountId, role: 'owner' as const },
  }
}

async function addUser(ctx: TestCtx, box: SecretBox, accountId: string, name: string, role: Role): Promise<Principal> {
  const actor = { accountId, name: 'system:test' }
  const { userId } = await createUser(ctx, actor, { name, role })
  const { accessKeyId, secret } = await createAccessKey(ctx, box, actor, { userId })
  return { accountId, userId, role, accessKeyId, secret }
}
