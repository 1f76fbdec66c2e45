// Who sends a request: a signature or the cookie of a session, never both. A browser sends its cookie by itself, also when a
// page of another site makes it; so a write by cookie must come from our own origin and carry the session's CSRF text.
import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../identity/access.ts'
import { csrfOf, lifetimeHours, type Visitor } from '../identity/session.ts'
import { whoHolds } from '../identity/sessions.ts'
import { Refusal } from '../lib/errors.ts'
import type { ApiContext } from './context.ts'

export const csrfHeader = 'x-berth-csrf'

/** The browser's side of a call, for the operations that open and close sessions. */
export interface Visit extends Visitor {
  /** From the cookie, whatever it is worth. */
  sessionSecret: string | null
  /** Of the session that asks; null for signed requests. */
  csrf: string | null
  keepSession(secret: string): void
  forgetSession(): void
}

const isSecure = (request: FastifyRequest): boolean => request.protocol === 'https'

/**
 * Over TLS the name binds the cookie to this very host. Without TLS there is a cookie only where nobody listens in: on the
 * loopback. That one is kept to the API's paths, as ports share cookies and services have ports.
 */
export function cookieOf(context: ApiContext, request: FastifyRequest, suffix = '') {
  if (isSecure(request)) return { name: `__Host-berth${suffix}`, secure: true, path: '/' }
  return context.settings.loopback ? { name: `berth${suffix}`, secure: false, path: '/v1' } : null
}

export function needCookie(context: ApiContext, request: FastifyRequest, suffix = '') {
  const cookie = cookieOf(context, request, suffix)
  if (cookie) return cookie
  throw new Refusal(
    'TlsNeeded',
    'Signing in needs TLS on an address that others can reach: give Berth a certificate (tls in berth.yaml), or name the proxy that ends TLS in trustedProxies.',
  )
}

function sessionSecretOf(context: ApiContext, request: FastifyRequest): string | null {
  const cookie = cookieOf(context, request)
  return (cookie && request.cookies[cookie.name]) || null
}

export const visitorOf = (request: FastifyRequest): Visitor => ({
  address: request.ip,
  userAgent: request.headers['user-agent'] ?? '',
})

export function visitOf(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  principal: Principal,
): Visit {
  const sessionSecret = sessionSecretOf(context, request)
  return {
    ...visitorOf(request),
    sessionSecret,
    csrf: sessionSecret !== null && principal.sessionId !== null ? csrfOf(sessionSecret) : null,
    keepSession: secret => keepSession(context, request, reply, secret),
    forgetSession() {
      const cookie = cookieOf(context, request)
      if (cookie) reply.clearCookie(cookie.name, { path: cookie.path, secure: cookie.secure })
    },
  }
}

export function keepSession(context: ApiContext, request: FastifyRequest, reply: FastifyReply, secret: string): void {
  const { name, secure, path } = needCookie(context, request)
  reply.setCookie(name, secret, { path, secure, httpOnly: true, sameSite: 'strict', maxAge: lifetimeHours * 3600 })
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])
export const isWrite = (request: FastifyRequest): boolean => !reads.has(request.method)

/** A request without credentials, null: it has none of a session either. */
export async function whoIsSignedIn(context: ApiContext, request: FastifyRequest): Promise<Principal | null> {
  const secret = sessionSecretOf(context, request)
  if (secret === null) return null
  const principal = await whoHolds(context.ctx, secret)
  if (isWrite(request)) {
    refuseForeign(request)
    refuseForged(request, secret)
  }
  return principal
}

/** What a browser says of where a request comes from; a program says nothing. */
export function refuseForeign(request: FastifyRequest, mustSay = true): void {
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const own = `${request.protocol}://${request.host}`
  if (site !== undefined && site !== 'same-origin') throw foreign(`sec-fetch-site is ${site}`)
  if (origin !== undefined && origin !== own) throw foreign(`origin is ${origin.slice(0, 200)}, not ${own}`)
  if (mustSay && site === undefined && origin === undefined) throw foreign('there is neither origin nor sec-fetch-site')
}

function refuseForged(request: FastifyRequest, secret: string): void {
  const given = Buffer.from(String(request.headers[csrfHeader] ?? ''))
  const wanted = Buffer.from(csrfOf(secret))
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
  throw new Refusal('CsrfRefused', `${csrfHeader}: send the csrf of GET /v1/session with every write.`, {
    field: csrfHeader,
  })
}

const foreign = (why: string): Refusal =>
  new Refusal('CsrfRefused', `A write from a browser must come from Berth's own pages: ${why}.`, { field: 'origin' })
