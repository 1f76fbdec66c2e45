// Services that are scaled by schedule.
import { z } from 'zod'
import { type CronPolicy, cronJobsMax } from '../../services/autoscale/cron-policy.ts'
import { getCronScaler, removeCronScaler, setCronScaler } from '../../services/autoscale/cron-scalers.ts'
import { replicasMax } from '../../services/config/rolling-strategy.ts'
import type { ApiContext } from '../context.ts'
import { type EasCall, type EasOperations, readBody, whole } from './call.ts'
import { keyOf } from './services.ts'
import { iso } from './wire.ts'

/** Where a job names no zone: that of EAS. */
const zoneDefault = 'Asia/Shanghai'
const text = z.string('must be a text').min(1).max(100)
const body = {
  ScaleJobs: z
    .array(
      z.object({ Name: text, Schedule: text, TargetSize: whole(0, replicasMax), TimeZone: text.default(zoneDefault) }),
      'must be a list of {Name, Schedule, TargetSize, TimeZone}',
    )
    .min(1, 'is empty')
    .max(cronJobsMax),
  ExcludeDates: z.array(text, 'must be a list of texts').max(366).default([]),
}

function policyOf(call: EasCall): CronPolicy {
  const { ScaleJobs, ExcludeDates } = readBody(call, body)
  const jobs = ScaleJobs.map(({ Name: name, Schedule: schedule, TargetSize: targetSize, TimeZone: timeZone }) => {
    return { name, schedule, targetSize, timeZone }
  })
  return { jobs, excludeDates: ExcludeDates }
}

async function set({ ctx }: ApiContext, call: EasCall): Promise<object> {
  const { name } = await setCronScaler(ctx, call.actor, keyOf(call), policyOf(call))
  return { Message: `Service ${name} is scaled by schedule from now on` }
}

export const cronScalerOperations: EasOperations = {
  CreateServiceCronScaler: { can: 'service.write', handle: set },
  UpdateServiceCronScaler: {
    can: 'service.write',
    async handle(context, call) {
      const { ctx } = context
      await getCronScaler(ctx.db, call.actor.accountId, keyOf(call), ctx.clock.now())
      return set(context, call)
    },
  },
  DescribeServiceCronScaler: {
    can: 'service.read',
    async handle({ ctx }, call) {
      const found = await getCronScaler(ctx.db, call.actor.accountId, keyOf(call), ctx.clock.now())
      return {
        ServiceName: found.service.name,
        ExcludeDates: found.excludeDates,
        ScaleJobs: found.jobs.map(({ name, schedule, targetSize, timeZone, last, nextRuns }) => ({
          ...{ Name: name, Schedule: schedule, TargetSize: targetSize, TimeZone: timeZone },
          State: last?.state ?? 'Submitted',
          Message: last?.message ?? `next run ${nextRuns[0]?.toString() ?? 'never'}`,
          LastProbeTime: last === null ? '' : iso(Temporal.Instant.from(last.at)),
          CreateTime: '',
        })),
      }
    },
  },
  DeleteServiceCronScaler: {
    can: 'service.write',
    async handle({ ctx }, call) {
      const { name } = await removeCronScaler(ctx, call.actor, keyOf(call))
      return { Message: `Service ${name} is scaled by no schedule from now on` }
    },
  },
}
