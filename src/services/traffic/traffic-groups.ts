// Traffic groups as callers see them, and what people may do with them. A group comes with its first member, which takes all
// its requests; who joins later begins with none (EAS's canary). It goes with its last member.
import { type Db, isUniqueViolation, type Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { Refusal } from '../../lib/errors.ts'
import { newId } from '../../lib/id.ts'
import type { RouteSplit } from '../routes/route.ts'
import { bumpRoutes, liveGateways } from '../routes/routes.store.ts'
import { isServiceNameTaken, type ServiceKey } from '../service.store.ts'
import { selectLive } from '../service-instance.store.ts'
import { isRouted } from '../service-instance.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { appendGroupEvent, appendServiceEvent, changeTraffic, foundService, lockedService } from './change-traffic.ts'
import { addServiceKey } from './service-keys.ts'
import {
  changeTrafficGroup,
  deleteMember,
  findTrafficGroup,
  insertMember,
  insertTrafficGroup,
  lockTrafficGroup,
  type Membership,
  routeServices,
  selectMembers,
  selectMemberships,
  selectTrafficGroups,
  setMemberWeights,
  type TrafficGroupFilter,
  type TrafficGroupKey,
  type TrafficGroupRow,
} from './traffic.store.ts'
import {
  type Member,
  type PlannedSplit,
  planSplit,
  type Share,
  type SplitChange,
  sharesOf,
  type TrafficRefusal,
} from './traffic-group.ts'

export type { TrafficGroupKey }

export interface TrafficGroupView {
  id: string
  accountId: string
  workspaceId: string
  regionId: string
  name: string
  mode: RouteSplit['mode']
  members: Share[]
  /** A switch back restores these. */
  weightsBefore: Record<string, number> | null
  /** How many of the gateways obey its last change. */
  gateways: { live: number; acknowledged: number }
  actor: string
  createdAt: Temporal.Instant
  updatedAt: Temporal.Instant
}

export async function foundTrafficGroup(
  db: Db | Tx,
  accountId: string,
  key: TrafficGroupKey,
): Promise<TrafficGroupRow> {
  const row = await findTrafficGroup(db, accountId, key)
  if (row) return row
  throw trafficGroupNotFound(key)
}

export function trafficGroupNotFound(key: TrafficGroupKey): Refusal {
  const name = 'id' in key ? key.id : key.name
  const message = `there is no traffic group ${name}`
  return new Refusal<TrafficRefusal>('TrafficGroupNotFound', message, { field: 'trafficGroup', trafficGroup: name })
}

/** null: there is none. */
export async function workspaceOfGroup(db: Db, accountId: string, key: TrafficGroupKey): Promise<string | null> {
  return (await findTrafficGroup(db, accountId, key))?.workspaceId ?? null
}

export async function listTrafficGroups(ctx: ServicesCtx, filter: TrafficGroupFilter): Promise<TrafficGroupView[]> {
  return viewsOf(ctx, await selectTrafficGroups(ctx.db, filter))
}

export async function getTrafficGroup(
  ctx: ServicesCtx,
  accountId: string,
  key: TrafficGroupKey,
): Promise<TrafficGroupView> {
  const [view] = await viewsOf(ctx, [await foundTrafficGroup(ctx.db, accountId, key)])
  return view as TrafficGroupView
}

/** In which group each of these is, and with which weight; those in none are left out. */
export async function membershipsOf(db: Db, serviceIds: readonly string[]): Promise<Map<string, Membership>> {
  return new Map((await selectMemberships(db, serviceIds)).map(one => [one.serviceId, one]))
}

/** The group that a service is in; null: none. */
export async function trafficGroupOf(
  ctx: ServicesCtx,
  accountId: string,
  key: ServiceKey,
): Promise<TrafficGroupView | null> {
  const id = await trafficGroupIdOf(ctx, accountId, key)
  return id === null ? null : getTrafficGroup(ctx, accountId, { id })
}

/** What one service gets of the requests to its group. */
export interface ShareChange {
  trafficGroup: string
  sharePercent: number
  sharePercentAfter: number
  /** Somebody answers the group now, and nobody will. */
  endsGroup: boolean
}

/** Once so many of its instances are in the routes; null: it is in no group. */
export async function shareAfter(
  db: Db | Tx,
  { id, accountId }: { id: string; accountId: string },
  running: number,
): Promise<ShareChange | null> {
  const [membership] = await selectMemberships(db, [id])
  if (!membership) return null
  const group = await foundTrafficGroup(db, accountId, { id: membership.groupId })
  const members = await membersOf(db, [group])
  const before = sharesOf(group.mode, members)
  const after = sharesOf(
    group.mode,
    members.map(member => (member.serviceId === id ? { ...member, running } : member)),
  )
  const percentOf = (shares: readonly Share[]) => shares.find(one => one.serviceId === id)?.sharePercent ?? 0
  const isServed = (shares: readonly Share[]) => shares.some(one => one.sharePercent > 0)
  return {
    ...{ trafficGroup: group.name, sharePercent: percentOf(before), sharePercentAfter: percentOf(after) },
    endsGroup: isServed(before) && !isServed(after),
  }
}

async function trafficGroupIdOf(ctx: ServicesCtx, accountId: string, key: ServiceKey): Promise<string | null> {
  const { id } = await foundService(ctx, accountId, key)
  return (await selectMemberships(ctx.db, [id]))[0]?.groupId ?? null
}

async function viewsOf(ctx: ServicesCtx, rows: readonly TrafficGroupRow[]): Promise<TrafficGroupView[]> {
  const members = Map.groupBy(await membersOf(ctx.db, rows), member => member.groupId)
  const live = rows.length === 0 ? [] : await liveGateways(ctx.db, ctx.clock.now())
  return rows.map(({ deletedAt: _, routeGeneration, ...row }) => ({
    ...row,
    members: sharesOf(
      row.mode,
      (members.get(row.id) ?? []).map(({ groupId: __, ...member }) => member),
    ),
    gateways: {
      live: live.length,
      acknowledged: live.filter(gateway => gateway.acknowledgedGeneration >= routeGeneration).length,
    },
  }))
}

async function membersOf(
  db: Db | Tx,
  groups: readonly Pick<TrafficGroupRow, 'id'>[],
): Promise<(Member & { groupId: string })[]> {
  const rows = await selectMembers(
    db,
    groups.map(group => group.id),
  )
  const live = await selectLive(
    db,
    rows.map(row => row.serviceId),
  )
  const running = Map.groupBy(live.filter(isRouted), instance => instance.serviceId)
  return rows.map(row => ({ ...row, running: running.get(row.serviceId)?.length ?? 0 }))
}

/** Puts a service into the group of this name, which is made if there is none; in the transaction of its caller. */
export async function joinIn(
  ctx: ServicesCtx,
  tx: Tx,
  actor: Actor,
  service: { id: string; workspaceId: string; regionId: string; name: string },
  groupName: string,
): Promise<void> {
  const { accountId } = actor
  const { id: serviceId, workspaceId, regionId } = service
  const now = ctx.clock.now()
  const present = await findTrafficGroup(tx, accountId, { name: groupName, regionId })
  if (present && present.workspaceId !== workspaceId) {
    const message = `metadata.group: the traffic group ${groupName} is of another workspace; choose another name`
    throw new Refusal<TrafficRefusal>('TrafficGroupNameTaken', message, { field: 'metadata.group' })
  }
  if (!present && (await isServiceNameTaken(tx, { accountId, regionId, name: groupName }))) {
    const message = `metadata.group: a service is called ${groupName}; a traffic group needs a name of its own`
    throw new Refusal<TrafficRefusal>('TrafficGroupNameTaken', message, { field: 'metadata.group' })
  }
  const groupId = present?.id ?? newId(ctx.random, 'eas-tg')
  if (present) await lockTrafficGroup(tx, groupId)
  const routeGeneration = await bumpRoutes(tx)
  if (present) await changeTrafficGroup(tx, now, groupId, { routeGeneration })
  else {
    const row = { id: groupId, accountId, workspaceId, regionId, name: groupName, routeGeneration, actor: actor.name }
    await insertTrafficGroup(tx, now, row)
    await addServiceKey(ctx, tx, actor, { trafficGroupId: groupId })
    await appendGroupEvent(tx, now, actor, row, 'traffic_group.created', { name: groupName })
  }
  const weight = (await selectMembers(tx, [groupId])).length === 0 ? 100 : 0
  await insertMember(tx, { serviceId, accountId, groupId, weight })
  await routeServices(tx, [serviceId], routeGeneration)
  await appendServiceEvent(tx, now, actor, service, 'service.joined_group', { trafficGroup: groupName, weight })
}

/** One name, one kind: who calls `/api/predict/<name>` must know what answers. */
export async function refuseGroupsName(
  tx: Tx,
  { accountId, regionId, name }: { accountId: string; regionId: string; name: string },
): Promise<void> {
  if ((await findTrafficGroup(tx, accountId, { name, regionId })) === null) return
  const message = `metadata.name: a traffic group is called ${name}; a service needs a name of its own`
  throw new Refusal<TrafficRefusal>('TrafficGroupNameTaken', message, { field: 'metadata.name' })
}

export async function joinTrafficGroup(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  groupName: string,
): Promise<void> {
  try {
    await changeTraffic(ctx, async tx => {
      const row = await lockedService(tx, actor.accountId, key)
      const [membership] = await selectMemberships(tx, [row.id])
      if (membership) {
        const present = await foundTrafficGroup(tx, actor.accountId, { id: membership.groupId })
        if (present.name === groupName) return
        const message = `${row.name} is in the traffic group ${present.name}: take it out of that one first`
        throw new Refusal<TrafficRefusal>('AlreadyInTrafficGroup', message, { field: 'group' })
      }
      await joinIn(ctx, tx, actor, row, groupName)
    })
  } catch (error) {
    // Made by somebody else in the same moment: it is there now.
    if (!isUniqueViolation(error, 'traffic_groups_name')) throw error
    await joinTrafficGroup(ctx, actor, key, groupName)
  }
}

/** Out of its group; what it got there goes to the others. Its own name and keys stay as they are. */
export async function leaveTrafficGroup(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<void> {
  await changeTraffic(ctx, async (tx, now) => {
    // The group's row first, as everybody who takes both does.
    const present = await trafficGroupIdOf(ctx, actor.accountId, key)
    if (present === null) return
    await lockTrafficGroup(tx, present)
    const row = await lockedService(tx, actor.accountId, key)
    const [membership] = await selectMemberships(tx, [row.id])
    if (membership?.groupId !== present) return
    const group = await foundTrafficGroup(tx, actor.accountId, { id: present })
    await deleteMember(tx, row.id)
    const last = (await selectMembers(tx, [group.id])).length === 0
    const routeGeneration = await bumpRoutes(tx)
    await routeServices(tx, [row.id], routeGeneration)
    await changeTrafficGroup(tx, now, group.id, { routeGeneration, ...(last ? { deletedAt: now } : {}) })
    await appendServiceEvent(tx, now, actor, row, 'service.left_group', { trafficGroup: group.name })
    if (last) await appendGroupEvent(tx, now, actor, group, 'traffic_group.deleted', { name: group.name })
  })
}

/** What a change would do, by the code that does it; nothing is changed. */
export async function previewSplit(
  ctx: ServicesCtx,
  accountId: string,
  key: TrafficGroupKey,
  change: SplitChange,
): Promise<PlannedSplit> {
  const group = await foundTrafficGroup(ctx.db, accountId, key)
  return planSplit(group.mode, await membersOf(ctx.db, [group]), change)
}

/** Weights, or a switch of everything to one member: one route generation, so no request is split by half of a change. */
export async function changeSplit(
  ctx: ServicesCtx,
  actor: Actor,
  key: TrafficGroupKey,
  change: SplitChange | 'back',
): Promise<TrafficGroupView> {
  const { id } = await foundTrafficGroup(ctx.db, actor.accountId, key)
  await changeTraffic(ctx, async (tx, now) => {
    await lockTrafficGroup(tx, id)
    const group = await foundTrafficGroup(tx, actor.accountId, { id })
    const members = await membersOf(tx, [group])
    const planned = planSplit(group.mode, members, change === 'back' ? backOf(group, members) : change)
    if (!planned.changed) return
    refuseUnserved(group, planned)
    const weightsBefore = weightsOf(planned.before)
    await setMemberWeights(tx, planned.after)
    const routeGeneration = await bumpRoutes(tx)
    await changeTrafficGroup(tx, now, id, { mode: planned.mode, weightsBefore, routeGeneration })
    const data: EventData = {
      mode: planned.mode,
      weights: namedWeights(planned.after),
      weightsBefore: namedWeights(planned.before),
    }
    await appendGroupEvent(tx, now, actor, group, 'traffic_group.split_changed', data)
  })
  return getTrafficGroup(ctx, actor.accountId, { id })
}

const weightsOf = (members: readonly Share[]): Record<string, number> =>
  Object.fromEntries(members.map(member => [member.serviceId, member.weight]))

const namedWeights = (members: readonly Share[]): string[] => members.map(({ name, weight }) => `${name} ${weight}`)

/** Members that have gone since are left out, those that have come keep what they have. */
function backOf({ name, weightsBefore }: TrafficGroupRow, members: readonly Member[]): SplitChange {
  const known = Object.entries(weightsBefore ?? {}).filter(([id]) => members.some(member => member.serviceId === id))
  if (known.length > 0) return { weights: Object.fromEntries(known) }
  throw new Refusal<TrafficRefusal>('NothingToSwitchBack', `the weights of ${name} were never changed`, {
    field: 'trafficGroup',
  })
}

function refuseUnserved({ name }: TrafficGroupRow, { before, after, unserved }: PlannedSplit): void {
  if (!unserved || before.every(member => member.sharePercent === 0)) return
  const taking = after.filter(member => member.weight > 0).map(member => member.name)
  const message =
    taking.length === 0
      ? `${name} would have nobody to take its requests: leave one member a weight`
      : `${name} would be answered by nobody: ${taking.join(', ')} has no instance that serves now; wait until it has`
  throw new Refusal<TrafficRefusal>('TrafficGroupUnserved', message, { field: 'weights', members: taking })
}
