// An access key: what a user signs requests with. The secret is shown once, when the key is made.

export interface AccessKey {
  accessKeyId: string
  accountId: string
  userId: string
  userName: string
  createdAt: Temporal.Instant
  expiresAt: Temporal.Instant | null
  revokedAt: Temporal.Instant | null
  /** To the minute. */
  lastUsedAt: Temporal.Instant | null
}

export interface NewAccessKey {
  accessKeyId: string
  secret: string
  userId: string
  expiresAt: Temporal.Instant | null
}

/** Usable until it is revoked or its end has come. */
export function isUsable(key: Pick<AccessKey, 'expiresAt' | 'revokedAt'>, now: Temporal.Instant): boolean {
  if (key.revokedAt !== null) return false
  return key.expiresAt === null || Temporal.Instant.compare(now, key.expiresAt) < 0
}
