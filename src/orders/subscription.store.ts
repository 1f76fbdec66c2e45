// SQL of subscriptions. Nobody else writes this table.
import { type RawBuilder, sql } from 'kysely'
import type { Months } from '../catalog/price.ts'
import type { Db, Tx } from '../db/db.ts'
import { toldSeconds } from '../fleet/kept.ts'
import { toldBefore } from '../notices/notices.ts'
import type { Period, Subscription } from './subscription.ts'

export interface NewSubscription {
  machineId: string
  accountId: string
  period: Period
  autoRenew: boolean
  autoRenewMonths: number
  /** The first try of automatic renewal; null: none. */
  renewDueAt: Temporal.Instant | null
}

export async function insertSubscriptions(tx: Tx, rows: readonly NewSubscription[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into subscriptions (machine_id, account_id, anchor_at, months_since_anchor, starts_at, expires_at, auto_renew,
      auto_renew_months, renew_due_at)
    select * from unnest(${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.accountId)}::text[],
      ${rows.map(r => r.period.anchorAt)}::timestamptz[], ${rows.map(r => r.period.monthsSinceAnchor)}::integer[],
      ${rows.map(r => r.period.startsAt)}::timestamptz[], ${rows.map(r => r.period.expiresAt)}::timestamptz[],
      ${rows.map(r => r.autoRenew)}::boolean[], ${rows.map(r => r.autoRenewMonths)}::integer[],
      ${rows.map(r => r.renewDueAt)}::timestamptz[])`.execute(tx)
}

export async function lockSubscriptions(
  tx: Tx,
  accountId: string,
  machineIds: readonly string[],
): Promise<Subscription[]> {
  return tx
    .selectFrom('subscriptions')
    .selectAll()
    .where('accountId', '=', accountId)
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
    .orderBy('machineId')
    .forUpdate()
    .execute()
}

/** Writes the new periods of subscriptions that this transaction has locked. A new anchor is a new start. */
export async function extendSubscriptions(
  tx: Tx,
  rows: readonly { machineId: string; period: Period; restarts: boolean; renewDueAt: Temporal.Instant | null }[],
): Promise<void> {
  await sql`
    update subscriptions s set anchor_at = p.anchor_at, months_since_anchor = p.months, expires_at = p.expires_at,
      starts_at = case when p.restarts then p.starts_at else s.starts_at end, stopped_at = null, generation = generation + 1,
      renew_due_at = p.renew_due_at, noticed_steps = 0, moved_off_at = null
    from unnest(${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.period.anchorAt)}::timestamptz[],
      ${rows.map(r => r.period.monthsSinceAnchor)}::integer[], ${rows.map(r => r.period.startsAt)}::timestamptz[],
      ${rows.map(r => r.period.expiresAt)}::timestamptz[], ${rows.map(r => r.restarts)}::boolean[],
      ${rows.map(r => r.renewDueAt)}::timestamptz[])
      as p (machine_id, anchor_at, months, starts_at, expires_at, restarts, renew_due_at)
    where s.machine_id = p.machine_id and s.expires_at < p.expires_at`.execute(tx)
}

/** Expired and still running, oldest first; locked, and left to whoever has them already. */
export async function takeExpired(
  tx: Tx,
  now: Temporal.Instant,
  limit: number,
  except: readonly string[] = [],
): Promise<Subscription[]> {
  return selectDue(tx, sql`stopped_at is null and expires_at <= ${now}::timestamptz`, limit, except)
}

/**
 * Stopped, and expired at or before `cutoff`: kept long enough. And told so long enough ago: nobody loses a machine because
 * Berth slept through the time in which it would have been told (Q22).
 */
export async function takeKeptLongEnough(
  tx: Tx,
  cutoff: Temporal.Instant,
  limit: number,
  except: readonly string[] = [],
): Promise<Subscription[]> {
  const told = toldBefore('subscription.expired', {
    ...{ subject: 'subscriptions.machine_id', since: 'subscriptions.stopped_at', seconds: toldSeconds },
  })
  return selectDue(tx, sql`stopped_at is not null and expires_at <= ${cutoff}::timestamptz and ${told}`, limit, except)
}

/** Whose next notice has come: `thresholds` are the expiries at which each step is due, the earliest step first. */
export async function takeToNotice(
  tx: Tx,
  thresholds: readonly Temporal.Instant[],
  limit: number,
): Promise<Subscription[]> {
  const due = thresholds.map((until, steps) => sql`(noticed_steps = ${steps} and expires_at <= ${until}::timestamptz)`)
  return selectDue(tx, sql`stopped_at is null and (${sql.join(due, sql` or `)})`, limit)
}

export async function markNoticed(tx: Tx, rows: readonly { machineId: string; steps: number }[]): Promise<void> {
  await sql`
    update subscriptions s set noticed_steps = r.steps
    from unnest(${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.steps)}::integer[]) as r (machine_id, steps)
    where s.machine_id = r.machine_id`.execute(tx)
}

/** Running ones that expire in the time given and were not moved off yet. */
/** In a frozen region nothing is moved by itself: those wait for the thaw. */
export async function selectToMoveOff(
  db: Db,
  { now, until }: { now: Temporal.Instant; until: Temporal.Instant },
  limit: number,
): Promise<Subscription[]> {
  const { rows } = await sql<Subscription>`
    select s.* from subscriptions s join machines m on m.id = s.machine_id
    where s.ended_at is null and s.stopped_at is null and s.moved_off_at is null
      and not exists (select from region_freezes f where f.region_id = m.region_id)
      and s.expires_at > ${now}::timestamptz and s.expires_at <= ${until}::timestamptz
    order by s.expires_at, s.machine_id limit ${limit}`.execute(db)
  return rows
}

/** False when it was renewed, or moved off by another, meanwhile. */
export async function markMovedOff(
  tx: Tx,
  now: Temporal.Instant,
  machineId: string,
  expiresAt: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update subscriptions set moved_off_at = ${now}::timestamptz
    where machine_id = ${machineId} and expires_at = ${expiresAt}::timestamptz and moved_off_at is null
      and stopped_at is null and ended_at is null`.execute(tx)
  return numAffectedRows === 1n
}

