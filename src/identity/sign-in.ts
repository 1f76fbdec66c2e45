// Signing in with a password, and changing one. An attempt is counted before the password is looked at, so that many at once
// get no more guesses than one after the other; whether a user is there is told neither by words nor by time.
import type { Ctx } from '../db/ctx.ts'
import { transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { type IdentityRefusal, type Principal, userDisabled } from './access.ts'
import { checkPassword, newPassword } from './password.ts'
import type { Passwords } from './passwords.ts'
import {
  endSessions,
  forgiveAttempts,
  lockAttempts,
  selectPassword,
  upsertAttempts,
  upsertPassword,
} from './session.store.ts'
import type { Visitor } from './session.ts'
import { type NewSession, startSession } from './sessions.ts'
import { addressSubject, counted, pausedUntil, userSubject } from './throttle.ts'

export interface SignIn {
  account: string
  user: string
  password: string
  visitor: Visitor
  /** The secret that the browser has from before. */
  before: string | null
}

export async function signIn(ctx: Ctx, passwords: Passwords, request: SignIn): Promise<NewSession> {
  const subjects = {
    user: userSubject(request.account, request.user),
    address: addressSubject(request.visitor.address),
  }
  await countAttempt(ctx, subjects)
  const found = await selectPassword(ctx.db, request)
  const { matches, outdated } = await passwords.verify(request.password, found?.hash ?? null)
  if (found === null || !matches) {
    throw new Refusal<IdentityRefusal>(
      'SignInFailed',
      'Account, user or password is wrong. The owner of the account can reset a password: `berth user reset-password`.',
    )
  }
  if (found.disabledAt !== null) throw userDisabled(found)
  const renewed = outdated ? await passwords.hash(request.password) : null
  const { hash, ...user } = found
  return transaction(ctx, async tx => {
    const now = ctx.clock.now()
    // Changed in the meantime: the session would outlive the password it was opened with.
    const still = await selectPassword(tx, user)
    if (still?.hash !== hash) {
      throw new Refusal<IdentityRefusal>('SignInFailed', 'The password was changed just now; sign in with the new one.')
    }
    await forgiveAttempts(tx, subjects.user, subjects.address)
    if (renewed !== null) await upsertPassword(tx, user, renewed, now)
    return startSession(
      ctx,
      tx,
      { ...user, disabledAt: still.disabledAt },
      { method: 'password', visitor: request.visitor, before: request.before },
    )
  })
}

async function countAttempt(ctx: Ctx, subjects: Record<'user' | 'address', string>): Promise<void> {
  await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const attempts = await lockAttempts(tx, Object.values(subjects))
    for (const kind of ['user', 'address'] as const) {
      const until = pausedUntil(kind, attempts.get(subjects[kind]) ?? null, now)
      if (until === null) continue
      const seconds = Math.max(1, Math.ceil(until.since(now).total('seconds')))
      throw new Refusal<IdentityRefusal>(
        'TooManyAttempts',
        `Too many attempts ${kind === 'user' ? 'for this user' : 'from this address'}; try again in ${seconds} s. Sessions that are open go on.`,
        { retryAfterSeconds: seconds },
      )
    }
    for (const kind of ['user', 'address'] as const) {
      const before = counted(kind, attempts.get(subjects[kind]) ?? null, now)
      await upsertAttempts(tx, subjects[kind], before + 1, now)
    }
  })
}

/** By the user, who knows the present one; every other session of theirs ends. */
export async function changePassword(
  ctx: Ctx,
  passwords: Passwords,
  principal: Principal,
  request: { current: string; next: string; visitor: Visitor },
): Promise<void> {
  checkPassword(request.next, principal.userName, 'next')
  await countAttempt(ctx, {
    user: `password:${principal.userId}`,
    address: addressSubject(request.visitor.address),
  })
  const found = await selectPassword(ctx.db, principal)
  const { matches } = await passwords.verify(request.current, found?.hash ?? null)
  if (!matches) {
    throw new Refusal<IdentityRefusal>('WrongPassword', 'current: this is not your password', { field: 'current' })
  }
  const hash = await passwords.hash(request.next)
  await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    await forgiveAttempts(tx, `password:${principal.userId}`, addressSubject(request.visitor.address))
    await upsertPassword(tx, principal, hash, now)
    await endSessions(tx, principal, { except: principal.sessionId }, now, 'password changed')
    await appendEvents(tx, now, [passwordEvent(principal, `user:${principal.userId}`, 'user.password_changed')])
  })
}

/** A random password, shown this once; every session of the user ends. */
export async function resetPassword(ctx: Ctx, passwords: Passwords, actor: Actor, userId: string): Promise<string> {
  const user = { accountId: actor.accountId, userId }
  const password = newPassword(ctx.random)
  const found = await selectPassword(ctx.db, user)
  if (found === null) {
    throw new Refusal<IdentityRefusal>('UserNotFound', `userId: there is no user ${userId}`, { field: 'userId' })
  }
  const hash = await passwords.hash(password)
  await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    await upsertPassword(tx, user, hash, now)
    await endSessions(tx, user, {}, now, 'password reset')
    await appendEvents(tx, now, [passwordEvent(user, actor.name, 'user.password_reset')])
  })
  return password
}

const passwordEvent = ({ accountId, userId }: { accountId: string; userId: string }, actor: string, kind: string) => ({
  ...{ accountId, kind, actor, subjectKind: 'user', subjectId: userId },
})
