// When a service is to have how many instances, by the clock.
import { z } from 'zod'
import { cronJobsMax } from '../../services/autoscale/cron-policy.ts'
import {
  type CronScalerView as CronScaler,
  getCronScaler,
  removeCronScaler,
  setCronScaler,
} from '../../services/autoscale/cron-scalers.ts'
import { replicasMax } from '../../services/config/rolling-strategy.ts'
import { defineRoute } from '../route.ts'
import { keyOf } from '../workspace-scope.ts'
import { instant, serviceId } from './fields.ts'
import { ServiceView, service, viewOf } from './services.ts'

const text = z.string().min(1).max(100)
const job = {
  name: text,
  schedule: text.describe(
    'Six fields: second, minute, hour, day of month, month, day of week, as in `0 0 8 * * MON-FRI`.',
  ),
  targetSize: z.number().int().min(0).max(replicasMax),
  timeZone: text.describe('IANA, as in `Asia/Shanghai`.'),
}
const excludeDates = z
  .array(text)
  .max(366)
  .describe('Days on which nothing is scaled: `2026-10-01`, or the days of a schedule.')

const CronScalerView = z.object({
  serviceId,
  name: z.string(),
  replicas: z.number().int(),
  scaleJobs: z.array(
    z.object({
      ...job,
      nextRuns: z.array(instant),
      last: z
        .object({ at: instant, state: z.enum(['Succeed', 'Skipped']), message: z.string() })
        .nullable()
        .describe('null: it has not run since it was set.'),
    }),
  ),
  excludeDates,
})

const viewOfCron = ({ service: { id, name, replicas }, jobs, excludeDates: excluded }: CronScaler) => ({
  ...{ serviceId: id, name, replicas, excludeDates: excluded },
  scaleJobs: jobs.map(({ nextRuns, ...one }) => ({ ...one, nextRuns: nextRuns.map(at => at.toString()) })),
})

export const cronScalerRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/cron-scaler',
    summary: 'Get the scheduled scaling of a service, with its next runs',
    tag: 'service',
    can: 'service.read',
    params: { service },
    returns: CronScalerView,
    handle: async ({ ctx }, { params, actor }) =>
      viewOfCron(await getCronScaler(ctx.db, actor.accountId, keyOf(params.service), ctx.clock.now())),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}/cron-scaler',
    summary: 'Scale a service by schedule; where it scales by itself, the count is the least until the next run',
    tag: 'service',
    can: 'service.write',
    params: { service },
    body: { scaleJobs: z.array(z.object(job)).min(1).max(cronJobsMax), excludeDates: excludeDates.default([]) },
    returns: CronScalerView,
    async handle({ ctx }, { params, body, actor }) {
      const policy = { jobs: body.scaleJobs, excludeDates: body.excludeDates }
      const { id } = await setCronScaler(ctx, actor, keyOf(params.service), policy)
      return viewOfCron(await getCronScaler(ctx.db, actor.accountId, { id }, ctx.clock.now()))
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/services/{service}/cron-scaler',
    summary: 'Scale a service by no schedule from now on: its count stays as it is',
    tag: 'service',
    can: 'service.write',
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) =>
      viewOf(context, await removeCronScaler(context.ctx, actor, keyOf(params.service))),
  }),
]
