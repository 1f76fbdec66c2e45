// Signing in through the identity provider: two steps of navigation, so they answer with redirects and are no operations of
// /v1's document. What is remembered between them is in a sealed cookie of ten minutes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OidcClient, OidcPending } from '../identity/oidc-client.ts'
import { signInByOidc } from '../identity/oidc-sign-in.ts'
import { Refusal } from '../lib/errors.ts'
import { noteCode, noteSignedIn, noteSignIn } from './audit-note.ts'
import { keepSession, needCookie, visitorOf } from './caller.ts'
import type { ApiContext } from './context.ts'
import { problemOf } from './problem.ts'

const beginPath = '/v1/sign-in/oidc'
export const callbackPath = '/v1/sign-in/oidc/callback'
const pendingSeconds = 600

const pendingForm = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  redirectUrl: z.string(),
  next: z.string(),
  until: z.string(),
})

export function oidcRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get(beginPath, (request, reply) => navigate(context, request, reply, () => begin(context, request, reply)))
  app.get(callbackPath, (request, reply) =>
    navigate(context, request, reply, async () => {
      noteSignIn(request, 'oidc', `GET ${callbackPath}`, '')
      return finish(context, request, reply)
    }),
  )
}

/** A refusal is shown by the sign-in page, by its code: whoever navigates reads no JSON. */
async function navigate(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  step: () => Promise<string>,
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store').header('x-request-id', request.id)
  try {
    return reply.redirect(await step(), 303)
  } catch (error) {
    const { code, status } = problemOf(error)
    noteCode(request, code)
    if (status >= 500) context.ctx.log.error({ err: error, requestId: request.id }, 'a sign-in failed')
    return reply.redirect(`/sign-in?refused=${encodeURIComponent(code)}&requestId=${request.id}`, 303)
  }
}

async function begin(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<string> {
  const cookie = needCookie(context, request, '-oidc')
  const { next } = request.query as { next?: unknown }
  const { url, pending } = await provider(context).begin(`${request.protocol}://${request.host}${callbackPath}`)
  const until = context.ctx.clock.now().add({ seconds: pendingSeconds }).toString()
  const sealed = context.box.seal(JSON.stringify({ ...pending, next: ownPath(next), until }))
  reply.setCookie(cookie.name, sealed.toString('base64url'), {
    ...{ path: cookie.path, secure: cookie.secure, httpOnly: true, maxAge: pendingSeconds },
    // The browser comes back from another site: strict would leave it at home.
    sameSite: 'lax',
  })
  return url
}

async function finish(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<string> {
  const cookie = needCookie(context, request, '-oidc')
  const pending = readPending(context, request.cookies[cookie.name])
  reply.clearCookie(cookie.name, { path: cookie.path, secure: cookie.secure })
  const identity = await provider(context).finish(pending, new URL(request.url, 'http://own').search)
  const session = needCookie(context, request)
  const before = request.cookies[session.name] ?? null
  noteSignIn(request, 'oidc', `GET ${callbackPath}`, identity.email ?? identity.subject)
  const made = await signInByOidc(context.ctx, identity, { visitor: visitorOf(request), before })
  noteSignedIn(request, { ...made.user, accessKeyId: null, sessionId: made.session.sessionId })
  keepSession(context, request, reply, made.secret)
  return pending.next
}

function readPending(context: ApiContext, sealed: string | undefined): OidcPending & { next: string } {
  let remembered: unknown
  try {
    remembered = JSON.parse(context.box.open(Buffer.from(sealed ?? '', 'base64url')))
  } catch {
    // Not one of ours: said below.
  }
  const parsed = pendingForm.safeParse(remembered)
  const now = context.ctx.clock.now()
  if (!parsed.success || Temporal.Instant.compare(now, Temporal.Instant.from(parsed.data.until)) >= 0) {
    throw new Refusal('OidcFailed', 'The sign-in was not begun in this browser, or too long ago; begin again.')
  }
  return parsed.data
}

function provider({ oidc }: ApiContext): OidcClient {
  if (oidc) return oidc
  throw new Refusal('OidcNotConfigured', 'There is no identity provider: name one under oidc in berth.yaml.')
}

/** A path of ours and nothing else: never a redirect to another site. */
export const ownPath = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}$/.test(next) ? next : '/'
