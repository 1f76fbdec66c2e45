// SQL of bill_lines and billing_progress, and what billing reads of machines, running intervals and transfers. Nobody else
// writes the first two.
import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import { type BillItem, type BillLine, type DiskSize, type MeteredMachine, usageTransferId } from './bill-line.ts'
import type { Segment } from './metering.ts'

export interface MeteredFilter {
  /** Machines that ran within [start, end). */
  start: Temporal.Instant
  end: Temporal.Instant
  accountIds?: readonly string[]
  machineIds?: readonly string[]
  /** Keyset: the last machine of the slice before. */
  afterMachineId?: string
  limit?: number
}

interface MeteredRow extends Omit<MeteredMachine, 'intervals' | 'disks'> {
  systemDiskGib: number
  /** What its disk was before each time that it grew, and when that was; null: it never did. */
  sizesBefore: number[] | null
  grownAt: Temporal.Instant[] | null
  starts: Temporal.Instant[]
  ends: (Temporal.Instant | null)[]
}

/**
 * Postpaid machines that ran in the time given, with the intervals that touch it. Intervals without an instant don't count,
 * nor does a machine of an order line that was refunded: it ran, but was never delivered.
 */
export async function selectMeteredMachines(db: Db, filter: MeteredFilter): Promise<MeteredMachine[]> {
  const account: RawBuilder<unknown> = filter.accountIds
    ? sql`and m.account_id = any(${filter.accountIds}::text[])`
    : sql``
  const named: RawBuilder<unknown> = filter.machineIds ? sql`and m.id = any(${filter.machineIds}::text[])` : sql``
  const limit: RawBuilder<unknown> = filter.limit ? sql`limit ${filter.limit}` : sql``
  const { rows } = await sql<MeteredRow>`
    select m.id as machine_id, m.account_id, m.group_id, m.zone_id, m.spec_id, m.system_disk_gib, r.starts, r.ends,
      d.sizes_before, d.grown_at,
      (select min(i.started_at) from running_intervals i
       where i.machine_id = m.id and (i.ended_at is null or i.ended_at > i.started_at)) as anchor
    from machines m join lateral (
      select array_agg(i.started_at order by i.started_at) as starts, array_agg(i.ended_at order by i.started_at) as ends
      from running_intervals i
      where i.machine_id = m.id and i.started_at < ${filter.end}::timestamptz
        and (i.ended_at is null or (i.ended_at > ${filter.start}::timestamptz and i.ended_at > i.started_at))
    ) r on r.starts is not null
    left join lateral (
      select array_agg(z.from_gib order by z.ended_at) as sizes_before, array_agg(z.ended_at order by z.ended_at) as grown_at
      from machine_resizes z where z.machine_id = m.id and z.phase = 'done'
    ) d on true
    where m.charge_type = 'postpaid' and m.id > ${filter.afterMachineId ?? ''} ${account} ${named}
      and (m.ended_at is null or m.ended_at > ${filter.start}::timestamptz)
      and not exists (select from order_lines l
        where l.order_id = m.order_id and l.line_no = m.line_no and l.phase = 'refunded')
    order by m.id ${limit}`.execute(db)
  return rows.map(({ starts, ends, systemDiskGib, sizesBefore, grownAt, ...machine }) => ({
    ...machine,
    disks: disksOf(machine.anchor, systemDiskGib, sizesBefore ?? [], grownAt ?? []),
    intervals: starts.map((start, index) => ({ start, end: ends[index] ?? null })),
  }))
}

/** Its sizes, each from its instant on: what a disk was before it grew the next time it was since it grew before. */
function disksOf(
  anchor: Temporal.Instant,
  nowGib: number,
  sizesBefore: readonly number[],
  grownAt: readonly Temporal.Instant[],
): DiskSize[] {
  const sizes = [...sizesBefore, nowGib]
  return sizes.map((gib, index) => ({ gib, from: grownAt[index - 1] ?? anchor }))
}

/** The first instant at which any postpaid machine (of these accounts) ran. */
export async function selectFirstRunning(
  db: Db,
  accountIds: readonly string[] | null = null,
): Promise<Temporal.Instant | null> {
  const { rows } = await sql<{ first: Temporal.Instant | null }>`
    select min(i.started_at) as first from running_intervals i join machines m on m.id = i.machine_id
    where m.charge_type = 'postpaid' and (${accountIds}::text[] is null or m.account_id = any(${accountIds}::text[]))`.execute(
    db,
  )
  return rows[0]?.first ?? null
}

