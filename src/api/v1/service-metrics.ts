// What was measured of a service, in columns of one length.
import { z } from 'zod'
import { serviceMetrics } from '../../services/metrics/metrics.ts'
import { defineRoute } from '../route.ts'
import { keyOf } from '../workspace-scope.ts'
import { instant } from './fields.ts'
import { service } from './services.ts'

const column = z.array(z.number().nullable())

const MetricsView = z.object({
  stepSeconds: z.number().int(),
  from: instant.describe(
    'When the first step begins; every column has a value for each step from here, null where none is known.',
  ),
  to: instant,
  qps: column.describe('Requests a second with a right key.'),
  failed: column.describe('Of these, a second, not answered whole for a reason that is not the caller.'),
  inFlight: column.describe('On average, those that wait at a gateway among them.'),
  waiting: column.describe('The most that waited at once for an instance.'),
  latencyMs: z
    .object({ p50: column, p95: column, p99: column })
    .describe('Until the answer was complete; at most a fifth off.'),
  instances: z.array(
    z.object({
      serviceInstanceId: z.string(),
      cpuMilli: column.describe('Thousandths of a core.'),
      memoryMib: column,
      gpuPercent: column.describe('Of its busiest card; null where there is none, or none tells.'),
    }),
  ),
  otherInstances: z.number().int().describe('Instances with figures that are left out; the newest are shown.'),
})

export const serviceMetricsRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/metrics',
    summary: 'What was measured of a service: traffic, latency, and what each instance used',
    tag: 'service',
    can: 'service.read',
    params: { service },
    query: {
      span: z
        .enum(['hour', 'day'])
        .default('hour')
        .describe('The last hour by ten seconds, or the last day by minutes.'),
    },
    returns: MetricsView,
    async handle({ ctx }, { params, query, actor }) {
      const { from, to, ...columns } = await serviceMetrics(
        ctx.db,
        actor.accountId,
        keyOf(params.service),
        query.span,
        ctx.clock.now(),
      )
      return { ...columns, from: from.toString(), to: to.toString() }
    },
  }),
]
