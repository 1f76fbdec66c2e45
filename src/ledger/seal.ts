// Numbers and a hash chain for transfers, made after commit by one writer, so that writes don't queue behind them.
// hash(n) = sha256 of the canonical text [n, hash(n−1), every field of the transfer]: a change of any past transfer, or a
// missing one, shows (I4). What verifies it needs the table alone.
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Ctx } from '../db/ctx.ts'
import { type Db, transaction } from '../db/db.ts'
import { declareFaults } from '../lib/fault.ts'
import type { Report } from '../reconcile/loop.ts'
import { insertSeals, lastSeal, type Seal, selectBrokenSeal, selectLastNumber, selectToSeal } from './seal.store.ts'
import type { Transfer } from './transfer.ts'

const faults = declareFaults('ledger.seal.before-commit', 'ledger.seal.after-commit')

const batchSize = 2000
const firstHash = Buffer.alloc(32)

/** JSON of an array: unambiguous, whatever a memo contains. */
export function canonicalText(number: bigint, previousHash: Buffer, t: Transfer): string {
  return JSON.stringify([
    number.toString(),
    previousHash.toString('hex'),
    t.id,
    t.kind,
    t.from,
    t.to,
    t.amountFen.toString(),
    t.orderId,
    t.lineNo,
    t.machineId,
    t.at.toString(),
    t.memo,
  ])
}

export function sealOf(number: bigint, previousHash: Buffer, transfer: Transfer): Buffer {
  return createHash('sha256')
    .update(canonicalText(number, previousHash, transfer))
    .digest()
}

/** Seals one batch. A second sealer finds the lock taken and leaves at once. */
export async function sealTransfers(ctx: Ctx): Promise<Report> {
  const sealed = await transaction(ctx, async tx => {
    const lock = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended('berth:seal', 0)) as mine`.execute(tx)
    if (!lock.rows[0]?.mine) return 0
    const transfers = await selectToSeal(tx, batchSize)
    if (transfers.length === 0) return 0
    const last = await lastSeal(tx)
    let number = last?.number ?? 0n
    let hash: Buffer = last?.hash ?? firstHash
    const seals = transfers.map(transfer => {
      number += 1n
      hash = sealOf(number, hash, transfer)
      return { number, transferId: transfer.id, hash }
    })
    await insertSeals(tx, seals)
    await faults.point('ledger.seal.before-commit')
    return seals.length
  })
  if (sealed > 0) await faults.point('ledger.seal.after-commit')
  return { found: sealed, changed: sealed }
}

/** The head of the chain: noted outside, it also tells when the newest transfers are cut off. */
export const sealHead = (db: Db): Promise<Pick<Seal, 'number' | 'hash'> | null> => lastSeal(db)

export interface SealCheck {
  ok: boolean
  /** How many carry a number. */
  sealed: bigint
  /** The first number at which the chain is broken, and why. */
  problem: { number: bigint; claim: string } | null
}

const slice = 50_000n

/** Walks the chain (all of it, or the numbers in (after, to]) slice by slice, with flat memory. */
export async function verifySeals(
  db: Db,
  { after, to }: { after: bigint; to: bigint | null } = { after: 0n, to: null },
): Promise<SealCheck> {
  const last = to ?? (await selectLastNumber(db))
  for (let done = after; done < last; ) {
    const until = done + slice < last ? done + slice : last
    const problem = await selectBrokenSeal(db, done, until)
    if (problem) return { ok: false, sealed: problem.number - 1n, problem }
    done = until
  }
  return { ok: true, sealed: last, problem: null }
}
