// Release, service groups and mirrors, in EAS's words. A group comes with its first service (`metadata.group`) and goes with its
// last; `standalone` is a weight of 0.

import { may } from '../../identity/access.ts'
import { getService } from '../../services/services.ts'
import { getMirror, mirrorTargetsMax, setMirror } from '../../services/traffic/mirrors.ts'
import { newestKey } from '../../services/traffic/service-keys.ts'
import { weightMax } from '../../services/traffic/traffic-group.ts'
import {
  changeSplit,
  getTrafficGroup,
  listTrafficGroups,
  type TrafficGroupKey,
  type TrafficGroupView,
  trafficGroupOf,
} from '../../services/traffic/traffic-groups.ts'
import type { ApiContext } from '../context.ts'
import { refuseOtherGroup, visibleWorkspaces } from '../workspace-scope.ts'
import {
  type EasCall,
  type EasOperations,
  invalid,
  list,
  missing,
  notServed,
  oneOf,
  param,
  readBody,
  readQuery,
  text,
  whole,
} from './call.ts'
import { endpointOf } from './service-view.ts'
import { keyOf } from './services.ts'
import { iso, listed, pageOfItems, paging } from './wire.ts'

/** The weight of a member that takes part and was never given one. */
const weightDefault = 100

async function releaseService({ ctx }: ApiContext, call: EasCall) {
  const { Weight, TrafficState } = readBody(call, {
    Weight: whole(-1, weightMax).optional(),
    TrafficState: oneOf('standalone', 'grouping').optional(),
  })
  if (Weight === undefined && TrafficState === undefined) throw missing('Weight', 'or TrafficState is needed')
  if (Weight === -1) throw notServed('Weight -1 is not offered:', `give a weight from 0 to ${weightMax}`)
  const service = await getService(ctx, call.actor.accountId, keyOf(call))
  const group = await trafficGroupOf(ctx, call.actor.accountId, { id: service.id })
  if (group === null) {
    throw invalid('ServiceName', `${service.name} is in no service group; deploy it with metadata.group`)
  }
  const present = group.members.find(member => member.serviceId === service.id)?.weight ?? 0
  const wanted = Weight ?? (TrafficState === 'standalone' ? 0 : present || weightDefault)
  const weight = TrafficState === 'standalone' ? 0 : wanted
  await changeSplit(ctx, call.actor, { id: group.id }, { weights: { [service.id]: weight } })
  const where = `service [${service.name}] in region [${service.regionId}]`
  return { Message: `Releasing ${where} with weight [${weight}], service status: [${service.status}]` }
}

// ── mirrors ──

async function setServiceMirror({ ctx }: ApiContext, call: EasCall, state: 'ON' | 'updating') {
  const { Ratio, Target } = readBody(call, { Ratio: whole(0, 100), Target: list.optional() })
  const present = await getMirror(ctx, call.actor.accountId, keyOf(call))
  const names = Target ?? present?.targets.map(target => target.name) ?? []
  if (Ratio > 0 && names.length === 0) throw missing('Target')
  if (names.length > mirrorTargetsMax) throw invalid('Target', `names more than ${mirrorTargetsMax} services`)
  const { regionId } = keyOf(call)
  const targets = names.map(name => ({ name, regionId }))
  await setMirror(ctx, call.actor, keyOf(call), { percent: Ratio, targets })
  const { name } = keyOf(call)
  return { Message: `Traffic mirroring is ${state} for service [${name}] in region [${regionId}], ratio [${Ratio}%]` }
}

async function describeMirror({ ctx }: ApiContext, call: EasCall) {
  const mirror = await getMirror(ctx, call.actor.accountId, keyOf(call))
  return {
    ServiceName: keyOf(call).name,
    // Texts in EAS.
    Ratio: String(mirror?.percent ?? 0),
    Target: (mirror?.targets ?? []).map(target => target.name).join(','),
  }
}

async function deleteMirror({ ctx }: ApiContext, call: EasCall) {
  await setMirror(ctx, call.actor, keyOf(call), { percent: 0, targets: [] })
  const { name, regionId } = keyOf(call)
  return { Message: `Traffic mirroring is OFF for service [${name}] in region [${regionId}]` }
}

// ── groups ──

const modes = { auto: 'auto', weighted: 'customized' } as const

