import { z } from 'zod'
import { roles } from '../../identity/access.ts'
import type { Member, User } from '../../identity/account.ts'
import { changeUser, createUser, disableUser, enableUser, listUsers } from '../../identity/accounts.ts'
import {
  createWorkspace,
  listMembers,
  listVisibleWorkspaces,
  removeMember,
  renameWorkspace,
  setMember,
} from '../../identity/members.ts'
import { resetPassword } from '../../identity/sign-in.ts'
import { userCan } from '../../identity/user.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull, refusalView } from './fields.ts'

const userId = z.string().min(1).max(100).describe('Id of the user, as `usr-…`.')
const workspaceId = z.string().min(1).max(100).describe('Id of the workspace, as `ws-…`.')
const email = z.email().max(254).describe('What an identity provider knows the user by.')
const tenantRole = z.enum(['owner', 'finance', 'developer', 'viewer'])

const PlainUserView = z.object({
  userId: z.string(),
  name: z.string(),
  role: z.enum(roles),
  email: z.string().nullable(),
  disabledAt: instant.nullable().describe('null: the user can come in.'),
  createdAt: instant,
})
export const UserView = PlainUserView.extend({
  refusals: z
    .object({ changeRole: refusalView, disable: refusalView })
    .describe('For each action, null or why it can not be done now.'),
})

const plainView = ({ createdAt, disabledAt, ...user }: User) => ({
  ...user,
  createdAt: createdAt.toString(),
  disabledAt: isoOrNull(disabledAt),
})

/** With what may be done to each by `byUserId`. */
export async function userViews({ ctx }: ApiContext, accountId: string, byUserId: string) {
  const users = await listUsers(ctx.db, accountId)
  return users.map(user => ({
    ...plainView(user),
    refusals: {
      changeRole: userCan('changeRole', user, users, byUserId),
      disable: userCan('disable', user, users, byUserId),
    },
  }))
}

export const userRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/users',
    summary: 'List users of the account',
    tag: 'account',
    can: 'user.read',
    returns: z.object({ items: z.array(UserView) }),
    handle: async (context, { principal }) => ({
      items: await userViews(context, principal.accountId, principal.userId),
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/users',
    summary: 'Create user',
    tag: 'account',
    can: 'user.write',
    status: 201,
    body: {
      name: z.string().min(1).max(100),
      role: tenantRole,
      email: email.optional(),
      withPassword: z.boolean().default(false).describe('Makes a random password to sign in with.'),
    },
    returns: PlainUserView.extend({ password: z.string().nullable().describe('Shown this once.') }),
    async handle({ ctx, passwords }, { body: { withPassword, name, role, email }, actor }) {
      const user = await createUser(ctx, actor, { name, role, email: email ?? null })
      const password = withPassword ? await resetPassword(ctx, passwords, actor, user.userId) : null
      return { ...plainView(user), password }
    },
  }),
  defineRoute({
    method: 'PATCH',
    path: '/v1/users/{userId}',
    summary: 'Change role or e-mail of a user',
    tag: 'account',
    can: 'user.write',
    params: { userId },
    body: { role: tenantRole.optional(), email: email.nullable().optional() },
    returns: PlainUserView,
    handle: async ({ ctx }, { params, body: { role, email }, actor }) =>
      plainView(
        await changeUser(ctx, actor, params.userId, {
          ...(role === undefined ? {} : { role }),
          ...(email === undefined ? {} : { email }),
        }),
      ),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/users/{userId}/disable',
    summary: 'Disable user: sessions end and access keys are refused at once; what they did stays',
    tag: 'account',
    can: 'user.write',
    params: { userId },
    returns: PlainUserView,
    handle: async ({ ctx }, { params, actor }) => plainView(await disableUser(ctx, actor, params.userId)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/users/{userId}/enable',
    summary: 'Enable user: access keys are good again as far as they have not ended',
    tag: 'account',
    can: 'user.write',
    params: { userId },
    returns: PlainUserView,
    handle: async ({ ctx }, { params, actor }) => plainView(await enableUser(ctx, actor, params.userId)),
  }),
  ...workspaceRoutes(),
  ...memberRoutes(),
]

function workspaceRoutes() {
  const WorkspaceView = z.object({ workspaceId: z.string(), name: z.string(), createdAt: instant })
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/workspaces',
      summary: 'List workspaces: an owner sees all, others those they are members of',
      tag: 'account',
      can: 'fleet.read',
      returns: z.object({ items: z.array(WorkspaceView) }),
      async handle({ ctx }, { principal }) {
        const workspaces = await listVisibleWorkspaces(ctx.db, principal)
        return { items: workspaces.map(one => ({ ...one, createdAt: one.createdAt.toString() })) }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/workspaces',
      summary: 'Create workspace',
      tag: 'account',
      can: 'user.write',
      status: 201,
      body: { name: z.string().min(1).max(100) },
      returns: WorkspaceView,
      async handle({ ctx }, { body, actor }) {
        const made = await createWorkspace(ctx, actor, body.name)
        return { ...made, createdAt: made.createdAt.toString() }
      },
    }),
    defineRoute({
      method: 'PATCH',
      path: '/v1/workspaces/{workspaceId}',
      summary: 'Rename workspace',
      tag: 'account',
      can: 'user.write',
      params: { workspaceId },
      body: { name: z.string().min(1).max(100) },
      returns: WorkspaceView,
      async handle({ ctx }, { params, body, actor }) {
        const renamed = await renameWorkspace(ctx, actor, params.workspaceId, body.name)
        return { ...renamed, createdAt: renamed.createdAt.toString() }
      },
    }),
  ]
}

function memberRoutes() {
  const memberRole = z.enum(['developer', 'viewer'])
  const MemberView = z.object({ userId: z.string(), userName: z.string(), role: memberRole, addedAt: instant })
  const memberView = ({ addedAt, ...member }: Member) => ({ ...member, addedAt: addedAt.toString() })
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/workspaces/{workspaceId}/members',
      summary: 'List members of a workspace; owners and finance, who see all, are not listed',
      tag: 'account',
      can: 'fleet.read',
      params: { workspaceId },
      returns: z.object({ items: z.array(MemberView) }),
      async handle({ ctx }, { params, principal }) {
        const members = await listMembers(ctx.db, principal, params.workspaceId)
        return { items: members.map(memberView) }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/v1/workspaces/{workspaceId}/members/{userId}',
      summary: 'Add member to a workspace, or change the role there',
      tag: 'account',
      can: 'user.write',
      params: { workspaceId, userId },
      body: { role: memberRole.describe('At most what the role in the account allows.') },
      returns: MemberView,
      handle: async ({ ctx }, { params, body, actor }) =>
        memberView(await setMember(ctx, actor, { ...params, role: body.role })),
    }),
    defineRoute({
      method: 'DELETE',
      path: '/v1/workspaces/{workspaceId}/members/{userId}',
      summary: 'Remove member from a workspace',
      tag: 'account',
      can: 'user.write',
      status: 204,
      params: { workspaceId, userId },
      returns: z.null(),
      async handle({ ctx }, { params, actor }) {
        await removeMember(ctx, actor, params)
        return null
      },
    }),
  ]
}
