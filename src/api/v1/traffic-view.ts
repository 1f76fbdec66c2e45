// A traffic group as callers see it.
import { z } from 'zod'
import type { PlannedSplit, Share } from '../../services/traffic/traffic-group.ts'
import {
  type TrafficGroupView as Group,
  getTrafficGroup,
  type TrafficGroupKey,
} from '../../services/traffic/traffic-groups.ts'
import type { ApiContext } from '../context.ts'
import { groupKeyOf } from '../workspace-scope.ts'
import { instant, serviceId } from './fields.ts'

export { groupKeyOf }
export const trafficGroup = z.string().min(1).max(100).describe('Id or name of the traffic group.')

const ShareView = z.object({
  serviceId,
  name: z.string(),
  weight: z.number().int(),
  running: z.number().int().describe('Instances in the routes.'),
  sharePercent: z.number().describe('Of the requests to the group, as things stand.'),
})
const mode = z.enum(['auto', 'weighted']).describe('auto: by the number of instances of those that have a weight.')

export const TrafficGroupView = z.object({
  trafficGroupId: z.string(),
  name: z.string(),
  workspaceId: z.string(),
  regionId: z.string(),
  mode,
  endpoint: z.string().describe('Where it is called, with its own access key.'),
  members: z.array(ShareView.extend({ endpoint: z.string().describe('Of the member within the group.') })),
  canSwitchBack: z.boolean().describe('Weights before the last change are kept, and can be restored.'),
  gateways: z
    .object({ live: z.number().int(), acknowledged: z.number().int() })
    .describe('How many obey the last change.'),
  createdAt: instant,
  updatedAt: instant,
})

export const viewOfGroup = ({ settings }: ApiContext, group: Group) => {
  const at = (name: string) => `${settings.gatewayUrl}/api/predict/${name}`
  return {
    trafficGroupId: group.id,
    name: group.name,
    workspaceId: group.workspaceId,
    regionId: group.regionId,
    mode: group.mode,
    endpoint: at(group.name),
    members: group.members.map(member => ({ ...member, endpoint: at(`${group.name}.${member.name}`) })),
    canSwitchBack: group.weightsBefore !== null,
    gateways: group.gateways,
    createdAt: group.createdAt.toString(),
    updatedAt: group.updatedAt.toString(),
  }
}

export async function groupEndpointOf(context: ApiContext, accountId: string, key: TrafficGroupKey): Promise<string> {
  return viewOfGroup(context, await getTrafficGroup(context.ctx, accountId, key)).endpoint
}

export const splitBody = {
  mode: mode.optional(),
  weights: z
    .record(z.string().max(100), z.number())
    .optional()
    .describe('By name or id of a member, 0 to 1000; those that are not named keep theirs.'),
  switchTo: z.string().max(100).optional().describe('This member gets everything, all others nothing.'),
}

export const SplitPreview = z.object({
  mode,
  changed: z.boolean(),
  unserved: z.boolean().describe('No member that takes part has an instance: the change is refused.'),
  members: z.array(
    ShareView.extend({ weightAfter: z.number().int(), sharePercentAfter: z.number() }).describe(
      'Before, and after it.',
    ),
  ),
})

export const viewOfPlan = ({ mode, before, after, changed, unserved }: PlannedSplit) => ({
  ...{ mode, changed, unserved },
  members: before.map((member: Share, index) => ({
    ...member,
    weightAfter: after[index]?.weight ?? 0,
    sharePercentAfter: after[index]?.sharePercent ?? 0,
  })),
})
