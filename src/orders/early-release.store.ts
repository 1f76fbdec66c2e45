// SQL of the lines of an early release: each names the paid line that it gives back a part of.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'

export interface RefundLine {
  lineNo: number
  machineId: string
  amountFen: bigint
  voucherFen: bigint
  refundsOrderId: string
  refundsLineNo: number
  /** The time that is given back. */
  periodStart: Temporal.Instant
  periodEnd: Temporal.Instant
}

export async function insertRefundLines(
  tx: Tx,
  accountId: string,
  orderId: string,
  lines: readonly RefundLine[],
): Promise<void> {
  await sql`
    insert into order_lines (order_id, account_id, line_no, machine_id, amount_fen, voucher_fen, phase, refunds_order_id,
      refunds_line_no, period_start, period_end)
    select ${orderId}, ${accountId}, l.line_no, l.machine_id, l.amount_fen, l.voucher_fen, 'refunded', l.refunds_order_id,
      l.refunds_line_no, l.period_start, l.period_end
    from unnest(${lines.map(l => l.lineNo)}::integer[], ${lines.map(l => l.machineId)}::text[],
      ${lines.map(l => l.amountFen)}::bigint[], ${lines.map(l => l.voucherFen)}::bigint[],
      ${lines.map(l => l.refundsOrderId)}::text[], ${lines.map(l => l.refundsLineNo)}::integer[],
      ${lines.map(l => l.periodStart)}::timestamptz[], ${lines.map(l => l.periodEnd)}::timestamptz[])
      as l (line_no, machine_id, amount_fen, voucher_fen, refunds_order_id, refunds_line_no, period_start, period_end)`.execute(
    tx,
  )
}