const groupKeyOf = (call: EasCall): TrafficGroupKey => ({
  name: param(call, 'GroupName'),
  regionId: param(call, 'ClusterId'),
})

async function groupOf(context: ApiContext, call: EasCall, can: 'service.read' | 'service.write') {
  await refuseOtherGroup(context, call.principal, groupKeyOf(call), can)
  return getTrafficGroup(context.ctx, call.actor.accountId, groupKeyOf(call))
}

const keyFor = ({ ctx }: ApiContext, call: EasCall, id: string): Promise<string> | string =>
  may(call.principal.role, 'service.invoke') ? newestKey(ctx, call.actor.accountId, { trafficGroup: { id } }) : ''

async function viewOf(context: ApiContext, call: EasCall, group: TrafficGroupView) {
  const endpoint = endpointOf(context, group.name)
  return {
    Name: group.name,
    ClusterId: group.regionId,
    TrafficMode: modes[group.mode],
    AccessToken: await keyFor(context, call, group.id),
    InternetEndpoint: endpoint,
    IntranetEndpoint: endpoint,
    ParentUid: group.accountId,
    CallerUid: group.actor.replace(/^user:/, ''),
    CreateTime: iso(group.createdAt),
    UpdateTime: iso(group.updatedAt),
    Labels: [],
    Network: {},
    QueueService: '',
  }
}

async function listGroups(context: ApiContext, call: EasCall) {
  const query = readQuery(call, {
    ...paging,
    Filter: text.optional(),
    WorkspaceId: text.optional(),
    TrafficMode: oneOf('auto', 'customized').optional(),
  })
  const filter = { accountId: call.actor.accountId, ...(await visibleWorkspaces(context, call.principal)) }
  const found = (await listTrafficGroups(context.ctx, filter)).filter(
    group =>
      group.name.includes(query.Filter ?? '') &&
      (query.WorkspaceId === undefined || group.workspaceId === query.WorkspaceId) &&
      (query.TrafficMode === undefined || modes[group.mode] === query.TrafficMode),
  )
  const shown = await Promise.all(pageOfItems(query, found).map(group => viewOf(context, call, group)))
  return { ...listed(query, found.length), Groups: shown }
}

async function describeGroupEndpoints(context: ApiContext, call: EasCall) {
  const group = await groupOf(context, call, 'service.read')
  const endpoint = endpointOf(context, group.name)
  const url = URL.parse(endpoint)
  return {
    AccessToken: await keyFor(context, call, group.id),
    Message: '',
    Endpoints: [
      {
        ...{ EndpointType: 'DefaultGateway', BackendId: 'default', PathType: 'Group' },
        Port: Number(url?.port) || (url?.protocol === 'https:' ? 443 : 80),
        ...{ InternetEndpoints: [endpoint], IntranetEndpoints: [endpoint] },
      },
    ],
  }
}

async function updateGroup(context: ApiContext, call: EasCall) {
  const { TrafficMode } = readBody(call, { TrafficMode: oneOf('auto', 'customized').optional() })
  const group = await groupOf(context, call, 'service.write')
  if (TrafficMode === undefined) throw missing('TrafficMode', 'is all that can be changed of a group here')
  const mode = TrafficMode === 'auto' ? 'auto' : 'weighted'
  await changeSplit(context.ctx, call.actor, { id: group.id }, { mode })
  return { Message: `Group ${group.name} is split ${TrafficMode} from now on` }
}

export const trafficOperations: EasOperations = {
  ReleaseService: { can: 'service.write', handle: releaseService },
  CreateServiceMirror: { can: 'service.write', handle: (context, call) => setServiceMirror(context, call, 'ON') },
  UpdateServiceMirror: { can: 'service.write', handle: (context, call) => setServiceMirror(context, call, 'updating') },
  DescribeServiceMirror: { can: 'service.read', handle: describeMirror },
  DeleteServiceMirror: { can: 'service.write', handle: deleteMirror },
  ListGroups: { can: 'service.read', handle: listGroups },
  DescribeGroup: {
    can: 'service.read',
    handle: async (context, call) => viewOf(context, call, await groupOf(context, call, 'service.read')),
  },
  DescribeGroupEndpoints: { can: 'service.read', handle: describeGroupEndpoints },
  UpdateGroup: { can: 'service.write', handle: updateGroup },
}
