// The access keys that callers of a service, or of a traffic group, send. A rotation puts a new key beside the old ones, which
// end after an overlap; a revoked key is out of the routes with the next generation, which every gateway acknowledges (Q59).
import type { Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { Refusal } from '../../lib/errors.ts'
import { newId, randomText } from '../../lib/id.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import type { ServiceKey } from '../service.store.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { appendGroupEvent, appendServiceEvent, changeTraffic, foundService, lockedService } from './change-traffic.ts'
import {
  endServiceKey,
  insertServiceKey,
  type KeyOwner,
  type ServiceKeyRow,
  selectServiceKeys,
} from './service-key.store.ts'
import { changeTrafficGroup, lockServiceRows, lockTrafficGroup, routeServices, selectMembers } from './traffic.store.ts'
import type { TrafficRefusal } from './traffic-group.ts'
import { foundTrafficGroup, type TrafficGroupKey } from './traffic-groups.ts'

/** Of which service or group. */
export type KeysOf = { service: ServiceKey } | { trafficGroup: TrafficGroupKey }

export interface ServiceKeyView {
  keyId: string
  actor: string
  createdAt: Temporal.Instant
  /** Of one that was rotated: when it ends, or ended. */
  expiresAt: Temporal.Instant | null
  endedAt: Temporal.Instant | null
  /** To the minute. */
  lastUsedAt: Temporal.Instant | null
  usable: boolean
}

export interface NewServiceKeyView {
  keyId: string
  accessKey: string
}

/** A key that nobody chose: 160 random bits; the prefix lets scanners of secrets know one. */
export async function addServiceKey(
  ctx: ServicesCtx,
  tx: Tx,
  actor: Actor,
  owner: KeyOwner,
  chosen: string | null = null,
): Promise<NewServiceKeyView> {
  const accessKey = chosen ?? `easg_${randomText(ctx.random, 32)}`
  const keyId = newId(ctx.random, 'eas-k')
  const { accountId, name } = actor
  const row = { id: keyId, accountId, owner, cipher: ctx.box.seal(accessKey), actor: name }
  await insertServiceKey(tx, ctx.clock.now(), row)
  return { keyId, accessKey }
}

/** The one that callers are told: the newest. */
export async function newestKey(ctx: Pick<ServicesCtx, 'db' | 'box'>, accountId: string, of: KeysOf): Promise<string> {
  const [newest] = await selectServiceKeys(ctx.db, accountId, await ownerOf(ctx, accountId, of), { usable: true })
  return newest ? ctx.box.open(newest.cipher) : ''
}

/** Newest first, those that have ended among them. */
export async function listServiceKeys(ctx: ServicesCtx, accountId: string, of: KeysOf): Promise<ServiceKeyView[]> {
  const now = ctx.clock.now()
  return (await selectServiceKeys(ctx.db, accountId, await ownerOf(ctx, accountId, of))).map(row => viewOf(row, now))
}

const viewOf = (row: ServiceKeyRow, now: Temporal.Instant): ServiceKeyView => {
  const { id: keyId, actor, createdAt, expiresAt, endedAt, lastUsedAt } = row
  return { keyId, actor, createdAt, expiresAt, endedAt, lastUsedAt, usable: isUsable(row, now) }
}

const isUsable = ({ endedAt, expiresAt }: ServiceKeyRow, now: Temporal.Instant): boolean =>
  endedAt === null && (expiresAt === null || Temporal.Instant.compare(now, expiresAt) < 0)

export interface Rotation {
  /** How long the present keys go on being right; 0 ends them at once. */
  overlapSeconds: number
  /** The caller's own choice of the new key. */
  accessKey?: string | null
}

export async function rotateServiceKey(
  ctx: ServicesCtx,
  actor: Actor,
  of: KeysOf,
  rotation: Rotation,
): Promise<NewServiceKeyView> {
  return changeTraffic(ctx, async (tx, now) => {
    const owner = await lockOwner(tx, actor.accountId, of)
    const made = await rotateIn(ctx, tx, actor, owner.owner, rotation)
    await route(tx, now, owner)
    const expiresAt = now.add({ seconds: rotation.overlapSeconds }).toString()
    await tell(tx, now, actor, owner, 'key_rotated', { keyId: made.keyId, expiresAt })
    return made
  })
}

/** The rotation itself, in a transaction that routes it. */
async function rotateIn(
  ctx: ServicesCtx,
  tx: Tx,
  actor: Actor,
  owner: KeyOwner,
  { overlapSeconds, accessKey = null }: Rotation,
): Promise<NewServiceKeyView> {
  const now = ctx.clock.now()
  const present = await selectServiceKeys(tx, actor.accountId, owner, { usable: true })
  const made = await addServiceKey(ctx, tx, actor, owner, accessKey)
  const endsAt = now.add({ seconds: overlapSeconds })
  for (const { id, expiresAt } of present) {
    if (overlapSeconds === 0) await endServiceKey(tx, id, { endedAt: now })
    else if (expiresAt === null || Temporal.Instant.compare(endsAt, expiresAt) < 0) {
      await endServiceKey(tx, id, { expiresAt: endsAt })
    }
  }
  return made
}

/** Revoking it again changes nothing. */
export async function revokeServiceKey(ctx: ServicesCtx, actor: Actor, of: KeysOf, keyId: string): Promise<void> {
  await changeTraffic(ctx, async (tx, now) => {
    const owner = await lockOwner(tx, actor.accountId, of)
    const keys = await selectServiceKeys(tx, actor.accountId, owner.owner)
    const key = keys.find(one => one.id === keyId)
    if (!key) {
      const message = `keyId: there is no key ${keyId} here`
      throw new Refusal<TrafficRefusal>('ServiceKeyNotFound', message, { field: 'keyId', keyId })
    }
    if (key.endedAt !== null) return
    if (!keys.some(other => other.id !== keyId && isUsable(other, now))) {
      const message = 'this is the only key: rotate it with overlapSeconds 0, which ends it at once'
      throw new Refusal<TrafficRefusal>('OnlyServiceKey', message, { field: 'keyId', keyId })
    }
    await endServiceKey(tx, keyId, { endedAt: now })
    await route(tx, now, owner)
    await tell(tx, now, actor, owner, 'key_revoked', { keyId })
  })
}

interface Locked {
  owner: KeyOwner
  id: string
  workspaceId: string
  /** Whose routes hold the keys. */
  serviceIds: string[]
}

async function ownerOf(ctx: Pick<ServicesCtx, 'db'>, accountId: string, of: KeysOf): Promise<KeyOwner> {
  if ('service' in of) return { serviceId: (await foundService(ctx, accountId, of.service)).id }
  return { trafficGroupId: (await foundTrafficGroup(ctx.db, accountId, of.trafficGroup)).id }
}

async function lockOwner(tx: Tx, accountId: string, of: KeysOf): Promise<Locked> {
  if ('service' in of) {
    const { id, workspaceId } = await lockedService(tx, accountId, of.service)
    return { owner: { serviceId: id }, id, workspaceId, serviceIds: [id] }
  }
  const { id, workspaceId } = await foundTrafficGroup(tx, accountId, of.trafficGroup)
  return { owner: { trafficGroupId: id }, id, workspaceId, serviceIds: await lockGroupAndMembers(tx, id) }
}

/** Members bear the keys of the group too. */
export async function lockGroupAndMembers(tx: Tx, groupId: string): Promise<string[]> {
  await lockTrafficGroup(tx, groupId)
  const serviceIds = (await selectMembers(tx, [groupId])).map(member => member.serviceId)
  await lockServiceRows(tx, serviceIds)
  return serviceIds
}

async function route(tx: Tx, now: Temporal.Instant, { owner, serviceIds }: Locked): Promise<void> {
  const routeGeneration = await bumpRoutes(tx)
  await routeServices(tx, serviceIds, routeGeneration)
  if ('trafficGroupId' in owner) await changeTrafficGroup(tx, now, owner.trafficGroupId, { routeGeneration })
}

const tell = (
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  { owner, ...subject }: Locked,
  what: 'key_rotated' | 'key_revoked',
  data: EventData,
): Promise<void> =>
  'serviceId' in owner
    ? appendServiceEvent(tx, now, actor, subject, `service.${what}`, data)
    : appendGroupEvent(tx, now, actor, subject, `traffic_group.${what}`, data)
