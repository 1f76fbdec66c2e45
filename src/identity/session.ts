// A session: a browser in which a user has signed in. It ends 12 hours after it was last used, 7 days after the sign-in, or
// when it is revoked. The browser holds a secret; the database its digest.
import { createHash, createHmac } from 'node:crypto'
import type { Random } from '../lib/random.ts'

export type SignInMethod = 'password' | 'oidc'

export interface Session {
  sessionId: string
  accountId: string
  userId: string
  method: SignInMethod
  createdAt: Temporal.Instant
  /** To the minute. */
  lastSeenAt: Temporal.Instant
  /** At the latest. */
  expiresAt: Temporal.Instant
  endedAt: Temporal.Instant | null
  endedBecause: string | null
  address: string
  userAgent: string
}

/** From where somebody calls, as far as it is known. */
export interface Visitor {
  address: string
  userAgent: string
}

export const idleHours = 12
export const lifetimeHours = 7 * 24

export function isLive(session: Pick<Session, 'endedAt' | 'expiresAt' | 'lastSeenAt'>, now: Temporal.Instant): boolean {
  if (session.endedAt !== null) return false
  if (Temporal.Instant.compare(now, session.expiresAt) >= 0) return false
  return Temporal.Instant.compare(now, session.lastSeenAt.add({ hours: idleHours })) < 0
}

/** 256 random bits. */
export const newSessionSecret = (random: Random): string => random.bytes(32).toString('base64url')
export const sessionSecretForm = /^[A-Za-z0-9_-]{43}$/
export const sessionDigest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** What a page must send with a write. A page of another site can neither read it nor the secret it is derived from. */
export const csrfOf = (secret: string): string => createHmac('sha256', secret).update('berth csrf').digest('base64url')
