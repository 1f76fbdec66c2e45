// Where fleets live: a database, simulated machines and runtimes, a gateway that obeys at once, a clock moved by hand, and the
// API's own routes, called without a wire.
import type { z } from 'zod'
import type { ApiContext } from '../../../src/api/context.ts'
import type { Route } from '../../../src/api/route.ts'
import { routes } from '../../../src/api/v1/routes.ts'
import { loadCatalog } from '../../../src/catalog/catalog.ts'
import type { CatalogConfig } from '../../../src/catalog/catalog-config.ts'
import type { Db } from '../../../src/db/db.ts'
import { SimulatedMachines } from '../../../src/drivers/simulated/machines.ts'
import { SimulatedRuntime } from '../../../src/drivers/simulated/runtime.ts'
import { type FleetCtx, reconcileMachines } from '../../../src/fleet/reconcile-machines.ts'
import { actorOf, type Principal } from '../../../src/identity/access.ts'
import { SecretBox } from '../../../src/identity/secret-box.ts'
import { ManualClock } from '../../../src/lib/clock.ts'
import { isRefusal, type Refusal } from '../../../src/lib/errors.ts'
import { moveOffExpiring } from '../../../src/orders/move-off.ts'
import { settle } from '../../../src/reconcile/loop.ts'
import { reconcileRepairs } from '../../../src/services/repair/reconcile-repairs.ts'
import { reconcileServices } from '../../../src/services/rollout/reconcile-services.ts'
import { RouteHost } from '../../../src/services/routes/routes.ts'
import { obedientGateway } from '../../api/obedient-gateway.ts'
import { keepErrors, price, shopCtx } from '../../orders/shop-ctx.ts'

export const regionId = 'region'
export const zoneId = 'zone'

/** The sizes that machines have. */
export const specs = [
  { ...{ specId: 'small', family: 'general', cpuMilli: 4_000, memoryMib: 16_384 }, ...without() },
  { ...{ specId: 'large', family: 'general', cpuMilli: 8_000, memoryMib: 32_768 }, ...without() },
  {
    ...{ specId: 'cards', family: 'gpu', cpuMilli: 8_000, memoryMib: 32_768 },
    ...{ gpuModel: 'A10', gpuCount: 2, gpuMemoryMib: 24_576 },
  },
]

function without() {
  return { gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 }
}

const catalog: CatalogConfig = {
  specs,
  regions: [
    {
      ...{ regionId, name: regionId, engine: 'simulated' },
      zones: [
        {
          ...{ zoneId, name: zoneId },
          offers: specs.map(({ specId }) => ({ specId, stock: 100_000, prepaid: price, postpaid: price })),
        },
      ],
    },
  ],
}

export type Answer<T> = { did: T; refused: null } | { did: null; refused: Refusal }

type Input = Partial<Record<'params' | 'query' | 'body', object>>

export class Stage {
  readonly db: Db
  readonly clock = new ManualClock('2026-03-01T04:00:00Z')
  readonly machines = new SimulatedMachines({ clock: this.clock })
  readonly ctx: ApiContext['ctx'] & FleetCtx
  /** What the log calls an error. */
  readonly errors: string[]
  readonly #runtime = new SimulatedRuntime({ clock: this.clock, startMs: 1_000, stopMs: 1_000, portsMax: 4 })
  readonly #context: ApiContext
  readonly #host: RouteHost
  #reconcilers: Parameters<typeof settle>[0] = []

  private constructor(db: Db, seed: string) {
    this.db = db
    const { log, errors } = keepErrors()
    this.errors = errors
    const shop = shopCtx(db, this.clock, this.machines, log, seed)
    const box = new SecretBox(Buffer.alloc(32, 7))
    this.ctx = { ...shop, box, runtimeDriver: () => this.#runtime, routes: { nudge: () => {} } }
    const settings = { currency: 'CNY', billingZone: shop.billingZone, operatorContact: shop.operatorContact }
    // What none of the routes called here asks for is not there.
    this.#context = { ctx: this.ctx, box, nudge: () => {}, settings } as unknown as ApiContext
    this.#host = new RouteHost(this.ctx, box, () => {})
  }

  static async open(db: Db, seed: string): Promise<Stage> {
    const stage = new Stage(db, seed)
    const { ctx } = stage
    await loadCatalog(ctx, catalog)
    const gateway = await obedientGateway(stage.#host)
    stage.#reconcilers = [
      ...[() => reconcileMachines(ctx), () => gateway.refresh(), () => reconcileRepairs(ctx)],
      ...[() => reconcileServices(ctx), () => moveOffExpiring(ctx)],
    ]
    return stage
  }

  async close(): Promise<void> {
    await this.#host.stop()
    await this.#runtime.close()
  }

  /** `POST /v1/…` as the owner of an account calls it. */
  async call<T = unknown>(accountId: string, operation: string, input: Input = {}): Promise<Answer<T>> {
    const route = routeOf(operation)
    const principal: Principal = {
      ...{ accountId, userId: accountId, userName: accountId, role: 'owner', accessKeyId: null, sessionId: null },
    }
    const call = {
      ...{ principal, actor: actorOf(principal), params: read(route.params, input.params) },
      ...{ query: read(route.query, input.query), body: read(route.body, input.body) },
    }
    try {
      return { did: (await route.handle(this.#context, call as never)) as T, refused: null }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return { did: null, refused: error }
    }
  }

  /** Reconciles until nothing moves. */
  settle = (): Promise<void> => settle(this.#reconcilers)

  async pass(seconds: number): Promise<void> {
    this.clock.advance({ seconds })
    await this.settle()
  }

  /** Lets time pass until nothing of services has happened for longer than anything of theirs waits. */
  async rest(): Promise<void> {
    await this.settle()
    for (let last = -1n, mark = await this.#mark(); last !== mark; mark = await this.#mark()) {
      last = mark
      await this.pass(4)
    }
  }

  async #mark(): Promise<bigint> {
    const query = this.db.selectFrom('events').select(eb => eb.fn.max('id').as('id'))
    return (await query.executeTakeFirstOrThrow()).id ?? 0n
  }
}

const byOperation = new Map(routes.map(route => [`${route.method} ${route.path}`, route]))

function routeOf(operation: string): Route {
  const route = byOperation.get(operation)
  if (!route) throw new Error(`there is no ${operation}`)
  return route
}

const read = (form: z.ZodType | null, input: object = {}): unknown => form?.parse(input)
