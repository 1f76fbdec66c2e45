// SQL of the sealer.
import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Transfer } from './transfer.ts'

export interface Seal {
  number: bigint
  transferId: string
  hash: Buffer
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

export async function lastSeal(tx: Db | Tx): Promise<Pick<Seal, 'number' | 'hash'> | null> {
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

export interface BrokenSeal {
  number: bigint
  claim: string
}

/**
 * The first number in (after, to] at which the chain is broken. Told by SQL alone, one hash a row against the stored one
 * before it: that is the whole chain, link by link, and shares no code with what made it. `after` must have been checked.
 */
export async function selectBrokenSeal(db: Db | Tx, after: bigint, to: bigint): Promise<BrokenSeal | null> {
  const text = (column: string): RawBuilder<string> => sql`coalesce(to_json(${sql.ref(column)})::text, 'null')`
  const { rows } = await sql<BrokenSeal>`
    with part as (
      select number, transfer_id, hash, lag(number) over w as previous,
        case when number = 1 then decode(repeat('00', 32), 'hex') else lag(hash) over w end as previous_hash
      from ledger_seals where number between ${after} and ${to} window w as (order by number))
    select number, claim from (
      select case when p.number > 1 and p.previous is distinct from p.number - 1 then coalesce(p.previous + 1, p.number - 1)
          else p.number end as number,
        case when p.number > 1 and p.previous is distinct from p.number - 1
            then format('number %s is missing', coalesce(p.previous + 1, p.number - 1))
          when t.id is null then format('transfer %s is missing', p.transfer_id)
          when p.hash <> sha256(convert_to('["' || p.number || '","' || encode(p.previous_hash, 'hex') || '",'
            || ${text('t.id')} || ',' || ${text('t.kind')} || ',' || ${text('t.from_ledger_account_id')} || ','
            || ${text('t.to_ledger_account_id')} || ',"' || t.amount_fen || '",' || ${text('t.order_id')} || ','
            || coalesce(t.line_no::text, 'null') || ',' || ${text('t.machine_id')} || ',"'
            || rtrim(rtrim(to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z",'
            || ${text('t.memo')} || ']', 'UTF8')) then format('transfer %s was changed', t.id)
        end as claim
      from part p left join transfers t on t.id = p.transfer_id where p.number > ${after}) as checked
    where claim is not null order by number limit 1`.execute(db)
  return rows[0] ?? null
}

/** The newest number; 0 before the first. */
export async function selectLastNumber(db: Db | Tx): Promise<bigint> {
  const { rows } = await sql<{ number: bigint | null }>`select max(number) as number from ledger_seals`.execute(db)
  return rows[0]?.number ?? 0n
}
