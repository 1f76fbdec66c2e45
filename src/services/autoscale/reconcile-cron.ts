// Scales services by the clock. A run that was missed while control was away is made good as far as it still counts: the last
// one of the last day says what the service is to have now. On a service that scales by itself, the count is the least that
// its autoscaler keeps until the next run.
import { type Tx, transaction } from '../../db/db.ts'
import { appendEvents } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { declareFaults } from '../../lib/fault.ts'
import type { Report } from '../../reconcile/loop.ts'
import { eachApart } from '../../reconcile/set-aside.ts'
import { changeService, lockService, type ServiceRow } from '../service.store.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { type CronPast, type CronState, dueCron, endCron, readCron, writeCron } from './cron.store.ts'
import { type CronJob, dueJob, nextOfAll } from './cron-policy.ts'

const faults = declareFaults('services.cron.before-commit', 'services.cron.after-commit')

const batch = 100

export async function reconcileCron(ctx: ServicesCtx): Promise<Report> {
  const due = await dueCron(ctx.db, ctx.clock.now(), batch)
  const changed = await eachApart(
    ctx,
    'cron',
    due,
    one => one.serviceId,
    one => runDue(ctx, one),
  )
  return { found: due.length, changed }
}

async function runDue(ctx: ServicesCtx, { serviceId, accountId }: Due): Promise<number> {
  const done = await transaction(ctx, async tx => {
    const row = await lockService(tx, accountId, { id: serviceId })
    const state = await readCron(tx, serviceId)
    if (row === null || row.cronScaler === null || row.desired === 'deleted' || state === null) {
      await endCron(tx, serviceId)
      return false
    }
    const scaled = await run(ctx, tx, row, state)
    await faults.point('services.cron.before-commit')
    return scaled
  })
  await faults.point('services.cron.after-commit')
  return done ? 1 : 0
}

type Due = Awaited<ReturnType<typeof dueCron>>[number]

async function run(ctx: ServicesCtx, tx: Tx, row: ServiceRow, state: CronState): Promise<boolean> {
  const now = ctx.clock.now()
  const policy = row.cronScaler
  // Another control was faster.
  if (policy === null || state.nextAt === null || Temporal.Instant.compare(state.nextAt, now) > 0) return false
  const due = dueJob(policy, state.checkedAt, now)
  const nextAt = nextOfAll(policy, now)
  if (due === null) {
    await writeCron(tx, row.id, { checkedAt: now, nextAt, past: state.past })
    return false
  }
  const { job, at } = due
  const past = (said: Omit<CronPast, 'at'>) => ({ ...state.past, [job.name]: { at: at.toString(), ...said } })
  if (row.desired === 'stopped') {
    const said = { state: 'Skipped', message: `${row.name} is stopped` } as const
    await writeCron(tx, row.id, { checkedAt: now, nextAt, past: past(said) })
    return false
  }
  const message = row.autoscaler === null ? `scaled to ${job.targetSize}` : `at least ${job.targetSize} from now on`
  const floor = row.autoscaler === null ? 0 : job.targetSize
  await writeCron(tx, row.id, { checkedAt: now, nextAt, past: past({ state: 'Succeed', message }), floor })
  return apply(tx, now, row, job)
}

async function apply(tx: Tx, now: Temporal.Instant, row: ServiceRow, job: CronJob): Promise<boolean> {
  const { autoscaler, replicas: before } = row
  const replicas = autoscaler === null ? job.targetSize : Math.min(autoscaler.max, Math.max(before, job.targetSize))
  const rollout = row.rollout ?? { kind: 'scale', fromVersion: row.version, startedAt: now.toString() }
  if (replicas !== before) await changeService(tx, now, row.id, { replicas, rollout })
  const data: EventData = { name: job.name, replicas, before }
  const { accountId, workspaceId, id: subjectId } = row
  const about = { accountId, workspaceId, subjectKind: 'service', subjectId }
  await appendEvents(tx, now, [{ ...about, kind: 'service.cron_scaled', actor: 'system:cron-scaler', data }])
  return replicas !== before
}
