// SQL of orders that wait for stock.
import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../db/db.ts'
import type { Order, OrderReason } from './order.ts'

/** Due now: those that wait for what there is stock of, as much as they can use. Who is in somebody's hands is left there. */
export async function wakeOrders(db: Db, now: Temporal.Instant): Promise<void> {
  await sql`
    with ready as (
      select o.id from orders o join stock s on s.zone_id = o.zone_id and s.spec_id = o.spec_id
      where o.waiting_lines > 0 and o.phase in ('paid', 'provisioning') and o.due_at > ${now}::timestamptz
        and s.total - s.allocated >= case when o.partial_ok then 1 else o.waiting_lines end
      for update of o skip locked)
    update orders o set due_at = ${now}::timestamptz from ready where o.id = ready.id`.execute(db)
}

/** By payment. */
export async function selectWaiting(tx: Tx, zoneId: string, specId: string, now: Temporal.Instant): Promise<Order[]> {
  const { rows } = await sql<Order>`
    select * from orders where waiting_lines > 0 and zone_id = ${zoneId} and spec_id = ${specId}
      and phase in ('paid', 'provisioning') and waits_until > ${now}::timestamptz
    order by paid_at, id`.execute(tx)
  return rows
}

/** Its time is over now; whoever has decided about it before finds it changed. Of an order that this transaction has locked. */
export async function endWait(tx: Tx, now: Temporal.Instant, orderId: string, reason: OrderReason): Promise<Order> {
  return tx
    .updateTable('orders')
    .set({ waitsUntil: now, dueAt: now, waitingLines: 0, reason: jsonb(reason), leaseId: null, leaseUntil: null })
    .set({ generation: sql<number>`generation + 1` })
    .where('id', '=', orderId)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The lowest lines of an order, above `afterLine`, that no machine was made for yet. */
export async function selectUnmadeLines(
  tx: Tx,
  orderId: string,
  afterLine: number,
  limit: number,
): Promise<{ lineNo: number; machineId: string }[]> {
  const { rows } = await sql<{ lineNo: number; machineId: string }>`
    select l.line_no, l.machine_id from order_lines l
    where l.order_id = ${orderId} and l.line_no > ${afterLine} and l.phase = 'pending' and l.machine_id is not null
      and not exists (select from machines m where m.order_id = l.order_id and m.line_no = l.line_no)
    order by l.line_no limit ${limit}`.execute(tx)
  return rows
}

/** Nothing came of this look: the lease goes back, and nothing else has changed. Of orders that this transaction has locked. */
export async function waitOn(
  tx: Tx,
  waits: readonly { id: string; dueAt: Temporal.Instant; waitingLines: number }[],
): Promise<void> {
  if (waits.length === 0) return
  await sql`
    update orders o set lease_id = null, lease_until = null, attempts = 0, due_at = w.due_at, waiting_lines = w.waiting_lines
    from unnest(${waits.map(w => w.id)}::text[], ${waits.map(w => w.dueAt)}::timestamptz[],
      ${waits.map(w => w.waitingLines)}::int[]) as w (id, due_at, waiting_lines)
    where o.id = w.id`.execute(tx)
}

/** By `zone spec`: for how many machines paid orders wait. */
export async function selectWaitedFor(db: Db | Tx, now: Temporal.Instant): Promise<Map<string, number>> {
  const { rows } = await sql<{ key: string; count: number }>`
    select zone_id || ' ' || spec_id as key, sum(waiting_lines)::int as count from orders
    where waiting_lines > 0 and phase in ('paid', 'provisioning') and waits_until > ${now}::timestamptz
    group by 1`.execute(db)
  return new Map(rows.map(row => [row.key, row.count]))
}