/** Since when there are postpaid machines that run and are not yet known to be delivered or refunded; null: there are none. */
export async function selectUndecidedSince(db: Db): Promise<Temporal.Instant | null> {
  const { rows } = await sql<{ since: Temporal.Instant | null }>`
    select min(m.running_at) as since
    from orders o join order_lines l on l.order_id = o.id and l.phase = 'pending'
    join machines m on m.order_id = l.order_id and m.line_no = l.line_no
    where o.due_at is not null and o.charge_type = 'postpaid' and o.phase in ('provisioning', 'refunding')`.execute(db)
  return rows[0]?.since ?? null
}

export async function selectBilledThrough(db: Db): Promise<string | null> {
  const { rows } = await sql<{ billedThrough: string | null }>`select billed_through from billing_progress`.execute(db)
  return rows[0]?.billedThrough ?? null
}

/** Moves forward only; false when another run was here before. */
export async function advanceBilledThrough(tx: Tx, billingDay: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update billing_progress set billed_through = ${billingDay}::date
    where billed_through is null or billed_through < ${billingDay}::date`.execute(tx)
  return numAffectedRows === 1n
}

/** Lines that stand already are left alone; their transfers stand as well. Returns how many are new. */
export async function insertBillLines(tx: Tx, now: Temporal.Instant, lines: readonly BillLine[]): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into bill_lines (machine_id, billing_day, item, account_id, group_id, minutes, amount_fen, segments, transfer_id, created_at)
    select machine_id, billing_day, item, account_id, group_id, minutes, amount_fen, segments::jsonb, transfer_id, ${now}::timestamptz
    from unnest(${lines.map(l => l.machineId)}::text[], ${lines.map(l => l.billingDay)}::date[],
      ${lines.map(l => l.item)}::text[], ${lines.map(l => l.accountId)}::text[], ${lines.map(l => l.groupId)}::text[],
      ${lines.map(l => l.minutes)}::int[], ${lines.map(l => l.amountFen)}::bigint[],
      ${lines.map(l => JSON.stringify(l.segments.map(segmentToJson)))}::text[], ${lines.map(usageTransferId)}::text[])
      as l (machine_id, billing_day, item, account_id, group_id, minutes, amount_fen, segments, transfer_id)
    on conflict (machine_id, billing_day, item) do nothing`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

/** `usageTransferId` of those among these lines that stand already. */
export async function selectStanding(tx: Tx, lines: readonly BillLine[]): Promise<Set<string>> {
  const { rows } = await sql<Pick<BillLine, 'machineId' | 'billingDay' | 'item'>>`
    select b.machine_id, b.billing_day, b.item from bill_lines b
    join unnest(${lines.map(l => l.machineId)}::text[], ${lines.map(l => l.billingDay)}::date[],
      ${lines.map(l => l.item)}::text[]) as l (machine_id, billing_day, item)
      on l.machine_id = b.machine_id and l.billing_day = b.billing_day and l.item = b.item`.execute(tx)
  return new Set(rows.map(usageTransferId))
}

interface SegmentJson {
  version: number
  microsPerHour: string
  minutes: number
}
const segmentToJson = (segment: Segment): SegmentJson => ({
  ...segment,
  microsPerHour: segment.microsPerHour.toString(),
})
const segmentFromJson = (json: SegmentJson): Segment => ({ ...json, microsPerHour: BigInt(json.microsPerHour) })

/** A machine's lines of these days (both included), oldest first. */
export async function selectBillLines(
  db: Db,
  accountId: string,
  { machineId, from, to }: { machineId?: string; from: string; to: string },
): Promise<BillLine[]> {
  const { rows } = await sql<Omit<BillLine, 'segments'> & { segments: SegmentJson[] }>`
    select machine_id, account_id, group_id, billing_day, item, minutes, amount_fen, segments from bill_lines
    where account_id = ${accountId} and billing_day between ${from}::date and ${to}::date
      and (${machineId ?? null}::text is null or machine_id = ${machineId ?? null})
    order by machine_id, billing_day, item desc`.execute(db)
  return rows.map(row => ({ ...row, segments: row.segments.map(segmentFromJson) }))
}

/** `usageTransferId` of the lines that stand from this day on. */
export async function selectBilledIds(db: Db, accountIds: readonly string[], fromDay: string): Promise<Set<string>> {
  const { rows } = await sql<{ transferId: string }>`
    select transfer_id from bill_lines
    where account_id = any(${accountIds}::text[]) and billing_day >= ${fromDay}::date`.execute(db)
  return new Set(rows.map(row => row.transferId))
}

export interface BilledSum {
  machineId: string
  groupId: string
  item: BillItem
  days: number
  minutes: number
  amountFen: bigint
}

export async function sumBillLines(db: Db, accountId: string, from: string, to: string): Promise<BilledSum[]> {
  const { rows } = await sql<BilledSum>`
    select machine_id, group_id, item, sum(line)::int as days, sum(minutes)::int as minutes, sum(amount_fen)::bigint as amount_fen
    from (select account_id, billing_day, machine_id, group_id, item, 1 as line, minutes, amount_fen from bill_lines
      union all select account_id, billing_day, machine_id, group_id, item, 0, minutes, amount_fen from bill_corrections) as l
    where account_id = ${accountId} and billing_day between ${from}::date and ${to}::date
    group by machine_id, group_id, item order by machine_id, item desc`.execute(db)
  return rows
}

export interface PrepaidRow {
  transferId: string
  at: Temporal.Instant
  orderId: string | null
  machineId: string | null
  memo: string
  /** Below 0: given back. */
  amountFen: bigint
}

/** What became revenue from this account, and what was given back of it, in [start, end). */
export async function selectPrepaid(
  db: Db,
  accountId: string,
  { start, end, revenueId }: { start: Temporal.Instant; end: Temporal.Instant; revenueId: string },
): Promise<PrepaidRow[]> {
  const { rows } = await sql<PrepaidRow>`
    select t.id as transfer_id, t.at, t.order_id, t.machine_id, t.memo, t.amount_fen
    from ledger_accounts b join transfers t on t.from_ledger_account_id = b.id and t.to_ledger_account_id = ${revenueId}
    where b.account_id = ${accountId} and t.at >= ${start}::timestamptz and t.at < ${end}::timestamptz
    union all
    select t.id, t.at, t.order_id, t.machine_id, t.memo, -t.amount_fen
    from ledger_accounts b join transfers t on t.to_ledger_account_id = b.id and t.from_ledger_account_id = ${revenueId}
    where b.account_id = ${accountId} and t.at >= ${start}::timestamptz and t.at < ${end}::timestamptz
    order by 2, 1`.execute(db)
  return rows
}

export interface NamedMachine {
  machineId: string
  groupId: string
  groupName: string
  specId: string
  chargeType: 'prepaid' | 'postpaid'
}

/** Machines and groups by name, those that are gone as well. */
export async function selectNames(db: Db, accountId: string, machineIds: readonly string[]): Promise<NamedMachine[]> {
  const { rows } = await sql<NamedMachine>`
    select m.id as machine_id, m.group_id, g.name as group_name, m.spec_id, m.charge_type
    from machines m join resource_groups g on g.id = m.group_id
    where m.account_id = ${accountId} and m.id = any(${machineIds}::text[])
    order by g.name, m.created_at, m.id`.execute(db)
  return rows
}

export interface WalletFlow {
  kind: string
  before: boolean
  inFen: bigint
  outFen: bigint
}

/** What came into and left these books, by kind: before `start`, and in [start, end). */
export async function sumWalletFlows(
  db: Db,
  walletIds: readonly string[],
  { start, end }: { start: Temporal.Instant; end: Temporal.Instant },
): Promise<WalletFlow[]> {
  const { rows } = await sql<WalletFlow>`
    select kind, before, sum(in_fen)::bigint as in_fen, sum(out_fen)::bigint as out_fen from (
      select kind, at < ${start}::timestamptz as before, amount_fen as in_fen, 0 as out_fen from transfers
      where to_ledger_account_id = any(${walletIds}::text[]) and at < ${end}::timestamptz
      union all
      select kind, at < ${start}::timestamptz, 0, amount_fen from transfers
      where from_ledger_account_id = any(${walletIds}::text[]) and at < ${end}::timestamptz
    ) flows group by kind, before`.execute(db)
  return rows
}
