// Accounts, users and workspaces: what callers may do with them.
import type { Ctx } from '../db/ctx.ts'
import { type Db, isUniqueViolation, lockInTransaction, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { type IdentityRefusal, type Role, roles, userIdOf } from './access.ts'
import { type Account, defaultWorkspaceName, namePattern, type User, type Workspace } from './account.ts'
import {
  insertAccount,
  insertUser,
  insertWorkspace,
  selectAccount,
  selectAccounts,
  selectUsers,
  selectWorkspaces,
  updateUser,
} from './identity.store.ts'
import { joinFirstWorkspace } from './members.ts'
import { endSessions } from './session.store.ts'
import { type UserAction, userCan } from './user.ts'

export const accountNameInUse = (name: string): Refusal<IdentityRefusal> =>
  new Refusal('NameInUse', `name: there is an account ${name}; choose another name`, { field: 'name' })

/** null: the name is taken. */
export async function addAccount(ctx: Ctx, tx: Tx, actor: string, name: string): Promise<Account | null> {
  const createdAt = ctx.clock.now()
  const account = { accountId: newId(ctx.random, 'acc'), name, createdAt }
  if (!(await insertAccount(tx, account))) return null
  const { accountId } = account
  const workspaceId = newId(ctx.random, 'ws')
  await insertWorkspace(tx, { workspaceId, accountId, name: defaultWorkspaceName, createdAt })
  await appendEvents(tx, createdAt, [
    { accountId, kind: 'account.created', subjectKind: 'account', subjectId: accountId, actor, data: { name } },
    { accountId, workspaceId, kind: 'workspace.created', subjectKind: 'workspace', subjectId: workspaceId, actor },
  ])
  return account
}

export interface NewUser {
  name: string
  role: Role
  email?: string | null
}

export async function createUser(ctx: Ctx, actor: Actor, request: NewUser): Promise<User> {
  checkName(request.name)
  if (!roles.includes(request.role)) {
    throw new Refusal<IdentityRefusal>('InvalidName', `role: choose one of ${roles.join(', ')}`, { field: 'role' })
  }
  return refusingTakenEmail(() =>
    transaction(ctx, async tx => {
      const user = await addUser(ctx, tx, actor, request)
      if (user) return user
      throw new Refusal<IdentityRefusal>('NameInUse', `name: there is a user ${request.name}; choose another name`, {
        field: 'name',
      })
    }),
  )
}

/** null: the name is taken. */
export async function addUser(
  ctx: Ctx,
  tx: Tx,
  actor: Actor,
  { name, role, email = null }: NewUser,
): Promise<User | null> {
  const { accountId } = actor
  const user = {
    ...{ userId: newId(ctx.random, 'usr'), accountId, name, role, email },
    ...{ disabledAt: null, createdAt: ctx.clock.now() },
  }
  if (!(await insertUser(tx, user))) return null
  await joinFirstWorkspace(tx, user, user.createdAt)
  await appendEvents(tx, user.createdAt, [userEvent(actor, user, 'user.created', { name, role })])
  return user
}

/** What was not named stays. A changed role counts from the user's next request on. */
export async function changeUser(
  ctx: Ctx,
  actor: Actor,
  userId: string,
  wanted: { role?: Role; email?: string | null },
): Promise<User> {
  return refusingTakenEmail(() =>
    changeOne(ctx, actor, userId, (before, users) => {
      const user: User = { ...before, ...wanted }
      if (user.role !== before.role) refuseUnless('changeRole', before, users, actor)
      const { role, email } = user
      return { user, kind: 'user.changed', data: { role, email } }
    }),
  )
}

/** Their sessions end and their keys are refused from the next request on; what they did stays theirs. Safe to repeat. */
export async function disableUser(ctx: Ctx, actor: Actor, userId: string): Promise<User> {
  return changeOne(ctx, actor, userId, (before, users) => {
    if (before.disabledAt !== null) return null
    refuseUnless('disable', before, users, actor)
    return { user: { ...before, disabledAt: ctx.clock.now() }, kind: 'user.disabled', data: {}, endsSessions: true }
  })
}

/** The keys are good again as far as they have not ended; the user signs in anew. Safe to repeat. */
export async function enableUser(ctx: Ctx, actor: Actor, userId: string): Promise<User> {
  return changeOne(ctx, actor, userId, before =>
    before.disabledAt === null ? null : { user: { ...before, disabledAt: null }, kind: 'user.enabled', data: {} },
  )
}

interface UserChange {
  user: User
  kind: string
  data: EventData
  endsSessions?: boolean
}

/** One at a time in an account: else two owners could disable each other. null: nothing has to change. */
async function changeOne(
  ctx: Ctx,
  actor: Actor,
  userId: string,
  decide: (before: User, users: readonly User[]) => UserChange | null,
): Promise<User> {
  return transaction(ctx, async tx => {
    await lockInTransaction(tx, `users of ${actor.accountId}`)
    const users = await selectUsers(tx, actor.accountId)
    const before = users.find(one => one.userId === userId)
    if (!before) throw userNotFound(userId)
    const change = decide(before, users)
    if (change === null) return before
    const now = ctx.clock.now()
    await updateUser(tx, change.user)
    if (change.endsSessions) await endSessions(tx, before, {}, now, 'user disabled')
    await appendEvents(tx, now, [userEvent(actor, change.user, change.kind, change.data)])
    return change.user
  })
}

function refuseUnless(action: UserAction, user: User, users: readonly User[], actor: Actor): void {
  const refusal = userCan(action, user, users, userIdOf(actor) ?? '')
  if (refusal === null) return
  const field = action === 'changeRole' ? 'role' : 'userId'
  throw new Refusal<IdentityRefusal>(refusal.code, refusal.message, { field })
}

export const userNotFound = (userId: string): Refusal<IdentityRefusal> =>
  new Refusal('UserNotFound', `userId: there is no user ${userId}`, { field: 'userId' })

async function refusingTakenEmail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueViolation(error, 'users_email')) throw error
    const message = 'email: another user of this installation has this e-mail'
    throw new Refusal<IdentityRefusal>('EmailInUse', message, { field: 'email' })
  }
}

const userEvent = (actor: Actor, { accountId, userId }: User, kind: string, data: EventData) => ({
  ...{ accountId, kind, subjectKind: 'user', subjectId: userId, actor: actor.name, data },
})

export function checkName(name: string, field: 'name' | 'ownerName' = 'name'): void {
  if (namePattern.test(name)) return
  throw new Refusal<IdentityRefusal>(
    'InvalidName',
    `${field}: use 1 to 63 lower-case letters, digits, dots, dashes and underscores, a letter or digit first`,
    { field },
  )
}

export const listAccounts = (db: Db): Promise<Account[]> => selectAccounts(db)
export const listUsers = (db: Db, accountId: string): Promise<User[]> => selectUsers(db, accountId)
export const listWorkspaces = (db: Db, accountId: string): Promise<Workspace[]> => selectWorkspaces(db, accountId)

/** By id or by name; refuses what is not there. */
export async function getAccount(db: Db, by: { name: string } | { accountId: string }): Promise<Account> {
  const account = await selectAccount(db, by)
  if (account) return account
  const [field, given] = 'name' in by ? ['account', by.name] : ['accountId', by.accountId]
  throw new Refusal<IdentityRefusal>('AccountNotFound', `${field}: there is no account ${given}`, { field })
}
