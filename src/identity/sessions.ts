// Sessions: started at a sign-in, found again by the secret of the browser, listed and ended by their user.
import type { Ctx } from '../db/ctx.ts'
import type { Db, Tx } from '../db/db.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { type IdentityRefusal, type Principal, userDisabled } from './access.ts'
import {
  deleteAttempts,
  deleteSessions,
  endSessions,
  insertSession,
  type SignInUser,
  selectSessionOf,
  selectSessions,
  touchSession,
} from './session.store.ts'
import {
  csrfOf,
  isLive,
  lifetimeHours,
  newSessionSecret,
  type Session,
  type SignInMethod,
  sessionDigest,
  sessionSecretForm,
  type Visitor,
} from './session.ts'
import { forgottenHours } from './throttle.ts'

export interface NewSession {
  session: Session
  /** For the browser's cookie; kept nowhere else. */
  secret: string
  csrf: string
  user: SignInUser
}

/** A new secret at every sign-in; the session that the browser had before ends (no fixation). */
export async function startSession(
  ctx: Ctx,
  tx: Tx,
  user: SignInUser,
  how: { method: SignInMethod; visitor: Visitor; before: string | null },
): Promise<NewSession> {
  const now = ctx.clock.now()
  if (user.disabledAt !== null) throw userDisabled(user)
  if (how.before !== null && sessionSecretForm.test(how.before)) {
    const old = await selectSessionOf(tx, sessionDigest(how.before))
    if (old) await endSessions(tx, old, { sessionId: old.sessionId }, now, 'signed in anew')
  }
  const secret = newSessionSecret(ctx.random)
  const session: Session = {
    ...{ sessionId: newId(ctx.random, 'ses'), accountId: user.accountId, userId: user.userId, method: how.method },
    ...{ createdAt: now, lastSeenAt: now, expiresAt: now.add({ hours: lifetimeHours }) },
    ...{ endedAt: null, endedBecause: null },
    ...{ address: how.visitor.address.slice(0, 100), userAgent: how.visitor.userAgent.slice(0, 300) },
  }
  await insertSession(tx, session, sessionDigest(secret))
  return { session, secret, csrf: csrfOf(secret), user }
}

/** Who holds this secret; refuses one that is unknown or over, in the same words. */
export async function whoHolds(ctx: Pick<Ctx, 'db' | 'clock'>, secret: string): Promise<Principal> {
  const now = ctx.clock.now()
  const found = sessionSecretForm.test(secret) ? await selectSessionOf(ctx.db, sessionDigest(secret)) : null
  if (found === null || !isLive(found, now) || found.disabledAt !== null) {
    throw new Refusal<IdentityRefusal>('SessionExpired', 'The session is over; sign in again.')
  }
  const minuteAgo = now.subtract({ minutes: 1 })
  if (Temporal.Instant.compare(found.lastSeenAt, minuteAgo) < 0) {
    await touchSession(ctx.db, found.sessionId, now, minuteAgo)
  }
  const { accountId, userId, userName, role, sessionId } = found
  return { accountId, userId, userName, role, accessKeyId: null, sessionId }
}

type SomeUser = Pick<Principal, 'accountId' | 'userId'>

/** Of one user, live ones, newest first. */
export async function listSessions(ctx: Pick<Ctx, 'db' | 'clock'>, user: SomeUser): Promise<Session[]> {
  const now = ctx.clock.now()
  return (await selectSessions(ctx.db, user, now)).filter(session => isLive(session, now))
}

export async function revokeSession(ctx: Pick<Ctx, 'db' | 'clock'>, user: SomeUser, sessionId: string): Promise<void> {
  const ended = await endSessions(ctx.db, user, { sessionId }, ctx.clock.now(), 'revoked')
  if (ended > 0) return
  const message = `sessionId: you have no open session ${sessionId}`
  throw new Refusal<IdentityRefusal>('SessionNotFound', message, { field: 'sessionId' })
}

/** Every session but this one; returns how many. */
export const revokeOtherSessions = (
  ctx: Pick<Ctx, 'db' | 'clock'>,
  user: SomeUser,
  keep: string | null,
): Promise<number> => endSessions(ctx.db, user, { except: keep }, ctx.clock.now(), 'revoked')

/** Ends the session that asks; without one there is nothing to end. */
export async function signOut(ctx: Pick<Ctx, 'db' | 'clock'>, principal: Principal): Promise<void> {
  if (principal.sessionId === null) return
  await endSessions(ctx.db, principal, { sessionId: principal.sessionId }, ctx.clock.now(), 'signed out')
}

/** Forgets sessions a day after their end, and failures that count no more. */
export async function purgeSessions({ db, clock }: { db: Db; clock: Ctx['clock'] }): Promise<void> {
  const now = clock.now()
  await deleteSessions(db, now.subtract({ hours: 24 }))
  await deleteAttempts(db, now.subtract({ hours: forgottenHours }))
}
