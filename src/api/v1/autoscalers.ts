// How a service scales by itself, in EAS's own shape.
import { z } from 'zod'
import {
  type AutoscalerView as Autoscaler,
  getAutoscaler,
  removeAutoscaler,
  setAutoscaler,
} from '../../services/autoscale/autoscalers.ts'
import {
  type AutoscalePolicy,
  policyDefaults,
  scalingMetrics,
  thresholdMax,
  windowSecondsMax,
} from '../../services/autoscale/policy.ts'
import { replicasMax } from '../../services/config/rolling-strategy.ts'
import { defineRoute } from '../route.ts'
import { keyOf } from '../workspace-scope.ts'
import { instant, isoOrNull, serviceId } from './fields.ts'
import { ServiceView, service, viewOf } from './services.ts'

const count = z.number().int().min(0).max(replicasMax)
const seconds = z.number().int().min(0).max(windowSecondsMax)
const metricName = z
  .enum(scalingMetrics)
  .describe('qps: requests a second. concurrency: requests in flight. cpu, memory, gpu: percent of what a replica has.')

const Behavior = z.object({
  scaleUp: z
    .object({ stabilizationWindowSeconds: seconds.default(policyDefaults.scaleUpWindowSeconds) })
    .prefault({})
    .describe('More only once all of this time asked for it.'),
  scaleDown: z
    .object({ stabilizationWindowSeconds: seconds.default(policyDefaults.scaleDownWindowSeconds) })
    .prefault({})
    .describe('Fewer only once all of this time asked for it.'),
  onZero: z
    .object({
      scaleDownGracePeriodSeconds: seconds
        .min(60)
        .default(policyDefaults.zeroGraceSeconds)
        .describe('So long without a request until the last replicas go.'),
      scaleUpActivationReplicas: count.min(1).default(policyDefaults.activationReplicas),
    })
    .prefault({}),
})

const policyBody = {
  min: count.describe('0: it may scale to zero; a request then waits at the gateway and wakes it.'),
  max: count.describe('At most so many.'),
  scaleStrategies: z
    .array(
      z.object({
        metricName,
        threshold: z.number().positive().max(thresholdMax).describe('What one replica carries.'),
      }),
    )
    .max(scalingMetrics.length)
    .describe('The metric that asks for most replicas counts.'),
  behavior: Behavior.prefault({}),
}
const PolicyBody = z.object(policyBody)
export type PolicyInput = z.output<typeof PolicyBody>

export const policyOf = ({ min, max, scaleStrategies, behavior }: PolicyInput): AutoscalePolicy => ({
  ...{ min, max },
  targets: scaleStrategies.map(({ metricName: metric, threshold }) => ({ metric, threshold })),
  scaleUpWindowSeconds: behavior.scaleUp.stabilizationWindowSeconds,
  scaleDownWindowSeconds: behavior.scaleDown.stabilizationWindowSeconds,
  zeroGraceSeconds: behavior.onZero.scaleDownGracePeriodSeconds,
  activationReplicas: behavior.onZero.scaleUpActivationReplicas,
})

export const behaviorOf = (policy: AutoscalePolicy) => ({
  scaleUp: { stabilizationWindowSeconds: policy.scaleUpWindowSeconds },
  scaleDown: { stabilizationWindowSeconds: policy.scaleDownWindowSeconds },
  onZero: {
    scaleDownGracePeriodSeconds: policy.zeroGraceSeconds,
    scaleUpActivationReplicas: policy.activationReplicas,
  },
})

const VerdictView = z.object({
  code: z
    .enum([
      'Steady',
      'ScaleUp',
      'ScaleDown',
      'ToZero',
      'FromZero',
      'Bounds',
      'Stabilizing',
      'WaitsForRoom',
      'RolloutPaused',
      'Frozen',
      'NoData',
      'Asleep',
    ])
    .describe('What was done, or why nothing was.'),
  before: z.number().int(),
  replicas: z.number().int(),
  advised: z
    .number()
    .int()
    .nullable()
    .describe('What the metrics ask for, within min and max; null: nothing is known.'),
  waiting: z.number().int().describe('Requests that waited at the gateways.'),
  metrics: z.array(
    z.object({
      metric: metricName,
      threshold: z.number(),
      value: z.number().nullable().describe('Of one replica, on average over the last half minute; null: not known.'),
      replicas: z.number().int().nullable().describe('So many would carry it.'),
    }),
  ),
})

const AutoscalerView = z.object({
  serviceId,
  name: z.string(),
  replicas: z.number().int(),
  min: z.number().int(),
  max: z.number().int(),
  scaleStrategies: z.array(z.object({ metricName, threshold: z.number() })),
  behavior: Behavior,
  floor: z.number().int().describe('The least that its last scheduled scaling holds it at; 0: none does.'),
  verdict: VerdictView.nullable().describe('The last decision with its figures; null before the first.'),
  decidedAt: instant.nullable(),
})

const viewOfAutoscaler = ({ service: { id, name, replicas }, policy, verdict, decidedAt, floor }: Autoscaler) => ({
  ...{ serviceId: id, name, replicas, min: policy.min, max: policy.max, floor, verdict },
  scaleStrategies: policy.targets.map(({ metric, threshold }) => ({ metricName: metric, threshold })),
  behavior: behaviorOf(policy),
  decidedAt: isoOrNull(decidedAt),
})

export const autoscalerRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/autoscaler',
    summary: 'Get how a service scales by itself, and what was decided last',
    tag: 'service',
    can: 'service.read',
    params: { service },
    returns: AutoscalerView,
    handle: async ({ ctx }, { params, actor }) =>
      viewOfAutoscaler(await getAutoscaler(ctx.db, actor.accountId, keyOf(params.service))),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}/autoscaler',
    summary: 'Let a service scale by itself',
    tag: 'service',
    can: 'service.write',
    params: { service },
    body: policyBody,
    returns: AutoscalerView,
    async handle({ ctx }, { params, body, actor }) {
      const { id } = await setAutoscaler(ctx, actor, keyOf(params.service), policyOf(body))
      return viewOfAutoscaler(await getAutoscaler(ctx.db, actor.accountId, { id }))
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/services/{service}/autoscaler',
    summary: 'Scale a service by hand from now on: its count stays as it is',
    tag: 'service',
    can: 'service.write',
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) =>
      viewOf(context, await removeAutoscaler(context.ctx, actor, keyOf(params.service))),
  }),
]
