// Money that comes in by the operator's hand, and what an account can read of its own books.
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { selectStatement, selectTransfersOfOrders } from './ledger.store.ts'
import { channelOperator, channelVoucher, walletCashId, walletOf, walletVoucherId } from './ledger-account.ts'
import { type LedgerRefusal, postUnlessTaken, type Transfer } from './transfer.ts'

export type { Transfer }

const faults = declareFaults('ledger.top-up.before-commit', 'ledger.top-up.after-commit')

/** 10^13 yuan: far above any wallet, far below where sums would overflow. */
export const topUpFenMax = 10n ** 15n

export interface TopUp {
  transferId: string
  accountId: string
  amountFen: bigint
}

/** Puts money (or a voucher) into a wallet. The same client token does it once, and answers the same. */
export async function topUp(
  ctx: Ctx,
  actor: Actor,
  accountId: string,
  amountFen: bigint,
  clientToken: string | null,
  wallet: 'cash' | 'voucher' = 'cash',
): Promise<TopUp> {
  if (amountFen <= 0n || amountFen > topUpFenMax) {
    throw new Refusal<LedgerRefusal>('InvalidAmount', `amountFen: must be above 0 and at most ${topUpFenMax} fen`, {
      field: 'amountFen',
    })
  }
  const transferId = `top_up:${accountId}:${clientToken ?? newId(ctx.random, 'top')}`
  const now = ctx.clock.now()
  await transaction(ctx, async tx => {
    const books = await walletOf(tx, now, accountId)
    const from = wallet === 'cash' ? channelOperator : channelVoucher
    const to = wallet === 'cash' ? books.cashId : books.voucherId
    const { fresh, different } = await postUnlessTaken(tx, now, [
      { id: transferId, kind: 'top_up', from, to, amountFen },
    ])
    if (different.length > 0) {
      throw new Refusal<LedgerRefusal>(
        'IdempotentParameterMismatch',
        'clientToken: it was used for another top-up; use a new one for a new top-up',
        { field: 'clientToken' },
      )
    }
    if (fresh.size === 0) return // Asked for again: it stands.
    await appendEvents(tx, now, [
      {
        accountId,
        kind: 'wallet.topped_up',
        subjectKind: 'account',
        subjectId: accountId,
        actor: actor.name,
        data: { transferId, wallet, amountFen: amountFen.toString() },
      },
    ])
    await faults.point('ledger.top-up.before-commit')
  })
  await faults.point('ledger.top-up.after-commit')
  return { transferId, accountId, amountFen }
}

export interface StatementQuery {
  /** The last transfer of the page before; the list goes from new to old. */
  before?: { at: Temporal.Instant; id: string } | null
  limit: number
}

export interface StatementItem extends Transfer {
  /** What it did to the account's wallets: positive for money in. */
  signedFen: bigint
  wallet: 'cash' | 'voucher'
}

/**
 * What moved in the account's wallets, newest first. A postpaid order pays 0: that moves nothing, and stands in the trace of the
 * order alone. Keyset paging: hand the last item's `at` and `id` back.
 */
export async function listTransfers(db: Db | Tx, accountId: string, query: StatementQuery): Promise<StatementItem[]> {
  const cash = walletCashId(accountId)
  const voucher = walletVoucherId(accountId)
  const limit = Math.max(1, Math.min(query.limit, 500))
  const rows = await selectStatement(db, [cash, voucher], query.before ?? null, limit)
  return rows.map(row => ({
    ...row,
    signedFen: row.to === cash || row.to === voucher ? row.amountFen : -row.amountFen,
    wallet: row.to === voucher || row.from === voucher ? 'voucher' : 'cash',
  }))
}

/** Every transfer of these orders, oldest first; at most 25,000. */
export async function transfersOfOrders(db: Db | Tx, orderIds: readonly string[], limit = 25_000): Promise<Transfer[]> {
  return selectTransfersOfOrders(db, orderIds, limit)
}
