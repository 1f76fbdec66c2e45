// Moving what runs in a group so that fewer machines are in use, and apart what wants to be apart: seen first, then asked for.
import { z } from 'zod'
import { type GroupRebalance, previewRebalance, rebalanceGroup } from '../../services/rebalance.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import { groupId, machineId, previewed, previewId, serviceId } from './fields.ts'

const RebalanceView = z.object({
  groupId,
  moves: z
    .array(
      z.object({
        serviceInstanceId: z.string(),
        serviceId,
        serviceName: z.string(),
        fromMachineId: machineId,
        toMachineId: machineId,
      }),
    )
    .describe('Each with its replacement first; none: it is balanced already. At most 100 at a time, with the others.'),
  otherMoves: z.number().int().describe('Of services in workspaces that the caller does not see.'),
  emptiedMachineIds: z.array(machineId).describe('On which nothing is left once all is moved.'),
})

function viewOf({ moves, ...rest }: GroupRebalance, seen: readonly string[] | null): z.input<typeof RebalanceView> {
  const shown = moves.filter(({ service }) => seen === null || seen.includes(service.workspaceId))
  return {
    ...rest,
    moves: shown.map(({ service, ...move }) => ({ ...move, serviceId: service.id, serviceName: service.name })),
    otherMoves: moves.length - shown.length,
  }
}

export const rebalanceRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/groups/{groupId}/rebalance/preview',
    summary: 'Preview rebalance: what would move whither, and which machines it would empty; nothing is done',
    tag: 'group',
    can: 'fleet.read',
    asks: true,
    params: { groupId },
    returns: RebalanceView.extend({ previewId: previewed }),
    async handle(context, { params, actor, principal }) {
      const { previewId, ...said } = await previewRebalance(context.ctx, actor, params.groupId)
      return { previewId, ...viewOf(said, await seenWorkspaces(context, principal)) }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/groups/{groupId}/rebalance',
    summary: 'Rebalance group: pack what runs onto fewer machines, and spread what asks for it, replacement first',
    tag: 'group',
    can: 'fleet.operate',
    status: 202,
    params: { groupId },
    body: { previewId },
    returns: RebalanceView,
    async handle(context, { params, body, actor, principal }) {
      const decided = await rebalanceGroup(context.ctx, actor, params.groupId, body)
      return viewOf(decided, await seenWorkspaces(context, principal))
    },
  }),
]
