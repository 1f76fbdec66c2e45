// What an action does to a service and its instances, as previews show it.
import { z } from 'zod'
import { type ActorView as ActorName, actorNames } from '../../identity/actors.ts'
import { previewIdOf } from '../../services/impact/as-previewed.ts'
import { impactOnService, type ServiceImpact } from '../../services/impact/impact.ts'
import { defineRoute } from '../route.ts'
import { keyOf } from '../workspace-scope.ts'
import { noRoomView } from './causes.ts'
import { ActorView, machineId, previewed, serviceId } from './fields.ts'

export const serviceImpact = z.object({
  serviceId,
  name: z.string(),
  owner: z.string().describe('Who deployed it: whom to ask.'),
  ownerName: ActorView,
  replicas: z.number().int(),
  running: z.number().int().describe('In the routes now.'),
  runningAfter: z.number().int().describe('In the routes at the worst moment.'),
  floor: z.number().int().describe("How many must go on serving by the service's own rule."),
  belowFloor: z.boolean(),
  losesLast: z.boolean().describe('Nothing of it serves any more.'),
  instances: z.array(
    z.object({
      serviceInstanceId: z.string(),
      machineId: machineId.nullable(),
      fate: z
        .enum(['moves', 'restarts', 'finishes', 'stops'])
        .describe(
          'moves: serves until one in its place does. restarts: its process ends and begins again where it is. finishes: ends when its requests are done. stops: ends after its grace.',
        ),
      toMachineId: machineId.nullable().describe('Where the one in its place would run.'),
      noRoom: noRoomView.nullable().describe('Why there is no place for one.'),
      inFlight: z.number().int().nullable().describe('Requests in flight; null: no gateway reports on it now.'),
    }),
  ),
})

/** Without those of workspaces that the caller does not see (null: sees all), which are counted. */
export function viewsOfImpacts(
  impacts: readonly ServiceImpact[],
  seen: readonly string[] | null,
  by: (actor: string) => ActorName,
) {
  const shown = impacts.filter(impact => seen === null || seen.includes(impact.workspaceId))
  const hidden = impacts.filter(impact => !shown.includes(impact))
  return {
    services: shown.map(impact => viewOfImpact(impact, by)),
    otherServices: {
      services: hidden.length,
      serviceInstances: hidden.reduce((total, { instances }) => total + instances.length, 0),
      belowFloor: hidden.filter(({ belowFloor }) => belowFloor).length,
    },
  }
}

export const otherServices = z
  .object({ services: z.number().int(), serviceInstances: z.number().int(), belowFloor: z.number().int() })
  .describe('Services of workspaces that the caller does not see.')

export const viewOfImpact = <T extends ServiceImpact>(
  { workspaceId: _, ...impact }: T,
  by: (actor: string) => ActorName,
) => ({
  ...impact,
  ownerName: by(impact.owner),
})

const ownImpact = serviceImpact.extend({
  previewId: previewed,
  traffic: z
    .object({
      trafficGroup: z.string(),
      sharePercent: z.number().describe('Of the requests to the group, now.'),
      sharePercentAfter: z.number(),
      endsGroup: z.boolean().describe('Nobody is left to answer the group: its requests fail.'),
    })
    .nullable()
    .describe('What it has of the requests to its traffic group; null: it is in none.'),
})

/** What the action will have changed. */
export const stopAssumed = { desired: 'stopped' } as const
export const deleteAssumed = { desired: 'deleted' } as const

export const serviceImpactRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/preview',
    summary: 'Preview stopping, deleting or scaling a service: what it would do; nothing is done',
    tag: 'service',
    can: 'service.read',
    asks: true,
    params: { service: z.string().min(1).max(100).describe('Id or name of the service.') },
    body: {
      action: z.enum(['stop', 'delete', 'scale']),
      replicas: z.number().int().min(0).max(10_000).optional().describe('Of a scale.'),
    },
    returns: ownImpact,
    async handle({ ctx }, { params, body: { action, replicas }, actor }) {
      const assumed = { stop: stopAssumed, delete: deleteAssumed, scale: { replicas } }
      const key = keyOf(params.service)
      const impact = await impactOnService(ctx.db, actor.accountId, key, assumed[action], ctx.clock.now())
      const by = await actorNames(ctx.db, actor.accountId, [impact.owner])
      return { previewId: previewIdOf(impact), ...viewOfImpact(impact, by) }
    },
  }),
]
