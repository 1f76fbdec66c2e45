// Making, rotating and revoking access keys. Rotation leaves the old key for a stated while, so that callers can change
// over without a gap (Q59).
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { randomText } from '../lib/id.ts'
import { actorOf, authorize, type IdentityRefusal, may, type Principal } from './access.ts'
import { type AccessKey, isUsable, type NewAccessKey } from './access-key.ts'
import { endAccessKey, insertAccessKey, selectAccessKeys, selectUsers } from './identity.store.ts'
import type { SecretBox } from './secret-box.ts'

/** Whose keys the principal may end and make: null is everybody's in the account, else their own alone. */
const keysOf = (principal: Principal): string | null => (may(principal.role, 'user.write') ? null : principal.userId)

/** For oneself, or by an owner for anybody in the account. */
export async function createAccessKeyAs(
  ctx: Ctx,
  box: SecretBox,
  principal: Principal,
  userId: string,
): Promise<NewAccessKey> {
  if (userId !== principal.userId) authorize(principal, 'user.write')
  return createAccessKey(ctx, box, actorOf(principal), { userId })
}

export async function createAccessKey(
  ctx: Ctx,
  box: SecretBox,
  actor: Actor,
  { userId, expiresAt = null }: { userId: string; expiresAt?: Temporal.Instant | null },
): Promise<NewAccessKey> {
  return transaction(ctx, async tx => {
    const users = await selectUsers(tx, actor.accountId)
    if (users.every(user => user.userId !== userId)) {
      throw new Refusal<IdentityRefusal>('UserNotFound', `userId: there is no user ${userId}`, { field: 'userId' })
    }
    return addAccessKey(ctx, box, tx, actor, { userId, expiresAt })
  })
}

export async function addAccessKey(
  ctx: Ctx,
  box: SecretBox,
  tx: Tx,
  actor: Actor,
  { userId, expiresAt }: { userId: string; expiresAt: Temporal.Instant | null },
): Promise<NewAccessKey> {
  const accessKeyId = `LTAI${randomText(ctx.random, 20)}`
  const secret = randomText(ctx.random, 32)
  const now = ctx.clock.now()
  const row: Omit<AccessKey, 'userName'> = {
    accessKeyId,
    accountId: actor.accountId,
    userId,
    createdAt: now,
    expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  }
  await insertAccessKey(tx, row, box.seal(secret))
  await appendEvents(tx, now, [keyEvent(actor, 'access_key.created', accessKeyId, { userId })])
  return { accessKeyId, secret, userId, expiresAt }
}

/** A new key for the same user; the old one ends after `overlapSeconds`. */
export async function rotateAccessKey(
  ctx: Ctx,
  box: SecretBox,
  principal: Principal,
  accessKeyId: string,
  { overlapSeconds }: { overlapSeconds: number },
): Promise<NewAccessKey> {
  return transaction(ctx, async tx => {
    const actor = actorOf(principal)
    const old = await getAccessKey(tx, principal, accessKeyId)
    const now = ctx.clock.now()
    if (!isUsable(old, now)) throw notFound(accessKeyId)
    const made = await addAccessKey(ctx, box, tx, actor, { userId: old.userId, expiresAt: null })
    const expiresAt = now.add({ seconds: overlapSeconds })
    await endAccessKey(tx, old, { expiresAt })
    const data: EventData = { replacedBy: made.accessKeyId, expiresAt: expiresAt.toString() }
    await appendEvents(tx, now, [keyEvent(actor, 'access_key.rotated', accessKeyId, data)])
    return made
  })
}

/** Ends a key at once. Revoking it again changes nothing. */
export async function revokeAccessKey(ctx: Ctx, principal: Principal, accessKeyId: string): Promise<void> {
  await transaction(ctx, async tx => {
    const key = await getAccessKey(tx, principal, accessKeyId)
    if (key.revokedAt !== null) return
    const now = ctx.clock.now()
    await endAccessKey(tx, key, { revokedAt: now })
    await appendEvents(tx, now, [keyEvent(actorOf(principal), 'access_key.revoked', accessKeyId)])
  })
}

/** Without secrets: one's own, or to who may read users those of the whole account. */
export const listAccessKeys = (db: Db, { accountId, userId, role }: Principal): Promise<AccessKey[]> =>
  selectAccessKeys(db, accountId, may(role, 'user.read') ? {} : { userId })

/** null: the key can still be rotated and revoked. */
export const accessKeyRefusal = (key: AccessKey, now: Temporal.Instant): { code: string; message: string } | null => {
  if (isUsable(key, now)) return null
  const { code, message } = notFound(key.accessKeyId)
  return { code, message }
}

/** To who may not touch it, another's key is not there. */
async function getAccessKey(db: Db, principal: Principal, accessKeyId: string): Promise<AccessKey> {
  const [key] = await selectAccessKeys(db, principal.accountId, { accessKeyId })
  const only = keysOf(principal)
  if (key && (only === null || key.userId === only)) return key
  throw notFound(accessKeyId)
}

const notFound = (accessKeyId: string): Refusal<IdentityRefusal> =>
  new Refusal('AccessKeyNotFound', `accessKeyId: there is no key ${accessKeyId} in use`, { field: 'accessKeyId' })

const keyEvent = (actor: Actor, kind: string, subjectId: string, data: EventData = {}) => ({
  accountId: actor.accountId,
  kind,
  subjectKind: 'access_key',
  subjectId,
  actor: actor.name,
  data,
})
