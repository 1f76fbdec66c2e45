import { z } from 'zod'
import type { Principal } from '../../identity/access.ts'
import { actions, may, roles } from '../../identity/access.ts'
import { getAccount } from '../../identity/accounts.ts'
import { lifetimeHours } from '../../identity/session.ts'
import { listSessions, revokeOtherSessions, revokeSession, signOut } from '../../identity/sessions.ts'
import { changePassword, resetPassword, signIn } from '../../identity/sign-in.ts'
import { noteSignedIn, noteSignIn } from '../audit-note.ts'
import { needCookie } from '../caller.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { accountId, instant } from './fields.ts'

const sessionId = z.string().min(1).max(100).describe('Id of the session, as `ses-…`.')
const password = z.string().max(1_000)

const SignedInView = z.object({
  accountId,
  accountName: z.string(),
  userId: z.string(),
  userName: z.string(),
  role: z.enum(roles),
  sessionId: sessionId.nullable().describe('null: the request was signed with an access key.'),
  may: z.array(z.enum(actions)).describe('What the role allows; an operation names what it needs as `x-berth-can`.'),
  csrf: z.string().nullable().describe('To be sent as `x-berth-csrf` with every write by cookie.'),
})

async function signedInView({ ctx }: ApiContext, principal: Principal, csrf: string | null) {
  const { accountId, userId, userName, role, sessionId } = principal
  const { name } = await getAccount(ctx.db, { accountId })
  return {
    ...{ accountId, accountName: name, userId, userName, role, sessionId, csrf },
    may: actions.filter(action => may(role, action)),
  }
}

export const signInRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/sign-in',
    summary: 'Say how one can sign in here',
    tag: 'session',
    can: 'anyone',
    returns: z.object({
      password: z.boolean(),
      oidc: z.boolean().describe('Through an identity provider: go to /v1/sign-in/oidc?next=/…'),
    }),
    handle: async ({ oidc }) => ({ password: true, oidc: oidc !== null }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/sign-in',
    summary: 'Sign in with a password: the answer sets the cookie of a new session',
    tag: 'session',
    can: 'anyone',
    body: {
      account: z.string().min(1).max(100).describe('Name of the account.'),
      user: z.string().min(1).max(100).describe('Name of the user.'),
      password: password.min(1),
    },
    returns: SignedInView,
    async handle(context, { body, visit, request }) {
      needCookie(context, request)
      noteSignIn(request, 'password', 'POST /v1/sign-in', `${body.account}/${body.user}`)
      const before = visit.sessionSecret
      const made = await signIn(context.ctx, context.passwords, { ...body, visitor: visit, before })
      const principal = { ...made.user, accessKeyId: null, sessionId: made.session.sessionId }
      noteSignedIn(request, principal)
      visit.keepSession(made.secret)
      return signedInView(context, principal, made.csrf)
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/sign-out',
    summary: 'Sign out: the session that asks ends',
    tag: 'session',
    can: 'self.manage',
    status: 204,
    returns: z.null(),
    async handle({ ctx }, { principal, visit }) {
      await signOut(ctx, principal)
      visit.forgetSession()
      return null
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/session',
    summary: 'Say who is signed in, with what a write by cookie must send',
    tag: 'session',
    can: 'self.manage',
    returns: SignedInView,
    handle: (context, { principal, visit }) => signedInView(context, principal, visit.csrf),
  }),
  ...sessionRoutes(),
  ...passwordRoutes(),
]

function sessionRoutes() {
  const SessionView = z.object({
    sessionId,
    current: z.boolean().describe('The one that asks.'),
    method: z.enum(['password', 'oidc']),
    createdAt: instant,
    lastSeenAt: instant,
    expiresAt: instant.describe(`At the latest, ${lifetimeHours / 24} days after the sign-in.`),
    address: z.string(),
    userAgent: z.string(),
  })
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/sessions',
      summary: 'List your open sessions, newest first',
      tag: 'session',
      can: 'self.manage',
      returns: z.object({ items: z.array(SessionView) }),
      async handle({ ctx }, { principal }) {
        const sessions = await listSessions(ctx, principal)
        return {
          items: sessions.map(session => ({
            ...session,
            current: session.sessionId === principal.sessionId,
            createdAt: session.createdAt.toString(),
            lastSeenAt: session.lastSeenAt.toString(),
            expiresAt: session.expiresAt.toString(),
          })),
        }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{sessionId}/revoke',
      summary: 'Revoke one of your sessions at once',
      tag: 'session',
      can: 'self.manage',
      status: 204,
      params: { sessionId },
      returns: z.null(),
      async handle({ ctx }, { params, principal }) {
        await revokeSession(ctx, principal, params.sessionId)
        return null
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/sessions/revoke-others',
      summary: 'Revoke every session of yours but the one that asks',
      tag: 'session',
      can: 'self.manage',
      returns: z.object({ revoked: z.number().int() }),
      handle: async ({ ctx }, { principal }) => ({
        revoked: await revokeOtherSessions(ctx, principal, principal.sessionId),
      }),
    }),
  ]
}

function passwordRoutes() {
  return [
    defineRoute({
      method: 'PUT',
      path: '/v1/password',
      summary: 'Change your password: your other sessions end',
      tag: 'session',
      can: 'self.manage',
      status: 204,
      body: { current: password, next: password.describe('12 to 200 characters.') },
      returns: z.null(),
      async handle({ ctx, passwords }, { body, principal, visit }) {
        await changePassword(ctx, passwords, principal, { ...body, visitor: visit })
        return null
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/users/{userId}/reset-password',
      summary: 'Reset the password of a user to a random one: their sessions end',
      tag: 'account',
      can: 'user.write',
      params: { userId: z.string().min(1).max(100) },
      returns: z.object({ userId: z.string(), password: z.string().describe('Shown this once.') }),
      handle: async ({ ctx, passwords }, { params, actor }) => ({
        userId: params.userId,
        password: await resetPassword(ctx, passwords, actor, params.userId),
      }),
    }),
  ]
}
