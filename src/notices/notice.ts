// A notice tells an account what it must know in time: that machines expire, that a renewal failed, that money runs out. It is
// stored in the transaction of what it tells, once per key, and from there shown, read and delivered.

/** What each tells in its data. */
export const noticeKinds = [
  'subscription.expires', // expiresAt, before (15d … 3h), autoRenew
  'subscription.renewed', // orderId, amountFen, expiresAt
  'subscription.renewal_failed', // code, message, nextTryAt
  'subscription.expired', // expiresAt, keptUntil
  'subscription.released', // expiresAt
  'balance.low', // availableFen, burnPerDayFen, lastsUntil
  'arrears.began', // owedFen, stopsAt
  'arrears.stopped', // owedFen, quantity, keptUntil
  'arrears.cleared', // quantity of machines that are brought back
  'arrears.released', // owedFen, quantity
] as const
export type NoticeKind = (typeof noticeKinds)[number]

export interface NewNotice {
  accountId: string
  kind: NoticeKind
  subjectKind: 'machine' | 'account'
  subjectId: string
  /** Told once: `expires:<machine>:<expiry>:3d`. */
  key: string
  data: object
}

export interface Notice extends NewNotice {
  id: bigint
  createdAt: Temporal.Instant
  /** Observed uptime when it was told, in seconds. */
  uptimeSeconds: bigint
  readAt: Temporal.Instant | null
  deliveredAt: Temporal.Instant | null
}

export type Severity = 'info' | 'warning' | 'critical'

const severities: Record<NoticeKind, Severity> = {
  'subscription.expires': 'warning',
  'subscription.renewed': 'info',
  'subscription.renewal_failed': 'warning',
  'subscription.expired': 'critical',
  'subscription.released': 'critical',
  'balance.low': 'warning',
  'arrears.began': 'critical',
  'arrears.stopped': 'critical',
  'arrears.cleared': 'info',
  'arrears.released': 'critical',
}

export const severityOf = (kind: NoticeKind): Severity => severities[kind]
