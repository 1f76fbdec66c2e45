// Runs a table of transfers against a real ledger. One line is one call; a reader sees the case that is missing.
//   top_up  alice.cash 100_00           ok
//   pay     alice.cash -> order 80_00   ok
//   pay     alice.cash -> order 30_00   BalanceInsufficient
//   balance alice.cash 20_00
import type { Ctx } from '../../src/db/ctx.ts'
import { transaction } from '../../src/db/db.ts'
import { selectBalances } from '../../src/ledger/ledger.store.ts'
import {
  channelOperator,
  openEscrow,
  revenuePostpaid,
  revenuePrepaid,
  walletOf,
} from '../../src/ledger/ledger-account.ts'
import { post, type TransferKind } from '../../src/ledger/transfer.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { InvariantError } from '../../src/lib/invariant.ts'

const row = /^(\w+)\s+(?:#(\S+)\s+)?(\S+)(?:\s+->\s+(\S+))?\s+(-?[\d_]+)(?:\s+(\w+))?$/

/** Returns what differed from the table, one text per line; an empty list means that all of it held. */
export async function ledgerTable(ctx: Ctx, accountId: string, text: string): Promise<string[]> {
  const wallet = await walletOf(ctx.db, ctx.clock.now(), accountId)
  const books: Record<string, string> = {
    cash: wallet.cashId,
    voucher: wallet.voucherId,
    channel: channelOperator,
    prepaid: revenuePrepaid,
    postpaid: revenuePostpaid,
  }
  const bookOf = async (name: string): Promise<string> => {
    const order = /^order\d*$/.exec(name)
    if (!order) return books[name] ?? name
    return transaction(ctx, tx => openEscrow(tx, ctx.clock.now(), accountId, `${accountId}-${name}`))
  }
  const differences: string[] = []
  let number = 0
  for (const line of text.split('\n').map(part => part.replace(/\/\/.*/, '').trim())) {
    if (line === '') continue
    number++
    const match = row.exec(line)
    if (!match) throw new Error(`not a line of a ledger table: ${line}`)
    const [, verb = '', id, first = '', second, amount = '', wanted] = match
    const fen = BigInt(amount.replaceAll('_', ''))
    if (verb === 'balance') {
      const bookId = await bookOf(first)
      const has = (await selectBalances(ctx.db, [bookId])).get(bookId)
      if (has !== fen) differences.push(`${line}: has ${has}`)
      continue
    }
    const seen = await attempt(ctx, {
      id: `${accountId}:${id ?? number}`,
      kind: verb as TransferKind,
      from: second ? await bookOf(first) : channelOperator,
      to: await bookOf(second ?? first),
      amountFen: fen,
    })
    if (seen !== wanted) differences.push(`${line}: ${seen}`)
  }
  return differences
}

async function attempt(ctx: Ctx, transfer: Parameters<typeof post>[2][number]): Promise<string> {
  try {
    await transaction(ctx, tx => post(tx, ctx.clock.now(), [transfer], { allowNegative: transfer.kind === 'usage' }))
    return 'ok'
  } catch (error) {
    if (isRefusal(error)) return error.code
    if (error instanceof InvariantError) return 'bug'
    throw error
  }
}
