// What may be done with dedicated resource groups. Whatever adds a machine or a service to a group holds its row `for
// share` (`lockGroup`), and a delete takes it `for update` before it looks: so nothing is added to a group that goes (Q39).
import type { Ctx } from '../db/ctx.ts'
import { type Db, isUniqueViolation, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import type { ChargeType, FleetRefusal } from './machine.ts'
import {
  countGroupRows,
  findGroup,
  type GroupFilter,
  type GroupTotals,
  insertGroup,
  lockGroupRow,
  machinesRemaining,
  markDeleted,
  renameRow,
  selectGroups,
  selectLargestFree,
  selectTotals,
} from './resource-group.store.ts'
import { groupName, groupNameKey, type ResourceGroup } from './resource-group.ts'

const faults = declareFaults(
  'fleet.rename.before-commit',
  'fleet.rename.after-commit',
  'fleet.delete-group.before-commit',
  'fleet.delete-group.after-commit',
)

export interface NewGroup {
  id: string
  accountId: string
  regionId: string
  name: string
  kind: ChargeType
  /** Who: an actor's name, for the event. */
  actor: string
}

export type GroupQuery = Omit<GroupFilter, 'nameKeyPart'> & { nameContains?: string }

export interface Remaining {
  id: string
  name: string
  /** Whoever asks must not hear of it: it is counted, not named. */
  hidden?: boolean
}

const notFound = (groupId: string) =>
  new Refusal<FleetRefusal>('GroupNotFound', `there is no resource group ${groupId}`, { field: 'groupId', groupId })

const nameTaken = (name: string, field: 'name' | 'groupName') =>
  new Refusal<FleetRefusal>(
    'GroupNameTaken',
    `${field} "${name}" is taken by another group of the account: choose another`,
    { field },
  )

/** Refuses `InvalidGroupName` and `GroupNameTaken`; the transaction stays usable. */
export async function createGroup(tx: Tx, now: Temporal.Instant, wanted: NewGroup): Promise<ResourceGroup> {
  const { actor, ...rest } = wanted
  const name = groupName(wanted.name, 'groupName')
  const row = { ...rest, name, createdAt: now, updatedAt: now, deletedAt: null, generation: 1 }
  const group = await insertGroup(tx, { ...row, nameKey: groupNameKey(name) })
  if (group === null) throw nameTaken(name, 'groupName')
  await appendEvents(tx, now, [groupEvent(group, 'group.created', actor, { name, kind: group.kind })])
  return group
}

/** Refuses `InvalidGroupName` and `GroupNameTaken` as `createGroup` would now: for a quote. */
export async function checkGroupName(db: Db | Tx, accountId: string, typed: string): Promise<string> {
  const name = groupName(typed, 'groupName')
  const key = groupNameKey(name)
  const taken = await db
    .selectFrom('resourceGroups')
    .select('id')
    .where('accountId', '=', accountId)
    .where('nameKey', '=', key)
    .where('deletedAt', 'is', null)
    .executeTakeFirst()
  if (taken) throw nameTaken(name, 'groupName')
  return name
}

export async function getGroup(db: Db | Tx, accountId: string, groupId: string): Promise<ResourceGroup> {
  const group = await findGroup(db, accountId, groupId)
  if (group === null) throw notFound(groupId)
  return group
}

/** For whatever adds to a group: it can't be deleted until this transaction ends. */
export async function lockGroup(tx: Tx, accountId: string, groupId: string): Promise<ResourceGroup> {
  const group = await lockGroupRow(tx, accountId, groupId, 'share')
  if (group === null) throw notFound(groupId)
  return group
}

export async function listGroups(db: Db | Tx, query: GroupQuery): Promise<ResourceGroup[]> {
  return selectGroups(db, withNameKey(query))
}

export async function countGroups(db: Db | Tx, query: Omit<GroupQuery, 'limit'>): Promise<number> {
  return countGroupRows(db, withNameKey(query))
}

function withNameKey<Query extends { nameContains?: string }>({ nameContains, ...filter }: Query) {
  return nameContains === undefined ? filter : { ...filter, nameKeyPart: groupNameKey(nameContains) }
}

/** What each of these groups holds, in their order. */
export async function groupTotals(
  db: Db | Tx,
  groupIds: readonly string[],
  now: Temporal.Instant,
): Promise<GroupTotals[]> {
  const byId = new Map((await selectTotals(db, groupIds, now)).map(totals => [totals.groupId, totals]))
  return groupIds.flatMap(id => byId.get(id) ?? [])
}

/** By group, what the roomiest of its machines has free, each kind by itself. */
export async function largestFree(db: Db | Tx, groupIds: readonly string[], now: Temporal.Instant) {
  return new Map((await selectLargestFree(db, groupIds, now)).map(free => [free.groupId, free]))
}

/** `ifGeneration` is the caller's ETag: another's rename in between is refused (`GroupChanged`), not overwritten. */
export async function renameGroup(
  ctx: Ctx,
  actor: Actor,
  groupId: string,
  typedName: string,
  ifGeneration: number | null = null,
): Promise<ResourceGroup> {
  const name = groupName(typedName)
  const rename = async (tx: Tx): Promise<ResourceGroup> => {
    const now = ctx.clock.now()
    const before = await lockGroupRow(tx, actor.accountId, groupId, 'update')
    if (before === null) throw notFound(groupId)
    if (ifGeneration !== null && before.generation !== ifGeneration)
      throw new Refusal<FleetRefusal>('GroupChanged', `${groupId} was changed meanwhile: read it again, then rename`, {
        generation: before.generation,
        name: before.name,
      })
    if (before.name === name) return before
    const after = await renameRow(tx, { id: groupId, name, nameKey: groupNameKey(name), now })
    if (after === null) throw nameTaken(name, 'name')
    await appendEvents(tx, now, [groupEvent(after, 'group.renamed', actor.name, { from: before.name, to: name })])
    await faults.point('fleet.rename.before-commit')
    return after
  }
  try {
    const group = await transaction(ctx, rename)
    await faults.point('fleet.rename.after-commit')
    return group
  } catch (error) {
    // Two groups that take one name at the same moment: the index decides.
    throw isUniqueViolation(error, 'resource_groups_name') ? nameTaken(name, 'name') : error
  }
}

/** Refuses `GroupNotEmpty` with what remains. Names of services come from the caller: the fleet knows none. */
export async function deleteGroup(
  ctx: Ctx,
  actor: Actor,
  groupId: string,
  remainingServices: (db: Db | Tx, groupId: string) => Promise<Remaining[]>,
): Promise<void> {
  await transaction(ctx, async tx => {
    await removeGroup(tx, ctx.clock.now(), actor, groupId, remainingServices)
    await faults.point('fleet.delete-group.before-commit')
  })
  await faults.point('fleet.delete-group.after-commit')
}

/** The same inside the caller's transaction: an order that failed takes the group it made with it. */
export async function removeGroup(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  groupId: string,
  remainingServices: (db: Db | Tx, groupId: string) => Promise<Remaining[]>,
): Promise<void> {
  const group = await lockGroupRow(tx, actor.accountId, groupId, 'update')
  if (group === null) throw notFound(groupId)
  const refusal = await whyNotEmpty(tx, group, remainingServices)
  if (refusal !== null) throw refusal
  await markDeleted(tx, groupId, now)
  await appendEvents(tx, now, [groupEvent(group, 'group.deleted', actor.name, { name: group.name })])
}

export interface WhatRemains {
  machines: { id: string; phase: string }[]
  services: Remaining[]
  /** Services that the one who asks does not see. */
  otherServices: number
  /** There are more than are listed. */
  more: boolean
}

/** null, or why a group can't be deleted now, with what remains in it: also for the page that asks before. */
export async function whyNotEmpty(
  db: Db | Tx,
  group: ResourceGroup,
  remainingServices: (db: Db | Tx, groupId: string) => Promise<Remaining[]>,
): Promise<Refusal<FleetRefusal> | null> {
  const machines = await machinesRemaining(db, group.id)
  const services = await remainingServices(db, group.id)
  return machines.length > 0 || services.length > 0 ? notEmpty(group, machines, services) : null
}

const listedMax = 100

function notEmpty(group: ResourceGroup, machines: WhatRemains['machines'], services: Remaining[]) {
  const shown = services.filter(service => !service.hidden)
  const hidden = services.length - shown.length
  const what = [
    ...(machines.length > 0 ? [`machines ${preview(machines.map(machine => machine.id))}`] : []),
    ...(shown.length > 0 ? [`services ${preview(shown.map(service => service.name))}`] : []),
    ...(hidden > 0 ? [`${hidden} service${hidden === 1 ? '' : 's'} of other workspaces`] : []),
  ].join(' and ')
  const remaining: WhatRemains = {
    machines: machines.slice(0, listedMax),
    services: shown.slice(0, listedMax).map(({ id, name }) => ({ id, name })),
    otherServices: hidden,
    more: machines.length > listedMax || services.length > listedMax,
  }
  return new Refusal<FleetRefusal>('GroupNotEmpty', `${group.id} still has ${what}: delete these first`, {
    ...remaining,
  })
}

const preview = (names: string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ')

function groupEvent(group: ResourceGroup, kind: string, actor: string, data: EventData) {
  return { accountId: group.accountId, kind, subjectKind: 'group', subjectId: group.id, actor, data }
}