async function selectDue(
  tx: Tx,
  condition: RawBuilder<unknown>,
  limit: number,
  except: readonly string[] = [],
): Promise<Subscription[]> {
  const { rows } = await sql<Subscription>`
    select * from subscriptions where ended_at is null and ${condition} and not machine_id = any(${except}::text[])
    order by expires_at limit ${limit} for update skip locked`.execute(tx)
  return rows
}

export async function markStopped(tx: Tx, now: Temporal.Instant, machineIds: readonly string[]): Promise<void> {
  await sql`
    update subscriptions set stopped_at = ${now}::timestamptz, renew_due_at = null, generation = generation + 1
    where machine_id = any(${machineIds}::text[])`.execute(tx)
}

export async function markEnded(tx: Tx, now: Temporal.Instant, machineIds: readonly string[]): Promise<void> {
  await sql`
    update subscriptions set ended_at = ${now}::timestamptz, renew_due_at = null, generation = generation + 1
    where machine_id = any(${machineIds}::text[]) and ended_at is null`.execute(tx)
}

/** Sets the next tries of automatic renewal. */
export async function setRenewDue(
  tx: Tx,
  rows: readonly { machineId: string; renewDueAt: Temporal.Instant | null }[],
): Promise<void> {
  await sql`
    update subscriptions s set renew_due_at = r.renew_due_at
    from unnest(${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.renewDueAt)}::timestamptz[])
      as r (machine_id, renew_due_at)
    where s.machine_id = r.machine_id`.execute(tx)
}

/** Whose try of automatic renewal is due: who expires first comes first, then by id. */
export async function selectRenewDue(
  db: Db | Tx,
  now: Temporal.Instant,
  limit: number,
): Promise<{ machineId: string; accountId: string }[]> {
  const { rows } = await sql<{ machineId: string; accountId: string }>`
    select machine_id, account_id from subscriptions
    where renew_due_at <= ${now}::timestamptz and ended_at is null
    order by expires_at, machine_id limit ${limit}`.execute(db)
  return rows
}

/** Those that it changes. */
export async function setAutoRenewRows(
  tx: Tx,
  machineIds: readonly string[],
  autoRenew: boolean,
  months: number | null,
): Promise<{ machineId: string; months: number }[]> {
  const { rows } = await sql<{ machineId: string; months: number }>`
    update subscriptions set auto_renew = ${autoRenew}, auto_renew_months = coalesce(${months}::integer, auto_renew_months),
      generation = generation + 1
    where machine_id = any(${machineIds}::text[])
      and (auto_renew, auto_renew_months) <> (${autoRenew}, coalesce(${months}::integer, auto_renew_months))
    returning machine_id, auto_renew_months as months`.execute(tx)
  return rows
}

export async function selectSubscriptions(
  db: Db | Tx,
  accountId: string,
  machineIds: readonly string[],
): Promise<Subscription[]> {
  return db
    .selectFrom('subscriptions')
    .selectAll()
    .where('accountId', '=', accountId)
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
    .execute()
}

