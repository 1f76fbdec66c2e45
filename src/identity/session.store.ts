// SQL of passwords, sessions and sign_in_attempts. Nobody else writes these tables.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Role } from './access.ts'
import type { Session } from './session.ts'
import type { Attempts } from './throttle.ts'

export interface SignInUser {
  accountId: string
  userId: string
  userName: string
  role: Role
  disabledAt: Temporal.Instant | null
}

/** The user of these names with the hash, if a password was ever set. */
export async function selectPassword(
  db: Db,
  by: { account: string; user: string } | { accountId: string; userId: string },
): Promise<(SignInUser & { hash: string | null }) | null> {
  const wanted =
    'user' in by
      ? sql`a.name = ${by.account} and u.name = ${by.user}`
      : sql`u.account_id = ${by.accountId} and u.id = ${by.userId}`
  const { rows } = await sql<SignInUser & { hash: string | null }>`
    select u.account_id, u.id as user_id, u.name as user_name, u.role, u.disabled_at, p.hash
    from users u join accounts a on a.id = u.account_id left join passwords p on p.user_id = u.id
    where ${wanted}`.execute(db)
  return rows[0] ?? null
}

export async function upsertPassword(
  db: Db,
  { accountId, userId }: { accountId: string; userId: string },
  hash: string,
  now: Temporal.Instant,
): Promise<void> {
  await sql`
    insert into passwords (account_id, user_id, hash, set_at) values (${accountId}, ${userId}, ${hash}, ${now})
    on conflict (user_id) do update set hash = excluded.hash, set_at = excluded.set_at`.execute(db)
}

export async function insertSession(tx: Tx, session: Session, digest: Buffer): Promise<void> {
  await sql`
    insert into sessions (id, account_id, user_id, secret_sha256, method, created_at, last_seen_at, expires_at, address,
      user_agent)
    values (${session.sessionId}, ${session.accountId}, ${session.userId}, ${digest}, ${session.method},
      ${session.createdAt}, ${session.lastSeenAt}, ${session.expiresAt}, ${session.address},
      ${session.userAgent})`.execute(tx)
}

const columns = sql`s.id as session_id, s.account_id, s.user_id, s.method, s.created_at, s.last_seen_at, s.expires_at,
  s.ended_at, s.ended_because, s.address, s.user_agent`

/** The session with its user as both are now: a changed role counts from the next request on (Q65). */
export async function selectSessionOf(db: Db, digest: Buffer): Promise<(Session & SignInUser) | null> {
  const { rows } = await sql<Session & SignInUser>`
    select ${columns}, u.name as user_name, u.role, u.disabled_at
    from sessions s join users u on u.account_id = s.account_id and u.id = s.user_id
    where s.secret_sha256 = ${digest}`.execute(db)
  return rows[0] ?? null
}

/** The same by id, for many at once; unknown ids are left out. */
export async function selectSessionsById(db: Db, sessionIds: readonly string[]): Promise<(Session & SignInUser)[]> {
  const { rows } = await sql<Session & SignInUser>`
    select ${columns}, u.name as user_name, u.role, u.disabled_at
    from sessions s join users u on u.account_id = s.account_id and u.id = s.user_id
    where s.id = any(${sessionIds}::text[])`.execute(db)
  return rows
}

/** That may still be live, newest first. */
export async function selectSessions(
  db: Db,
  user: { accountId: string; userId: string },
  now: Temporal.Instant,
): Promise<Session[]> {
  const { rows } = await sql<Session>`
    select ${columns} from sessions s
    where s.account_id = ${user.accountId} and s.user_id = ${user.userId} and s.ended_at is null and s.expires_at > ${now}
    order by s.created_at desc, s.id limit 200`.execute(db)
  return rows
}

/** Ends sessions of a user that have not ended: one, or all but one. Returns how many. */
export async function endSessions(
  db: Db,
  of: { accountId: string; userId: string },
  which: { sessionId?: string; except?: string | null },
  now: Temporal.Instant,
  because: string,
): Promise<number> {
  const { numAffectedRows } = await sql`
    update sessions set ended_at = ${now}, ended_because = ${because}
    where account_id = ${of.accountId} and user_id = ${of.userId} and ended_at is null
      and (${which.sessionId ?? null}::text is null or id = ${which.sessionId ?? null})
      and (${which.except ?? null}::text is null or id <> ${which.except ?? null})`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

export async function touchSession(
  db: Db,
  sessionId: string,
  now: Temporal.Instant,
  unlessSince: Temporal.Instant,
): Promise<void> {
  await sql`
    update sessions set last_seen_at = ${now} where id = ${sessionId} and last_seen_at < ${unlessSince}`.execute(db)
}

export async function deleteSessions(db: Db, expiredBefore: Temporal.Instant): Promise<void> {
  await sql`delete from sessions where expires_at < ${expiredBefore}`.execute(db)
}

/** Held until the transaction ends, so that guesses at once are counted one by one. In one order for all. */
export async function lockAttempts(tx: Tx, subjects: readonly string[]): Promise<Map<string, Attempts>> {
  for (const subject of [...subjects].sort()) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`sign-in ${subject}`}, 0))`.execute(tx)
  }
  const { rows } = await sql<Attempts & { subject: string }>`
    select subject, failures, last_at from sign_in_attempts where subject = any(${subjects}::text[])`.execute(tx)
  return new Map(rows.map(row => [row.subject, row]))
}

export async function upsertAttempts(tx: Tx, subject: string, failures: number, now: Temporal.Instant): Promise<void> {
  await sql`
    insert into sign_in_attempts (subject, failures, first_at, last_at) values (${subject}, ${failures}, ${now}, ${now})
    on conflict (subject) do update set failures = excluded.failures, last_at = excluded.last_at,
      first_at = case when excluded.failures = 1 then excluded.last_at else sign_in_attempts.first_at end`.execute(tx)
}

/** After a success: the user's are forgotten, the address is given the one back. */
export async function forgiveAttempts(tx: Tx, user: string, address: string): Promise<void> {
  await sql`delete from sign_in_attempts where subject = ${user} or (subject = ${address} and failures = 1)`.execute(tx)
  await sql`update sign_in_attempts set failures = failures - 1 where subject = ${address}`.execute(tx)
}

export async function deleteAttempts(db: Db, lastBefore: Temporal.Instant): Promise<void> {
  await sql`delete from sign_in_attempts where last_at < ${lastBefore}`.execute(db)
}
