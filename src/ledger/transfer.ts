// Transfers: the only way money moves. A transfer takes from one book and gives to another; its id is its idempotency key,
// so a charge asked for twice happens once. Nothing is edited: a correction is a transfer back.
import type { Tx } from '../db/db.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { formatFen } from '../lib/money.ts'
import { addToBalances, insertTransfers, lockBalances, selectTransfers } from './ledger.store.ts'

export type TransferKind = 'top_up' | 'pay' | 'capture' | 'refund' | 'usage' | 'withdraw' | 'reversal'

export interface NewTransfer {
  /** Says what it is for, so that the same charge always has the same id: `capture:<order>:<line>`. */
  id: string
  kind: TransferKind
  /** Ids of ledger accounts. */
  from: string
  to: string
  amountFen: bigint
  orderId?: string | null
  lineNo?: number | null
  machineId?: string | null
  memo?: string
}

export interface Transfer extends Required<NewTransfer> {
  at: Temporal.Instant
}

export type LedgerRefusal = 'BalanceInsufficient' | 'InvalidAmount' | 'IdempotentParameterMismatch'

export interface PostOptions {
  /** Usage is owed whether the wallet has it or not: a cash wallet may go below 0. */
  allowNegative?: boolean
}

/** Posts all of them or none. What stands already is left as it is; the same id for another transfer is a bug. */
export async function post(
  tx: Tx,
  now: Temporal.Instant,
  transfers: readonly NewTransfer[],
  options: PostOptions = {},
): Promise<void> {
  const { different } = await postUnlessTaken(tx, now, transfers, options)
  invariant(different.length === 0, `the id of a transfer means one transfer: ${different.join(', ')}`)
}

export interface Posted {
  /** Ids posted now. */
  fresh: ReadonlySet<string>
  /** Ids that stand for another transfer. */
  different: string[]
}

/** As `post`, but tells of ids that stand for another transfer, where the id came from outside. */
export async function postUnlessTaken(
  tx: Tx,
  now: Temporal.Instant,
  transfers: readonly NewTransfer[],
  options: PostOptions = {},
): Promise<Posted> {
  if (transfers.length === 0) return { fresh: new Set(), different: [] }
  for (const t of transfers) {
    invariant(t.amountFen >= 0n && t.from !== t.to, `transfer ${t.id} moves an amount ≥ 0 between two books`)
  }
  invariant(new Set(transfers.map(t => t.id)).size === transfers.length, 'the transfers of a call have different ids')
  const fresh = await insertTransfers(tx, now, transfers)
  await moveBalances(
    tx,
    transfers.filter(t => fresh.has(t.id)),
    options,
  )
  if (fresh.size === transfers.length) return { fresh, different: [] }
  const standing = await selectTransfers(
    tx,
    transfers.filter(t => !fresh.has(t.id)).map(t => t.id),
  )
  const wanted = new Map(transfers.map(t => [t.id, t]))
  const different = standing.filter(stands => !isSame(stands, wanted.get(stands.id))).map(stands => stands.id)
  return { fresh, different }
}

function isSame(stands: Transfer, wanted: NewTransfer | undefined): boolean {
  return (
    wanted !== undefined &&
    stands.kind === wanted.kind &&
    stands.from === wanted.from &&
    stands.to === wanted.to &&
    stands.amountFen === wanted.amountFen &&
    stands.orderId === (wanted.orderId ?? null) &&
    stands.lineNo === (wanted.lineNo ?? null) &&
    stands.machineId === (wanted.machineId ?? null)
  )
}

/** What each book gains or loses; a book that comes out even is in it too, with 0. */
export function deltasOf(transfers: readonly NewTransfer[]): Map<string, bigint> {
  const deltas = new Map<string, bigint>()
  for (const { from, to, amountFen } of transfers) {
    deltas.set(from, (deltas.get(from) ?? 0n) - amountFen)
    deltas.set(to, (deltas.get(to) ?? 0n) + amountFen)
  }
  return deltas
}

async function moveBalances(tx: Tx, transfers: readonly NewTransfer[], options: PostOptions): Promise<void> {
  const deltas = deltasOf(transfers)
  for (const [id, delta] of deltas) if (delta === 0n) deltas.delete(id)
  if (deltas.size === 0) return
  const stored = await lockBalances(tx, [...deltas.keys()])
  for (const [id, delta] of deltas) {
    const book = stored.get(id)
    if (!book) {
      deltas.delete(id) // A book of the platform: a sum, no stored balance.
      continue
    }
    const after = book.balanceFen + delta
    if (after >= 0n || delta > 0n) continue
    invariant(book.kind !== 'escrow', `no more leaves ${id} than was paid into it`)
    if (book.kind === 'wallet_cash' && options.allowNegative) continue
    throw balanceInsufficient(-after)
  }
  await addToBalances(tx, deltas)
}

export function balanceInsufficient(missingFen: bigint, what = 'this'): Refusal<LedgerRefusal> {
  return new Refusal<LedgerRefusal>(
    'BalanceInsufficient',
    `the wallet has ${formatFen(missingFen)} too little for ${what}; top it up by at least that much`,
    { missingFen: missingFen.toString() },
  )
}
