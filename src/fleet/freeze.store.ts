// Regions in which nothing is done by itself, because most of their machines are away at once.
import type { Db, Tx } from '../db/db.ts'
import type { RegionState } from './repair.ts'

export interface RegionFreeze {
  regionId: string
  frozenAt: Temporal.Instant
  away: number
  machines: number
}

export async function selectFreezes(db: Db | Tx): Promise<RegionFreeze[]> {
  return db
    .selectFrom('regionFreezes')
    .select(['regionId', 'frozenAt', 'away', 'machines'])
    .orderBy('regionId')
    .execute()
}

export async function insertFreezes(tx: Tx, now: Temporal.Instant, regions: readonly RegionState[]): Promise<void> {
  const rows = regions.map(({ regionId, away, machines }) => ({ regionId, away, machines, frozenAt: now }))
  if (rows.length > 0)
    await tx
      .insertInto('regionFreezes')
      .values(rows)
      .onConflict(row => row.doNothing())
      .execute()
}

export async function deleteFreezes(tx: Tx, regions: readonly RegionState[]): Promise<void> {
  for (const { regionId } of regions) await tx.deleteFrom('regionFreezes').where('regionId', '=', regionId).execute()
}
