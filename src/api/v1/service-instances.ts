import { z } from 'zod'
import { getMachine } from '../../fleet/machines.ts'
import { followServiceLogs, serviceLogs } from '../../services/logs.ts'
import {
  listInstancesOnMachine,
  listServiceInstances,
  type ServiceInstanceView as ServiceInstance,
} from '../../services/services.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import { CauseView } from './causes.ts'
import { instant, isoOrNull, machineId } from './fields.ts'
import { keyOf, service } from './services.ts'

export const serviceInstanceId = z.string().min(1).max(100)

const ServiceInstanceView = z.object({
  serviceInstanceId,
  serviceId: z.string(),
  version: z.number().int(),
  machineId: machineId.nullable(),
  status: z
    .string()
    .describe(
      'Restarting: its process ends and is begun again in the same place. Isolated: no replica any more, with its machine and room until it is ended; its service, a drain, a full disk and its own liveness check end it too.',
    ),
  reason: z.string().describe('What it waits for, why it leaves, or how it ended.'),
  cause: CauseView.nullable().describe('The same as a fact.'),
  replaces: z.string().nullable().describe('The instance in whose place it came: its log is the previous one.'),
  ready: z.boolean(),
  crashCount: z.number().int(),
  restartCount: z.number().int().describe('How often its process was restarted where it is.'),
  createdAt: instant,
  readyAt: instant.nullable(),
  endedAt: instant.nullable(),
})

const viewOf = (found: ServiceInstance) => ({
  serviceInstanceId: found.id,
  serviceId: found.serviceId,
  version: found.version,
  machineId: found.machineId,
  status: found.status,
  reason: found.reason,
  cause: found.cause,
  replaces: found.replacesId,
  ready: found.ready,
  crashCount: found.crashCount,
  restartCount: found.restartCount,
  createdAt: found.createdAt.toString(),
  readyAt: isoOrNull(found.readyAt),
  endedAt: isoOrNull(found.endedAt),
})

export const serviceInstanceRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/instances',
    summary: 'List the instances of a service',
    tag: 'service',
    can: 'service.read',
    params: { service },
    query: { ended: z.enum(['true', 'false']).default('false').describe('Also those that have ended.') },
    returns: z.object({ items: z.array(ServiceInstanceView) }),
    handle: async ({ ctx }, { params, query, actor }) => ({
      items: (
        await listServiceInstances(ctx.db, actor.accountId, keyOf(params.service), { ended: query.ended === 'true' })
      ).map(viewOf),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/machines/{machineId}/instances',
    summary: 'List what runs on a machine',
    tag: 'machine',
    can: 'fleet.read',
    params: { machineId },
    returns: z.object({
      items: z.array(ServiceInstanceView.extend({ serviceName: z.string(), workspaceId: z.string() })),
      others: z.number().int().describe('How many more there are, of services in workspaces that are not yours.'),
    }),
    async handle(context, { params, actor, principal }) {
      const { db } = context.ctx
      await getMachine(db, actor.accountId, params.machineId)
      const seen = await seenWorkspaces(context, principal)
      const { items, others } = await listInstancesOnMachine(db, actor.accountId, params.machineId, seen)
      const shown = items.map(one => ({
        ...viewOf(one),
        serviceName: one.serviceName,
        workspaceId: one.workspaceId,
      }))
      return { items: shown, others }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/logs',
    summary: 'Read the log of an instance; kept after its end',
    tag: 'service',
    can: 'service.read',
    params: { service },
    query: {
      serviceInstanceId: serviceInstanceId.optional().describe('By default the newest of which there is a log.'),
      previous: z
        .enum(['true', 'false'])
        .default('false')
        .describe('Of the process before: what a crash or a restart has left.'),
      restartCount: z.coerce
        .number()
        .int()
        .min(0)
        .optional()
        .describe('Of the process that was begun after so many restarts; the newest that has a log by default.'),
      offset: z.coerce.number().int().min(0).optional().describe('Bytes from the start; the tail by default.'),
      limit: z.coerce.number().int().min(1).max(5000).default(500).describe('Lines.'),
      keyword: z.string().max(200).optional(),
    },
    returns: z.object({
      serviceInstanceId,
      restartCount: z.number().int().describe('Of which of its processes this is the log: offsets are its own.'),
      lines: z.array(z.string()),
      offset: z.number().int(),
      nextOffset: z.number().int(),
    }),
    handle: ({ ctx }, { params, query: { previous, ...query }, actor }) => {
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
      return serviceLogs(ctx, actor, keyOf(params.service), { ...given, previous: previous === 'true' })
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/logs/follow',
    summary: 'Follow the log of an instance, line by line, until its process ends',
    tag: 'service',
    can: 'service.read',
    params: { service },
    query: { serviceInstanceId: serviceInstanceId.optional() },
    returns: z.string(),
    streams: true,
    async handle({ ctx }, { params, query, actor }) {
      const given = query.serviceInstanceId === undefined ? {} : { serviceInstanceId: query.serviceInstanceId }
      // Asked for before the answer begins, so that a refusal is still one.
      const abort = new AbortController()
      const lines = await followServiceLogs(ctx, actor, keyOf(params.service), given, abort.signal)
      return {
        contentType: 'text/plain; charset=utf-8',
        lines(signal) {
          signal.addEventListener('abort', () => abort.abort(), { once: true })
          return lines
        },
      }
    },
  }),
]
