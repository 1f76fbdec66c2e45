// Who belongs to which workspace. Owners, finance and the operator see every workspace of their account; developers and viewers
// those they are members of. The account's role says the most that a user may do, the membership where, and whether as a viewer.
import type { Ctx } from '../db/ctx.ts'
import { type Db, isUniqueViolation, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import type { IdentityRefusal, Principal, Role } from './access.ts'
import { type Member, type MemberRole, namePattern, type Workspace } from './account.ts'
import { insertWorkspace, selectUsers, selectWorkspaces, updateWorkspaceName } from './identity.store.ts'
import { deleteMember, selectMembers, selectMemberships, upsertMember } from './member.store.ts'

const membersOnly = new Set<Role>(['developer', 'viewer'])
export const isMemberRole = (role: Role): role is MemberRole => membersOnly.has(role)

/** The workspaces that a user may read, or change services in; null: every one of the account. */
export async function workspacesOf(db: Db, principal: Principal, to: 'read' | 'write'): Promise<string[] | null> {
  if (!isMemberRole(principal.role)) return null
  const memberships = await selectMemberships(db, principal.accountId, principal.userId)
  return memberships.filter(one => to === 'read' || one.role === 'developer').map(one => one.workspaceId)
}

/** Those that the principal may read. */
export async function listVisibleWorkspaces(db: Db, principal: Principal): Promise<Workspace[]> {
  const workspaces = await selectWorkspaces(db, principal.accountId)
  const visible = await workspacesOf(db, principal, 'read')
  return visible === null ? workspaces : workspaces.filter(one => visible.includes(one.workspaceId))
}

export async function createWorkspace(ctx: Ctx, actor: Actor, name: string): Promise<Workspace> {
  checkWorkspaceName(name)
  return transaction(ctx, async tx => {
    const createdAt = ctx.clock.now()
    const workspace = { workspaceId: newId(ctx.random, 'ws'), accountId: actor.accountId, name, createdAt }
    const taken = (await selectWorkspaces(tx, actor.accountId)).some(one => one.name === name)
    if (taken || !(await insertWorkspace(tx, workspace))) throw workspaceNameInUse(name)
    await appendEvents(tx, createdAt, [event(actor, workspace.workspaceId, 'workspace.created', { name })])
    return workspace
  })
}

/** What is deployed there stays there: services know it by its id. */
export async function renameWorkspace(ctx: Ctx, actor: Actor, workspaceId: string, name: string): Promise<Workspace> {
  checkWorkspaceName(name)
  return transaction(ctx, async tx => {
    const before = await getWorkspace(tx, actor.accountId, workspaceId)
    if (before.name === name) return before
    const taken = (await selectWorkspaces(tx, actor.accountId)).some(one => one.name === name)
    if (taken) throw workspaceNameInUse(name)
    await updateWorkspaceName(tx, actor.accountId, workspaceId, name)
    const data: EventData = { from: before.name, to: name }
    await appendEvents(tx, ctx.clock.now(), [event(actor, workspaceId, 'workspace.renamed', data)])
    return { ...before, name }
  }).catch((error: unknown) => {
    // Two at once: the unique key decides.
    if (isUniqueViolation(error, 'workspaces_account_id_name_key')) throw workspaceNameInUse(name)
    throw error
  })
}

function checkWorkspaceName(name: string): void {
  if (namePattern.test(name)) return
  const message = 'name: use 1 to 63 lower-case letters, digits, dots, dashes and underscores, a letter or digit first'
  throw new Refusal<IdentityRefusal>('InvalidName', message, { field: 'name' })
}

const workspaceNameInUse = (name: string): Refusal<IdentityRefusal> =>
  new Refusal('NameInUse', `name: there is a workspace ${name}; choose another name`, { field: 'name' })

export async function listMembers(db: Db, principal: Principal, workspaceId: string): Promise<Member[]> {
  const visible = await listVisibleWorkspaces(db, principal)
  if (!visible.some(one => one.workspaceId === workspaceId)) throw workspaceNotFound(workspaceId)
  return selectMembers(db, principal.accountId, workspaceId)
}

/** Adds a member, or changes the role of one. */
export async function setMember(
  ctx: Ctx,
  actor: Actor,
  request: { workspaceId: string; userId: string; role: MemberRole },
): Promise<Member> {
  const { workspaceId, userId, role } = request
  return transaction(ctx, async tx => {
    await getWorkspace(tx, actor.accountId, workspaceId)
    const user = (await selectUsers(tx, actor.accountId)).find(one => one.userId === userId)
    if (!user) {
      throw new Refusal<IdentityRefusal>('UserNotFound', `userId: there is no user ${userId}`, { field: 'userId' })
    }
    if (!isMemberRole(user.role)) {
      const message = `userId: ${user.name} is ${user.role} and sees every workspace; members are developers and viewers`
      throw new Refusal<IdentityRefusal>('NotAMemberRole', message, { field: 'userId', role: user.role })
    }
    const addedAt = ctx.clock.now()
    const member = { accountId: actor.accountId, workspaceId, userId, userName: user.name, role, addedAt }
    await upsertMember(tx, member)
    await appendEvents(tx, addedAt, [event(actor, workspaceId, 'workspace.member_set', { userId, role })])
    return member
  })
}

export async function removeMember(
  ctx: Ctx,
  actor: Actor,
  { workspaceId, userId }: { workspaceId: string; userId: string },
): Promise<void> {
  await transaction(ctx, async tx => {
    await getWorkspace(tx, actor.accountId, workspaceId)
    if (!(await deleteMember(tx, actor.accountId, workspaceId, userId))) {
      const message = `userId: ${userId} is not a member of ${workspaceId}`
      throw new Refusal<IdentityRefusal>('MemberNotFound', message, { field: 'userId' })
    }
    await appendEvents(tx, ctx.clock.now(), [event(actor, workspaceId, 'workspace.member_removed', { userId })])
  })
}

/** A new developer or viewer begins in the account's first workspace. */
export async function joinFirstWorkspace(
  tx: Tx,
  user: { accountId: string; userId: string; role: Role },
  at: Temporal.Instant,
) {
  if (!isMemberRole(user.role)) return
  const [first] = (await selectWorkspaces(tx, user.accountId)).sort((a, b) =>
    Temporal.Instant.compare(a.createdAt, b.createdAt),
  )
  if (first) await upsertMember(tx, { ...user, role: user.role, workspaceId: first.workspaceId, addedAt: at })
}

async function getWorkspace(db: Db, accountId: string, workspaceId: string): Promise<Workspace> {
  const found = (await selectWorkspaces(db, accountId)).find(one => one.workspaceId === workspaceId)
  if (found) return found
  throw workspaceNotFound(workspaceId)
}

const workspaceNotFound = (workspaceId: string): Refusal<IdentityRefusal> =>
  new Refusal('WorkspaceNotFound', `workspaceId: there is no workspace ${workspaceId}`, { field: 'workspaceId' })

const event = (actor: Actor, workspaceId: string, kind: string, data: EventData) => ({
  ...{ accountId: actor.accountId, workspaceId, kind, subjectKind: 'workspace', subjectId: workspaceId },
  ...{ actor: actor.name, data },
})
