import { escrowId, revenuePrepaid } from '../ledger/ledger-account.ts'
import type { NewTransfer } from '../ledger/transfer.ts'

/** Escrow → revenue, once per line. */
export function captureOf(
  orderId: string,
  line: { lineNo: number; machineId: string | null; amountFen: bigint },
): NewTransfer {
  const { lineNo, machineId, amountFen } = line
  const id = `capture:${orderId}:${lineNo}`
  return { id, kind: 'capture', from: escrowId(orderId), to: revenuePrepaid, amountFen, orderId, lineNo, machineId }
}
