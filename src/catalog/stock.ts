// What a zone has of a spec, sold prepaid or postpaid alike. Stock is taken with the order and given back with the release;
// `allocated` never passes `total` by a sale, and only the operator may lower `total` below what is sold.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'
import { invariant } from '../lib/invariant.ts'

/**
 * Takes `wanted` machines from stock and answers how many were granted: all or, when the stock is short, none; with
 * `partialOk` as many as there are. Needs a transaction: a rollback gives them back.
 */
export async function allocateStock(
  tx: Tx,
  zoneId: string,
  specId: string,
  wanted: number,
  { partialOk }: { partialOk: boolean },
): Promise<number> {
  invariant(Number.isSafeInteger(wanted) && wanted > 0, 'a wanted number of machines is a whole number above 0')
  const { rows } = await sql`
    update stock set allocated = allocated + ${wanted}
    where zone_id = ${zoneId} and spec_id = ${specId} and total - allocated >= ${wanted}
    returning 1`.execute(tx)
  if (rows.length > 0) return wanted
  if (!partialOk) return 0
  const granted = Math.min(wanted, await lockStock(tx, zoneId, specId))
  if (granted > 0) {
    await sql`
      update stock set allocated = allocated + ${granted}
      where zone_id = ${zoneId} and spec_id = ${specId}`.execute(tx)
  }
  return granted
}

/** How many machines are left, which stays true until this transaction ends. */
export async function lockStock(tx: Tx, zoneId: string, specId: string): Promise<number> {
  const { rows } = await sql<{ available: number }>`
    select total - allocated as available from stock where zone_id = ${zoneId} and spec_id = ${specId} for update`.execute(
    tx,
  )
  return Math.max(0, rows[0]?.available ?? 0)
}

/** Gives machines back to stock. The caller's `holds_stock` flag makes it happen once. */
export async function returnStock(
  tx: Tx,
  returned: readonly { zoneId: string; specId: string; count: number }[],
): Promise<void> {
  const sums = new Map<string, { zoneId: string; specId: string; count: number }>()
  for (const { zoneId, specId, count } of returned) {
    const key = JSON.stringify([zoneId, specId])
    sums.set(key, { zoneId, specId, count: (sums.get(key)?.count ?? 0) + count })
  }
  const rows = [...sums.values()].filter(row => row.count !== 0)
  if (rows.length === 0) return
  // Locked in one order, or two returns of the same two specs could wait for each other.
  const { numAffectedRows } = await sql`
    with back as (
      select * from unnest(${rows.map(r => r.zoneId)}::text[], ${rows.map(r => r.specId)}::text[],
        ${rows.map(r => r.count)}::int[]) as b (zone_id, spec_id, count)
    ), locked as materialized (
      select stock.zone_id, stock.spec_id, back.count from stock join back using (zone_id, spec_id)
      order by stock.zone_id, stock.spec_id for update of stock
    )
    update stock set allocated = stock.allocated - locked.count
    from locked where stock.zone_id = locked.zone_id and stock.spec_id = locked.spec_id`.execute(tx)
  invariant(numAffectedRows === BigInt(rows.length), 'stock is returned to a zone and spec that have a stock row')
}

/** Sets totals; rows are made where there are none. What is sold stays sold. */
export async function writeStockTotals(
  tx: Tx,
  totals: readonly { zoneId: string; specId: string; total: number }[],
): Promise<void> {
  if (totals.length === 0) return
  await sql`
    insert into stock (zone_id, spec_id, total)
    select * from unnest(${totals.map(t => t.zoneId)}::text[], ${totals.map(t => t.specId)}::text[],
      ${totals.map(t => t.total)}::int[]) as t (zone_id, spec_id, total)
    order by zone_id, spec_id
    on conflict (zone_id, spec_id) do update set total = excluded.total`.execute(tx)
}
