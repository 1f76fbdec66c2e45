// SQL of the sealer.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Transfer } from './transfer.ts'

export interface Seal {
  number: bigint
  transferId: string
  hash: Buffer
}

export interface SealedTransfer {
  number: bigint
  hash: Buffer
  transfer: Transfer
}

/** Takes up to `limit` transfers out of the queue, oldest first. They are sealed in this transaction or stay in it. */
export async function selectToSeal(tx: Tx, limit: number): Promise<Transfer[]> {
  const { rows } = await sql<Transfer>`
    with picked as (
      select q.transfer_id from transfers_to_seal q join transfers t on t.id = q.transfer_id
      order by t.at, t.id limit ${limit}),
    taken as (
      delete from transfers_to_seal q using picked where q.transfer_id = picked.transfer_id returning q.transfer_id)
    select t.id, t.kind, t.from_ledger_account_id as "from", t.to_ledger_account_id as "to", t.amount_fen, t.order_id,
      t.line_no, t.machine_id, t.at, t.memo
    from transfers t join taken on taken.transfer_id = t.id order by t.at, t.id`.execute(tx)
  return rows
}

export async function lastSeal(tx: Tx): Promise<Pick<Seal, 'number' | 'hash'> | null> {
  const { rows } = await sql<Pick<Seal, 'number' | 'hash'>>`
    select number, hash from ledger_seals order by number desc limit 1`.execute(tx)
  return rows[0] ?? null
}

export async function insertSeals(tx: Tx, seals: readonly Seal[]): Promise<void> {
  await sql`
    insert into ledger_seals (number, transfer_id, hash)
    select s.number, s.transfer_id, decode(s.hash, 'hex')
    from unnest(${seals.map(s => s.number)}::bigint[], ${seals.map(s => s.transferId)}::text[],
      ${seals.map(s => s.hash.toString('hex'))}::text[]) as s (number, transfer_id, hash)`.execute(tx)
}

/** A page of the chain after a number. */
export async function selectSeals(db: Db | Tx, after: bigint, limit: number): Promise<SealedTransfer[]> {
  const { rows } = await sql<Transfer & { number: bigint; hash: Buffer }>`
    select s.number, s.hash, t.id, t.kind, t.from_ledger_account_id as "from", t.to_ledger_account_id as "to",
      t.amount_fen, t.order_id, t.line_no, t.machine_id, t.at, t.memo
    from ledger_seals s join transfers t on t.id = s.transfer_id
    where s.number > ${after} order by s.number limit ${limit}`.execute(db)
  return rows.map(({ number, hash, ...transfer }) => ({ number, hash, transfer }))
}
