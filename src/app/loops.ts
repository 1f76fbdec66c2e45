// The loops of a controller. Those that claim their rows run in every controller at once; all others are part of a duty, which one
// controller has at a time.

import { reconcileArrears } from '../billing/reconcile-arrears.ts'
import type { Config } from '../config/config.ts'
import { fencedWrite } from '../db/db.ts'
import { reconcileMachines } from '../fleet/reconcile-machines.ts'
import { purgeSessions } from '../identity/sessions.ts'
import { purgeNonces } from '../identity/verify-request.ts'
import { sealTransfers } from '../ledger/seal.ts'
import { deliverNotices } from '../notices/deliver-notices.ts'
import { mailChannel } from '../notices/mail.ts'
import { webhookChannel } from '../notices/webhook.ts'
import { renewAutomatically } from '../orders/auto-renew.ts'
import { reconcileExpiry } from '../orders/expiry.ts'
import { noticeExpiries } from '../orders/expiry-notices.ts'
import { moveOffExpiring } from '../orders/move-off.ts'
import { reconcileOrders } from '../orders/reconcile-orders.ts'
import { beatMs, type Controller } from '../reconcile/controller.ts'
import type { Duties, DutyName, HeldDuty } from '../reconcile/duties.ts'
import { Loop, type LoopRun, type Report } from '../reconcile/loop.ts'
import { reconcileCron } from '../services/autoscale/reconcile-cron.ts'
import { type Hosts, reconcileDisks } from '../services/disk/reconcile-disks.ts'
import { reconcileDrainPlans } from '../services/drain-plans/reconcile-drain-plans.ts'
import { reconcileRepairs } from '../services/repair/reconcile-repairs.ts'
import { reconcileServices } from '../services/rollout/reconcile-services.ts'
import { reconcileTraffic } from '../services/traffic/reconcile-traffic.ts'
import type { TimeGuard } from '../time/time-guard.ts'
import type { MoneyTask, MoneyWork } from './money-work.ts'
import type { RoutesDuty } from './routes-duty.ts'
import type { Context, Nudge } from './shared.ts'

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

export interface LoopParts {
  controller: Controller
  duties: Duties
  routes: RoutesDuty
  time: TimeGuard
  /** null: no billing, statements or audit by themselves. */
  money: MoneyWork | null
  hosts: Hosts
  nudge: Nudge
}

const quiet = async (work: Promise<unknown>): Promise<Report> => {
  await work
  return { found: 0, changed: 0 }
}

export function createLoops(ctx: Context, config: Config, parts: LoopParts): Loop[] {
  const { controller, duties, time, nudge } = parts
  const { log } = ctx
  const onRun = ({ name, report }: LoopRun) => {
    if (report !== null && report.changed > 0) nudge(...(follows[name] ?? [name]), 'events')
  }
  return [
    new Loop({ name: 'controllers', log, everyMs: beatMs, run: () => controller.beat() }),
    new Loop({ name: 'duties', log, run: () => duties.seek() }),
    new Loop({ name: 'orders', log, onRun, run: () => reconcileOrders(ctx) }),
    new Loop({ name: 'machines', log, onRun, run: () => reconcileMachines(ctx) }),
    new Loop({ name: 'drain-plans', log, onRun, everyMs: 2_000, run: () => reconcileDrainPlans(ctx) }),
    new Loop({ name: 'services', log, onRun, run: () => reconcileServices(ctx) }),
    // Each host has a clock of its own.
    new Loop({ name: 'time', log, everyMs: 5_000, run: () => quiet(time.observe()) }),
    ...dutyLoops(ctx, config, parts, onRun),
  ]
}

function dutyLoops(
  ctx: Context,
  config: Config,
  { duties, routes, time, money, hosts }: LoopParts,
  onRun: (run: LoopRun) => void,
): Loop[] {
  const { log } = ctx
  type Run = (ctx: Context, duty: HeldDuty) => Promise<Report>
  interface Pace {
    everyMs?: number
    firstAfterMs?: number
    /** Not while the clock is not to be trusted. */
    steadily?: boolean
  }
  const on =
    (duty: DutyName) =>
    (name: string, run: Run, { steadily = false, ...pace }: Pace = {}) => {
      const whenOnDuty = duties.onDuty(duty, ctx, run)
      return new Loop({ name, log, onRun, ...pace, run: steadily ? time.steadily(whenOnDuty) : whenOnDuty })
    }
  const [onRoutes, onMoney, onUpkeep, onNotices] = [on('routes'), on('money'), on('upkeep'), on('notices')]
  // Its thread comes up once the API answers: whoever waits for a start does not wait for this.
  const heavy = (name: MoneyTask, everyMs: number, steadily = true) =>
    money === null
      ? []
      : [onMoney(name, (_, duty) => money.run(name, duty), { everyMs, firstAfterMs: 4_000, steadily })]
  const webhook = config.webhook && webhookChannel(config.webhook)
  const mail = config.mail && mailChannel(config.mail, config.billingZone)
  const steadily = true
  return [
    onRoutes('routes', (own, duty) => routes.refresh(own, duty)),
    onRoutes('metrics', () => routes.measure()),
    onRoutes('autoscale', own => routes.autoscale(own), { everyMs: 10_000 }),
    onUpkeep('repairs', own => reconcileRepairs(own)),
    // Not before the agent of the same start answers.
    onUpkeep('disks', own => reconcileDisks(own, hosts, config.disk), { everyMs: 10_000, firstAfterMs: 10_000 }),
    onUpkeep('traffic', own => reconcileTraffic(own), { everyMs: 5_000 }),
    onUpkeep('cron', own => reconcileCron(own), { steadily }),
    onUpkeep('move-off', own => moveOffExpiring(own), { everyMs: 15_000, steadily }),
    onUpkeep('nonces', own => quiet(fencedWrite(own, db => purgeNonces({ ...own, db }))), { everyMs: 60_000 }),
    onUpkeep('sessions', own => quiet(fencedWrite(own, db => purgeSessions({ ...own, db }))), { everyMs: 600_000 }),
    onMoney('renewal', own => renewAutomatically(own), { everyMs: 15_000, steadily }),
    onMoney('expiry', own => reconcileExpiry(own), { everyMs: 5_000, steadily }),
    onMoney('expiry-notices', own => noticeExpiries(own), { everyMs: 60_000, steadily }),
    onMoney('arrears', own => reconcileArrears(own), { everyMs: 15_000, steadily }),
    onMoney('ledger-seal', own => sealTransfers(own), { everyMs: 2_000 }),
    ...heavy('billing', 60_000),
    ...heavy('corrections', 60_000),
    ...heavy('statements', 60_000),
    ...heavy('auditor', 5_000, false),
    onNotices('notices', own => deliverNotices(own, webhook), { everyMs: 5_000 }),
    onNotices('mails', own => deliverNotices(own, mail), { everyMs: 5_000 }),
  ]
}
