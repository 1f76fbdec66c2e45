// What people do with the scheduled scaling of a service: set it, look at it, take it away.
import type { Db } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { Refusal } from '../../lib/errors.ts'
import { change } from '../change-service.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import type { ServicesRefusal } from '../service.ts'
import { type ServiceView, serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { type CronPast, endCron, selectCron, startCron } from './cron.store.ts'
import { type CronJob, type CronPolicy, checkCronPolicy, nextOfAll, nextRunsOf } from './cron-policy.ts'

export interface CronJobView extends CronJob {
  nextRuns: Temporal.Instant[]
  /** Its last run; null: it has not run since it was set. */
  last: CronPast | null
}

export interface CronScalerView {
  service: { id: string; name: string; replicas: number }
  jobs: CronJobView[]
  excludeDates: string[]
}

const nextShown = 3

/** From now on the service has these counts at these times. Set again, the new jobs are all of them. */
export async function setCronScaler(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  policy: CronPolicy,
): Promise<ServiceView> {
  checkCronPolicy(policy)
  return change(ctx, actor, key, async (tx, row, now) => {
    await startCron(tx, now, row, nextOfAll(policy, now))
    const data: EventData = {
      policy: policy.jobs.map(job => `${job.name} ${job.schedule} → ${job.targetSize}`).join(' · '),
    }
    return { kind: 'service.cron_scaler_set', data, change: { cronScaler: policy } }
  })
}

/** The count stays as it is; an autoscaler is held by its own minimum alone. */
export async function removeCronScaler(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row) => {
    if (row.cronScaler === null) throw noCronScaler(row)
    await endCron(tx, row.id)
    return { kind: 'service.cron_scaler_removed', data: {}, change: { cronScaler: null } }
  })
}

export async function getCronScaler(
  db: Db,
  accountId: string,
  key: ServiceKey,
  now: Temporal.Instant,
): Promise<CronScalerView> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const { id, name, replicas, cronScaler: policy } = row
  if (policy === null) throw noCronScaler(row)
  const past = await selectCron(db, id)
  const jobs = policy.jobs.map(job => ({
    ...job,
    nextRuns: nextRunsOf(policy, job, now, nextShown),
    last: past?.[job.name] ?? null,
  }))
  return { service: { id, name, replicas }, jobs, excludeDates: policy.excludeDates }
}

const noCronScaler = ({ id, name }: ServiceRow): Refusal =>
  new Refusal<ServicesRefusal>('NoCronScaler', `${name} has no scheduled scaling`, { field: 'service', service: id })