/** By group, when the first of its paid machines expires; groups without one are left out. */
export async function selectNextExpiries(
  db: Db | Tx,
  groupIds: readonly string[],
): Promise<{ groupId: string; expiresAt: Temporal.Instant }[]> {
  const { rows } = await sql<{ groupId: string; expiresAt: Temporal.Instant }>`
    select m.group_id, min(s.expires_at) as expires_at from machines m join subscriptions s on s.machine_id = m.id
    where m.group_id = any(${groupIds}::text[]) and m.phase not in ('released', 'failed') and s.ended_at is null
    group by m.group_id`.execute(db)
  return rows
}

/** Whose subscriptions, and in which time they expire. */
export interface ExpiryScope {
  accountId: string
  start: Temporal.Instant
  end: Temporal.Instant
}

export interface Expiring {
  machineId: string
  expiresAt: Temporal.Instant
  zoneId: string
  specId: string
  systemDiskGib: number
  autoRenew: boolean
  /** As it renews by itself, else a month. */
  renewalMonths: Months
}

const expiringIn = ({ accountId, start, end }: ExpiryScope): RawBuilder<unknown> => sql`
  subscriptions s join machines m on m.id = s.machine_id
  where s.account_id = ${accountId} and s.ended_at is null and m.phase not in ('releasing', 'released', 'failed')
    and s.expires_at >= ${start}::timestamptz and s.expires_at < ${end}::timestamptz`

const renewalMonths = sql`case when s.auto_renew then s.auto_renew_months else 1 end`

/** By day of the billing zone, and by what decides the price. */
export async function selectExpiryDays(
  db: Db | Tx,
  scope: ExpiryScope & { zone: string },
): Promise<(Omit<Expiring, 'machineId' | 'expiresAt'> & { day: string; machines: number })[]> {
  const { rows } = await sql<Omit<Expiring, 'machineId' | 'expiresAt'> & { day: string; machines: number }>`
    select (s.expires_at at time zone ${scope.zone})::date as day, m.zone_id, m.spec_id, m.system_disk_gib, s.auto_renew,
      ${renewalMonths} as renewal_months, count(*)::int as machines
    from ${expiringIn(scope)} group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6`.execute(db)
  return rows
}

/** The first to expire first, then by id. */
export async function selectExpiring(
  db: Db | Tx,
  scope: ExpiryScope,
  { after, limit }: { after: { at: Temporal.Instant; id: string } | null; limit: number },
): Promise<Expiring[]> {
  const { rows } = await sql<Expiring>`
    select s.machine_id, s.expires_at, m.zone_id, m.spec_id, m.system_disk_gib, s.auto_renew, ${renewalMonths} as renewal_months
    from ${expiringIn(scope)}
      ${after === null ? sql`` : sql`and (s.expires_at, s.machine_id) > (${after.at}::timestamptz, ${after.id})`}
    order by s.expires_at, s.machine_id limit ${limit}`.execute(db)
  return rows
}

/** What orders must know of a machine before it may be renewed or released. */
export interface PaidMachine {
  machineId: string
  groupId: string
  zoneId: string
  specId: string
  systemDiskGib: number
  chargeType: 'prepaid' | 'postpaid'
  phase: string
  orderPhase: string
  expiresAt: Temporal.Instant | null
  stoppedAt: Temporal.Instant | null
  endedAt: Temporal.Instant | null
  anchorAt: Temporal.Instant | null
  monthsSinceAnchor: number | null
}

const paidMachineColumns: RawBuilder<unknown> = sql`
  m.id as machine_id, m.group_id, m.zone_id, m.spec_id, m.system_disk_gib, m.charge_type, m.phase,
  -- Delivered is delivered, even while the order waits for its other machines.
  case when l.phase = 'delivered' then 'fulfilled' else o.phase end as order_phase,
  s.expires_at, s.stopped_at, s.ended_at, s.anchor_at, s.months_since_anchor`

export async function selectPaidMachines(
  db: Db | Tx,
  accountId: string,
  which: { machineIds: readonly string[] } | { groupId: string },
  limit: number,
): Promise<PaidMachine[]> {
  // Of a group, only what can be renewed: a subscription that has not ended.
  const condition =
    'machineIds' in which
      ? sql`m.id = any(${which.machineIds}::text[])`
      : sql`m.group_id = ${which.groupId} and s.machine_id is not null and s.ended_at is null`
  const { rows } = await sql<PaidMachine>`
    select ${paidMachineColumns}
    from machines m join orders o on o.id = m.order_id
    left join order_lines l on l.order_id = m.order_id and l.line_no = m.line_no left join subscriptions s on s.machine_id = m.id
    where m.account_id = ${accountId} and ${condition} order by m.id limit ${limit}`.execute(db)
  return rows
}
