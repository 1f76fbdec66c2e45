// Services to test, on a fleet of simulated machines and gateways that obey at once, unless told otherwise.
import { sql } from 'kysely'
import { onTestFinished } from 'vitest'
import { SimulatedRuntime, type SimulatedRuntimeOptions } from '../../src/drivers/simulated/runtime.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { assertHold, checkInvariants } from '../../src/insight/invariant-check.ts'
import { serviceInvariants } from '../../src/insight/invariants-services.ts'
import { type Report, settle } from '../../src/reconcile/loop.ts'
import { reconcileDrainPlans } from '../../src/services/drain-plans/reconcile-drain-plans.ts'
import { reconcileRepairs } from '../../src/services/repair/reconcile-repairs.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import { listServiceInstances, type ServiceInstanceView } from '../../src/services/services.ts'
import type { ServicesCtx } from '../../src/services/services-ctx.ts'
import { aFleet, type Fleet, runningMachines } from '../fleet/fleet-fixtures.ts'
import { Gateways } from './gateways.ts'

export interface Services {
  fleet: Fleet
  ctx: ServicesCtx
  runtime: SimulatedRuntime
  host: RouteHost
  gateways: Gateways
  machineIds: string[]
  actor: Fleet['actor']
  /** Reconciles machines, services and routes until nothing moves, and checks the invariants. */
  settle(): Promise<void>
  /** Lets time pass in steps, settling after each. */
  pass(seconds: number, stepSeconds?: number): Promise<void>
  instances(name: string): Promise<ServiceInstanceView[]>
}

interface ServicesOptions {
  machines?: number
  runtime?: Partial<SimulatedRuntimeOptions>
  gateways?: Gateways
  /** Gateways that are to come. */
  expected?: readonly string[]
  /** Called whenever routes or service instances may have changed. */
  look?: () => Promise<void>
}

export async function someServices(
  options: Omit<ServicesOptions, 'gateways'> & { gateways?: string[] } = {},
): Promise<Services> {
  const { gateways = ['gw-0', 'gw-1'], ...rest } = options
  const services = await servicesOn(await aFleet(), { ...rest, gateways: new Gateways(gateways) })
  onTestFinished(services.close)
  return services
}

/** `close` it before the fleet's database. */
export async function servicesOn(
  fleet: Fleet,
  options: ServicesOptions & { gateways: Gateways },
): Promise<Services & { close(): Promise<void> }> {
  const { gateways, look = async () => {} } = options
  const { clock, db, accountId } = fleet
  const workspace = { id: 'ws-1', accountId, name: 'default', createdAt: clock.now() }
  await db.insertInto('workspaces').values(workspace).execute()
  const machineIds = options.machines === 0 ? [] : await runningMachines(fleet, options.machines ?? 2)
  const runtime = new SimulatedRuntime({ clock, ...options.runtime })
  const box = new SecretBox(Buffer.alloc(32, 7))
  const ctx: ServicesCtx = { ...fleet.ctx, runtimeDriver: () => runtime, box, routes: { nudge: () => {} } }
  const host = new RouteHost(ctx, box, () => {})
  gateways.host = host
  for (const gatewayId of gateways.ids) host.onConnect({ gatewayId, pid: 1, generation: -1 })
  await host.start(gateways, options.expected)
  const routes = async (): Promise<Report> => {
    const before = `${gateways.generation} ${gateways.watched.join()}`
    await host.refresh()
    // The second one writes down what the first one's pushes were answered with.
    await host.refresh()
    return { found: 1, changed: before === `${gateways.generation} ${gateways.watched.join()}` ? 0 : 1 }
  }
  const settleAll = async (): Promise<void> => {
    const looked = (reconcile: () => Promise<Report>) => async (): Promise<Report> => {
      const report = await reconcile()
      await look()
      return report
    }
    await settle([
      ...[looked(routes), () => reconcileMachines(fleet.ctx), () => reconcileRepairs(ctx)],
      ...[looked(() => reconcileServices(ctx)), () => reconcileDrainPlans(ctx)],
    ])
    assertHold(await checkInvariants(db, serviceInvariants))
  }
  return {
    ...{ fleet, ctx, runtime, host, gateways, machineIds, actor: fleet.actor, settle: settleAll },
    pass: async (seconds, stepSeconds = 1) => {
      for (let passed = 0; passed < seconds; passed += stepSeconds) {
        clock.advance({ seconds: stepSeconds })
        await settleAll()
      }
    },
    instances: name => listServiceInstances(db, accountId, { name }),
    close: async () => {
      await host.stop()
      await runtime.close()
    },
  }
}

/** One vCPU and 1 GiB each, of the 8 vCPU and 32 GiB of a machine. */
export const aServiceJson = (change: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'digits', instance: 1, cpu: 1, memory: 1024, resource: 'eas-r-1', ...metadata },
  containers: [{ command: 'serve' }],
  ...change,
})

/** Kinds of the events of a subject or of all, oldest first. */
export async function eventKinds(services: Services, like: string): Promise<string[]> {
  const query = services.fleet.db.selectFrom('events').select('kind').where('kind', 'like', like).orderBy('id')
  return (await query.execute()).map(row => row.kind)
}

/** What was asked of drivers and has no outcome yet. */
export async function openEffects(services: Services): Promise<string[]> {
  const query = services.fleet.db.selectFrom('outbox').select('effectId').where('settledAt', 'is', null)
  return (await query.orderBy('effectId').execute()).map(row => row.effectId)
}

export async function reserved(services: Services): Promise<number> {
  return (await services.fleet.db.selectFrom('reservations').select('machineId').execute()).length
}

/** So many statements wait for a lock, as PostgreSQL says. On a connection of its own. */
export async function untilWaiting(db: Services['fleet']['db'], count: number): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
    if ((rows[0]?.waiting ?? 0) >= count) return
  }
}
