// Services that scale by themselves. Bodies are camelCase and answers PascalCase, as EAS has them.
import { z } from 'zod'
import { getAutoscaler, removeAutoscaler, setAutoscaler } from '../../services/autoscale/autoscalers.ts'
import {
  type AutoscalePolicy,
  policyDefaults,
  type ScalingMetric,
  scalingMetrics,
  thresholdMax,
  windowSecondsMax,
} from '../../services/autoscale/policy.ts'
import { replicasMax } from '../../services/config/rolling-strategy.ts'
import type { ApiContext } from '../context.ts'
import { behaviorOf } from '../v1/autoscalers.ts'
import { type EasCall, type EasOperations, invalid, readBody, whole } from './call.ts'
import { keyOf } from './services.ts'

const seconds = whole(0, windowSecondsMax).optional()
const window = z.object({ stabilizationWindowSeconds: seconds }).optional()
const onZero = { scaleDownGracePeriodSeconds: whole(60, windowSecondsMax).optional() }
const body = {
  min: whole(0, replicasMax),
  max: whole(0, replicasMax),
  scaleStrategies: z
    .array(
      z.object({
        metricName: z.string('must be a text').max(100),
        service: z.string().max(100).optional(),
        threshold: z.number('must be a number').positive('must be above 0').max(thresholdMax),
      }),
      'must be a list of {metricName, threshold}',
    )
    .max(16),
  behavior: z
    .object({
      scaleUp: window,
      scaleDown: window,
      onZero: z.object({ ...onZero, scaleUpActivationReplicas: whole(1, replicasMax).optional() }).optional(),
    })
    .optional(),
}
type Body = z.output<z.ZodObject<typeof body>>

function policyOf(call: EasCall): AutoscalePolicy {
  const { min, max, scaleStrategies, behavior } = readBody(call, body)
  return {
    ...{ min, max },
    targets: scaleStrategies.map((strategy, index) => targetOf(call, strategy, index)),
    scaleUpWindowSeconds: behavior?.scaleUp?.stabilizationWindowSeconds ?? policyDefaults.scaleUpWindowSeconds,
    scaleDownWindowSeconds: behavior?.scaleDown?.stabilizationWindowSeconds ?? policyDefaults.scaleDownWindowSeconds,
    zeroGraceSeconds: behavior?.onZero?.scaleDownGracePeriodSeconds ?? policyDefaults.zeroGraceSeconds,
    activationReplicas: behavior?.onZero?.scaleUpActivationReplicas ?? policyDefaults.activationReplicas,
  }
}

function targetOf(
  call: EasCall,
  { metricName, service, threshold }: Body['scaleStrategies'][number],
  index: number,
): AutoscalePolicy['targets'][number] {
  // `gpu[util]` is EAS's longer name.
  const metric = metricName.replace(/\[util\]$/, '') as ScalingMetric
  const field = `scaleStrategies[${index}]`
  if (!scalingMetrics.includes(metric)) throw invalid(`${field}.metricName`, `must be ${scalingMetrics.join(', ')}`)
  if (service !== undefined && service !== '' && service !== keyOf(call).name) {
    throw invalid(`${field}.service`, 'must be the service itself: it is scaled by its own metrics')
  }
  return { metric, threshold }
}

async function set({ ctx }: ApiContext, call: EasCall): Promise<object> {
  const { name } = await setAutoscaler(ctx, call.actor, keyOf(call), policyOf(call))
  return { Message: `Service ${name} scales by itself from now on` }
}

export const autoscalerOperations: EasOperations = {
  CreateServiceAutoScaler: { can: 'service.write', handle: set },
  UpdateServiceAutoScaler: {
    can: 'service.write',
    async handle(context, call) {
      await getAutoscaler(context.ctx.db, call.actor.accountId, keyOf(call))
      return set(context, call)
    },
  },
  DescribeServiceAutoScaler: {
    can: 'service.read',
    async handle({ ctx }, call) {
      const { service, policy, verdict } = await getAutoscaler(ctx.db, call.actor.accountId, keyOf(call))
      return {
        ServiceName: service.name,
        MinReplica: policy.min,
        MaxReplica: policy.max,
        ScaleStrategies: policy.targets.map(({ metric, threshold }) => ({
          metricName: metric,
          service: service.name,
          threshold,
        })),
        CurrentMetrics: (verdict?.metrics ?? []).flatMap(({ metric, value }) =>
          value === null ? [] : [{ metricName: metric, service: service.name, value }],
        ),
        Behavior: behaviorOf(policy),
      }
    },
  },
  DeleteServiceAutoScaler: {
    can: 'service.write',
    async handle({ ctx }, call) {
      const { name } = await removeAutoscaler(ctx, call.actor, keyOf(call))
      return { Message: `Service ${name} is scaled by hand from now on` }
    },
  },
}
