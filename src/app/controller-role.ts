// The role `controller`: runs the loops, beside any number of others on the same database.
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { startTimeOf } from '../agent/processes.ts'
import { openMetrics } from '../api/metrics-listener.ts'
import { Hearing } from '../db/hearing.ts'
import { nudgeChannel } from '../db/notifier.ts'
import { bootId } from '../lib/boot-id.ts'
import { invariant } from '../lib/invariant.ts'
import { Controller } from '../reconcile/controller.ts'
import { controllerMetrics } from '../reconcile/controller-metrics.ts'
import { Duties } from '../reconcile/duties.ts'
import type { Loop } from '../reconcile/loop.ts'
import { routesChannel } from '../services/routes/routes.store.ts'
import { TimeGuard } from '../time/time-guard.ts'
import type { DriverWatches } from './driver-watches.ts'
import { hostsOf } from './engine-drivers.ts'
import { createLoops } from './loops.ts'
import { MoneyWork } from './money-work.ts'
import { RoutesDuty } from './routes-duty.ts'
import type { Nudge, Shared } from './shared.ts'

export interface ControllerRole {
  loops: Loop[]
  duties: Duties
  /** After its loops were started. */
  start(): void
  /** Before its loops are stopped. */
  stop(): void
  close(): Promise<void>
}

export interface ControllerRoleParts {
  nudge: Nudge
  watches: DriverWatches
  moneyWork: boolean
}

export async function openController(
  shared: Shared,
  { nudge, watches, moneyWork }: ControllerRoleParts,
): Promise<ControllerRole> {
  const { config, databaseUrl, session, drivers, engines } = shared
  const { log } = shared.ctx
  const controller = await thisController(shared)
  const ctx = { ...shared.ctx, leases: controller }
  const duties = new Duties(ctx, controller, (name, held) => {
    if (name !== 'routes') return
    if (held === null) void routes.end()
    else nudge('routes')
  })
  const onFenced = duties.refused.bind(duties)
  const routes: RoutesDuty = new RoutesDuty(ctx, { config, engines, drivers, nudge, onFenced })
  await routes.listen()
  const money = moneyWork ? new MoneyWork({ databaseUrl, zone: config.billingZone, session }) : null
  const time = new TimeGuard(ctx, await bootId())
  // What ended here is found at once, and its duties taken before the first loop runs. Gateways are known or waited for by then: a
  // service must not be said to run because nobody was asked whether he has its route.
  await controller.beat()
  await duties.seek()
  await duties.onDuty('routes', ctx, (own, duty) => routes.refresh(own, duty))()
  const loops = createLoops(ctx, config, {
    ...{ controller, duties, routes, time, money, nudge },
    hosts: hostsOf(engines, drivers),
  })
  const ofDrivers = () => Object.values(drivers).map(driver => driver.metrics?.() ?? '')
  const own = () => [controllerMetrics(controller, duties), ...ofDrivers()].join('')
  const metrics = await openMetrics(ctx, config.metrics.listen, { own, traffic: () => routes.traffic() })
  // What other processes write, and what they ask for.
  const hearing = new Hearing({
    ...{ connectionString: shared.directUrl, channels: [routesChannel, nudgeChannel], log },
    onHeard: channel => (channel === routesChannel ? nudge('routes') : nudge()),
  })
  void hearing.start()
  const close = async () => {
    await money?.close()
    await hearing.stop()
    await metrics?.close()
    await routes.close()
    await controller.leave()
  }
  const start = () => {
    for (const driver of Object.values(drivers)) driver.start?.()
    watches.start(drivers)
  }
  return { loops, duties, start, stop: () => watches.stop(), close }
}

async function thisController({ ctx, config, session }: Shared): Promise<Controller> {
  const host = `${await bootId()} ${processNamespace()}`
  const processStart = await startTimeOf(process.pid)
  invariant(processStart, 'this process runs')
  return new Controller(ctx, {
    process: { host, pid: process.pid, processStart },
    ...{ hostName: hostname(), session, version: config.version },
    // With a database of our own nobody of another boot can be there any more.
    isGone: async other =>
      other.host === host ? (await startTimeOf(other.pid)) !== other.processStart : config.roles.databaseIsOurs,
  })
}

/** Containers of one host see different processes under the same numbers. */
function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'pid'
  }
}
