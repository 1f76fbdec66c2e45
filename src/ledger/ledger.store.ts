// SQL of ledger_accounts, transfers, transfers_to_seal and ledger_seals. Nobody else writes these tables.
import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { LedgerAccount, LedgerAccountKind } from './ledger-account.ts'
import type { NewTransfer, Transfer } from './transfer.ts'

export interface NewLedgerAccount {
  id: string
  accountId: string
  kind: LedgerAccountKind
  orderId: string | null
}

/** Opens wallets and escrows at 0, in the installation's currency. Those that stand are left alone. */
export async function insertLedgerAccounts(
  db: Db | Tx,
  now: Temporal.Instant,
  books: readonly NewLedgerAccount[],
): Promise<void> {
  await sql`
    insert into ledger_accounts (id, account_id, kind, order_id, currency, balance_fen, created_at)
    select b.id, b.account_id, b.kind, b.order_id, platform.currency, 0, ${now}::timestamptz
    from unnest(${books.map(b => b.id)}::text[], ${books.map(b => b.accountId)}::text[],
      ${books.map(b => b.kind)}::text[], ${books.map(b => b.orderId)}::text[]) as b (id, account_id, kind, order_id)
    join ledger_accounts platform on platform.id = 'channel:operator'
    on conflict do nothing`.execute(db)
}

export async function updateCurrency(db: Db | Tx, currency: string): Promise<void> {
  await sql`
    update ledger_accounts set currency = ${currency}
    where currency <> ${currency} and not exists (select from transfers)`.execute(db)
}

/** Stored balances by id; books without one are not in the answer. */
export async function selectBalances(db: Db | Tx, ids: readonly string[]): Promise<Map<string, bigint>> {
  const { rows } = await sql<{ id: string; balanceFen: bigint }>`
    select id, balance_fen from ledger_accounts
    where id = any(${ids}::text[]) and balance_fen is not null`.execute(db)
  return new Map(rows.map(row => [row.id, row.balanceFen]))
}

export async function selectLedgerAccounts(db: Db | Tx, ids: readonly string[]): Promise<LedgerAccount[]> {
  const { rows } = await sql<LedgerAccount>`
    select id, kind, order_id from ledger_accounts where id = any(${ids}::text[])`.execute(db)
  return rows
}

/**
 * The balances, locked until the transaction ends, in the order of the ids: two transfers that meet never wait for each other
 * in a circle. `no key update`, since the foreign keys of transfers share-lock the same rows.
 */
export async function lockBalances(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, { kind: LedgerAccountKind; balanceFen: bigint }>> {
  const { rows } = await sql<{ id: string; kind: LedgerAccountKind; balanceFen: bigint }>`
    select id, kind, balance_fen from ledger_accounts
    where id = any(${ids}::text[]) and balance_fen is not null order by id for no key update`.execute(tx)
  return new Map(rows.map(({ id, kind, balanceFen }) => [id, { kind, balanceFen }]))
}

export async function addToBalances(tx: Tx, deltas: ReadonlyMap<string, bigint>): Promise<void> {
  await sql`
    update ledger_accounts set balance_fen = balance_fen + d.delta
    from unnest(${[...deltas.keys()]}::text[], ${[...deltas.values()]}::bigint[]) as d (id, delta)
    where ledger_accounts.id = d.id`.execute(tx)
}

/** Inserts what is new, queues it for the sealer, and returns the ids that are new. */
export async function insertTransfers(
  tx: Tx,
  now: Temporal.Instant,
  transfers: readonly NewTransfer[],
): Promise<Set<string>> {
  const { rows } = await sql<{ transferId: string }>`
    with fresh as (
      insert into transfers (id, kind, from_ledger_account_id, to_ledger_account_id, amount_fen, order_id, line_no,
        machine_id, at, memo)
      select t.id, t.kind, t.from_id, t.to_id, t.amount_fen, t.order_id, t.line_no, t.machine_id, ${now}::timestamptz, t.memo
      from unnest(${transfers.map(t => t.id)}::text[], ${transfers.map(t => t.kind)}::text[],
        ${transfers.map(t => t.from)}::text[], ${transfers.map(t => t.to)}::text[],
        ${transfers.map(t => t.amountFen)}::bigint[], ${transfers.map(t => t.orderId ?? null)}::text[],
        ${transfers.map(t => t.lineNo ?? null)}::integer[], ${transfers.map(t => t.machineId ?? null)}::text[],
        ${transfers.map(t => t.memo ?? '')}::text[])
        as t (id, kind, from_id, to_id, amount_fen, order_id, line_no, machine_id, memo)
      order by t.id
      on conflict (id) do nothing returning id)
    insert into transfers_to_seal (transfer_id) select id from fresh returning transfer_id`.execute(tx)
  return new Set(rows.map(row => row.transferId))
}

const transferColumns: RawBuilder<unknown> = sql`
  t.id, t.kind, t.from_ledger_account_id as "from", t.to_ledger_account_id as "to", t.amount_fen, t.order_id, t.line_no,
  t.machine_id, t.at, t.memo`

export async function selectTransfers(db: Db | Tx, ids: readonly string[]): Promise<Transfer[]> {
  const { rows } = await sql<Transfer>`
    select ${transferColumns} from transfers t where t.id = any(${ids}::text[])`.execute(db)
  return rows
}

export async function selectTransfersOfOrders(
  db: Db | Tx,
  orderIds: readonly string[],
  limit: number,
): Promise<Transfer[]> {
  const { rows } = await sql<Transfer>`
    select ${transferColumns} from transfers t where t.order_id = any(${orderIds}::text[])
    order by t.at, array_position(array['pay', 'capture', 'refund'], t.kind), t.line_no, t.id limit ${limit}`.execute(
    db,
  )
  return rows
}

/** What moved in these books, newest first, before the position given. */
export async function selectStatement(
  db: Db | Tx,
  ledgerAccountIds: readonly string[],
  before: { at: Temporal.Instant; id: string } | null,
  limit: number,
): Promise<Transfer[]> {
  // Each side is read along its own index and cut before the two are merged, so that a page costs a page.
  const side = (column: 'from_ledger_account_id' | 'to_ledger_account_id'): RawBuilder<unknown> => sql`
    select ${transferColumns} from transfers t where t.${sql.ref(column)} = any(${ledgerAccountIds}::text[])
      and t.amount_fen > 0
      ${before ? sql`and (t.at, t.id) < (${before.at}::timestamptz, ${before.id})` : sql``}
    order by t.at desc, t.id desc limit ${limit}`
  const { rows } = await sql<Transfer>`
    select * from ((${side('from_ledger_account_id')}) union (${side('to_ledger_account_id')})) as page
    order by at desc, id desc limit ${limit}`.execute(db)
  return rows
}
