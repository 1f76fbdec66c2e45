// Why a figure is what it is, as data: order → machine → intervals → price version → formula → rounding → ledger entries.
// Each step names ids and figures; the text, in Chinese or English, is made by who shows it.
import type { Db } from '../db/db.ts'
import { dayBounds } from '../lib/calendar.ts'
import { Refusal } from '../lib/errors.ts'
import { formatMicros } from '../lib/money.ts'
import { type MonthCount, monthsOf } from '../orders/month-count.ts'
import {
  type ExplainedLine,
  type ExplainedOrder,
  type ExplainedOrderLine,
  type ExplainedTransfer,
  findBillLine,
  findExplainedMachine,
  findExplainedOrder,
  findListedPrice,
  selectCorrectionsOf,
  selectIntervals,
  selectLinesOfMachine,
  selectOrderLines,
  selectOwnTransfers,
  selectTransfersOfOrder,
  sumBilled,
} from './explain.store.ts'
import { inOneSnapshot } from './invariant-check.ts'

export type InsightRefusal = 'TransferNotFound'

export type StepCode =
  | 'order'
  | 'machine'
  | 'interval'
  | 'minutes'
  | 'price'
  | 'list_price'
  | 'formula'
  | 'rounding'
  | 'line'
  | 'period'
  | 'billed'
  | 'correction'
  | 'transfer'
  | 'more'

export interface ExplanationStep {
  code: StepCode
  at: Temporal.Instant | null
  ids: Record<string, string>
  /** Amounts in fen, prices in micro-yuan, times in ISO 8601: all as text. */
  figures: Record<string, string>
}

export interface Explanation {
  subject: { kind: 'order' | 'machine' | 'line' | 'transfer'; id: string }
  /** What is explained comes to this; null for a machine, which has many figures. */
  amountFen: bigint | null
  steps: ExplanationStep[]
}

const shown = 100

/** An order, a machine, or a transfer (a bill line is asked for by its transfer); of this account. `zone`: the billing zone. */
export function explain(db: Db, accountId: string, id: string, zone: string): Promise<Explanation> {
  return inOneSnapshot(db, async snapshot => {
    if (id.startsWith('ord-')) return explainOrder(snapshot, accountId, id)
    if (id.startsWith('eas-i-')) return explainMachine(snapshot, accountId, id)
    return explainTransfer(snapshot, accountId, id, zone)
  })
}

async function explainTransfer(db: Db, accountId: string, id: string, zone: string): Promise<Explanation> {
  const lineId = id.replace(/:voucher$/, '').replace(/^correction:(.*):\d+$/, 'usage:$1')
  const line = await findBillLine(db, accountId, lineId)
  if (line) return explainLine(db, accountId, line, zone)
  const [transfer] = await selectOwnTransfers(db, accountId, [id])
  if (!transfer) {
    throw new Refusal<InsightRefusal>(
      'TransferNotFound',
      `transferId: there is no transfer ${id.slice(0, 100)} in your books`,
      {
        field: 'transferId',
      },
    )
  }
  const subject = { kind: 'transfer' as const, id }
  const { amountFen, orderId, lineNo } = transfer
  const order = orderId === null ? null : await findExplainedOrder(db, accountId, orderId)
  if (!order) return { subject, amountFen, steps: [transferStep(transfer)] }
  const lines = (await selectOrderLines(db, order.orderId, 10_000)).filter(
    one => lineNo === null || one.lineNo === lineNo,
  )
  const [machine] = lineNo === null ? [] : await machineSteps(db, accountId, lines[0]?.machineId ?? null)
  const transfers = await selectTransfersOfOrder(db, order.orderId, lineNo, shown)
  return {
    subject,
    amountFen,
    steps: [
      orderStep(order),
      ...(machine ? [machine] : []),
      ...(await priceSteps(db, accountId, order, lines[0])),
      ...cut(lines.map(lineStep)),
      ...cut(transfers.map(transferStep)),
    ],
  }
}

async function explainLine(db: Db, accountId: string, line: ExplainedLine, zone: string): Promise<Explanation> {
  const { machineId, billingDay, item, minutes, amountFen, transferId } = line
  const machine = await findExplainedMachine(db, accountId, machineId)
  const order = machine && (await findExplainedOrder(db, accountId, machine.orderId))
  const day = dayBounds(billingDay, zone)
  const intervals = await selectIntervals(db, machineId, { start: day.start, end: day.end }, shown)
  const corrections = await selectCorrectionsOf(db, line)
  const ids = corrections.map(one => `correction:${machineId}:${billingDay}:${item}:${one.number}`)
  const all = [transferId, ...ids].flatMap(one => [one, `${one}:voucher`])
  const transfers = await selectOwnTransfers(db, accountId, all)
  const exact = line.segments.reduce((sum, one) => sum + BigInt(one.microsPerHour) * BigInt(one.minutes), 0n)
  const times = line.segments.map(one => `${formatMicros(BigInt(one.microsPerHour))} × ${one.minutes} / 60`)
  return {
    subject: { kind: 'line', id: transferId },
    amountFen: corrections.reduce((sum, one) => sum + one.amountFen, amountFen),
    steps: [
      ...(order ? [orderStep(order)] : []),
      ...(await machineSteps(db, accountId, machineId)),
      ...cut(intervals.map(interval => intervalStep(machineId, interval))),
      step(
        'minutes',
        null,
        { machineId },
        {
          ...{ billingDay, item, minutes: String(minutes), anchorAt: machine?.anchorAt?.toString() ?? '' },
          ...{ dayStart: day.start.toString(), dayEnd: day.end.toString() },
        },
      ),
      ...line.segments.map(one =>
        step(
          'price',
          null,
          { zoneId: machine?.zoneId ?? '', specId: machine?.specId ?? '' },
          {
            ...{ item, version: String(one.version), microsPerHour: one.microsPerHour, minutes: String(one.minutes) },
            diskGib: String(item === 'disk' && machine ? machine.systemDiskGib - 200 : 0),
          },
        ),
      ),
      step('formula', null, {}, { text: times.join(' + '), microMinutes: exact.toString() }),
      step(
        'rounding',
        null,
        {},
        { exact: exactText(exact, 60n), amountFen: amountFen.toString(), rule: 'half_up_once' },
      ),
      ...corrections.map(one =>
        step(
          'correction',
          one.createdAt,
          { machineId },
          {
            ...{ billingDay, item, number: String(one.number), minutes: String(one.minutes) },
            ...{ amountFen: one.amountFen.toString(), reason: one.reason },
          },
        ),
      ),
      ...transfers.map(transferStep),
    ],
  }
}

async function explainOrder(db: Db, accountId: string, orderId: string): Promise<Explanation> {
  const order = await findExplainedOrder(db, accountId, orderId)
  if (!order) throw new Refusal('OrderNotFound', `orderId: there is no order ${orderId}`, { field: 'orderId', orderId })
  const parent = order.parentOrderId ? await findExplainedOrder(db, accountId, order.parentOrderId) : null
  const lines = await selectOrderLines(db, orderId, shown + 1)
  const transfers = await selectTransfersOfOrder(db, parent?.orderId ?? orderId, null, shown + 1)
  return {
    subject: { kind: 'order', id: orderId },
    amountFen: order.totalFen,
    steps: [
      ...(parent ? [orderStep(parent)] : []),
      orderStep(order),
      ...(await priceSteps(db, accountId, order, lines[0])),
      ...cut(lines.map(lineStep)),
      ...cut(transfers.map(transferStep)),
    ],
  }
}

async function explainMachine(db: Db, accountId: string, machineId: string): Promise<Explanation> {
  const steps = await machineSteps(db, accountId, machineId)
  if (steps.length === 0) {
    throw new Refusal('MachineNotFound', `machineId: there is no machine ${machineId}`, {
      field: 'machineId',
      machineId,
    })
  }
  const lines = await selectLinesOfMachine(db, machineId, shown)
  const orders = await Promise.all(
    [...new Set(lines.map(line => line.orderId))].map(id => findExplainedOrder(db, accountId, id)),
  )
  const intervals = await selectIntervals(db, machineId, { start: null, end: null }, shown)
  const billed = await sumBilled(db, machineId)
  return {
    subject: { kind: 'machine', id: machineId },
    amountFen: null,
    steps: [
      ...orders.flatMap(order => (order ? [orderStep(order)] : [])),
      ...steps,
      ...intervals.map(interval => intervalStep(machineId, interval)),
      ...lines.filter(line => line.amountFen > 0n).map(lineStep),
      ...billed.map(({ item, days, minutes, amountFen, fromDay, toDay }) => {
        const figures = { item, days: String(days), minutes: String(minutes), amountFen: amountFen.toString() }
        return step('billed', null, { machineId }, { ...figures, fromDay, toDay })
      }),
    ],
  }
}

/** The list price, the formula and the rounding of a prepaid order; nothing for what was not sold by the month. */
async function priceSteps(
  db: Db,
  accountId: string,
  order: ExplainedOrder,
  line: ExplainedOrderLine | undefined,
): Promise<ExplanationStep[]> {
  const machine = line?.machineId ? await findExplainedMachine(db, accountId, line.machineId) : null
  const zoneId = machine?.zoneId ?? order.zoneId
  const specId = machine?.specId ?? order.specId
  const months = line ? monthsPaid(order, line) : null
  if (!line || !months || !zoneId || !specId || order.chargeType !== 'prepaid' || order.kind === 'resize') return []
  const at = order.quotedAt ?? order.createdAt
  const price = await findListedPrice(db, { zoneId, specId, months: order.months, at })
  if (!price || price.monthMicros === null) return []
  const diskGib = line.quotedDiskGib ?? order.systemDiskGib ?? machine?.systemDiskGib ?? 200
  const gib = BigInt(Math.max(0, diskGib - 200))
  const exact = (price.monthMicros + price.diskGibMicros * gib) * months.numerator
  const disk = gib > 0n ? ` + ${gib} GiB × ${formatMicros(price.diskGibMicros)} × ${months.text}` : ''
  const ids = { offeringId: price.offeringId, ...(order.quoteId ? { quoteId: order.quoteId } : {}) }
  return [
    step('list_price', price.effectiveAt, ids, {
      ...{ version: String(price.version), months: String(price.months), microsPerMonth: price.monthMicros.toString() },
      ...{ diskGibMicros: price.diskGibMicros.toString(), pricedAt: at.toString() },
    }),
    step(
      'formula',
      null,
      {},
      {
        text: `${formatMicros(price.monthMicros)} × ${months.text}${disk}`,
        micros: (exact / months.denominator).toString(),
      },
    ),
    step(
      'rounding',
      null,
      {},
      { exact: exactText(exact, months.denominator), amountFen: line.amountFen.toString(), rule: 'half_up_once' },
    ),
  ]
}

function monthsPaid(
  { months, alignsTo }: ExplainedOrder,
  { wholeMonths, monthStart, monthEnd }: ExplainedOrderLine,
): MonthCount | null {
  if (months !== null) return monthsOf(months)
  if (alignsTo === null || wholeMonths === null || monthStart === null || monthEnd === null) return null
  return monthsOf(wholeMonths, { month: { startsAt: monthStart, expiresAt: monthEnd }, until: alignsTo })
}

async function machineSteps(db: Db, accountId: string, machineId: string | null): Promise<ExplanationStep[]> {
  const machine = machineId === null ? null : await findExplainedMachine(db, accountId, machineId)
  if (!machine) return []
  const { groupId, orderId, zoneId, specId, chargeType, systemDiskGib, runningAt, releaseAcceptedAt } = machine
  return [
    step(
      'machine',
      runningAt,
      { machineId: machine.machineId, groupId, orderId, zoneId, specId },
      {
        ...{ chargeType, systemDiskGib: String(systemDiskGib) },
        ...(releaseAcceptedAt ? { releaseAcceptedAt: releaseAcceptedAt.toString() } : {}),
      },
    ),
  ]
}

const step = (
  code: StepCode,
  at: Temporal.Instant | null,
  ids: Record<string, string>,
  figures: Record<string, string>,
): ExplanationStep => ({ code, at, ids, figures })

/** The first so many, and how many there are beyond. */
const cut = (steps: ExplanationStep[]): ExplanationStep[] =>
  steps.length <= shown
    ? steps
    : [...steps.slice(0, shown), step('more', null, {}, { code: steps[0]?.code ?? '', shown: String(shown) })]

const orderStep = (order: ExplainedOrder): ExplanationStep =>
  step(
    'order',
    order.createdAt,
    { orderId: order.orderId, actor: order.actor },
    {
      ...{ kind: order.kind, phase: order.phase, chargeType: order.chargeType, quantity: String(order.quantity) },
      ...(order.alignsTo ? { alignsTo: order.alignsTo.toString() } : {}),
      ...{ months: String(order.months ?? ''), totalFen: order.totalFen.toString() },
      ...{ paidCashFen: order.paidCashFen.toString(), paidVoucherFen: order.paidVoucherFen.toString() },
      ...{ capturedFen: order.capturedFen.toString(), refundedFen: order.refundedFen.toString() },
    },
  )

const intervalStep = (
  machineId: string,
  { startedAt, endedAt }: { startedAt: Temporal.Instant; endedAt: Temporal.Instant | null },
): ExplanationStep => step('interval', startedAt, { machineId }, { endedAt: endedAt?.toString() ?? '' })

const lineStep = (line: ExplainedOrderLine): ExplanationStep => {
  const ids = { orderId: line.orderId, lineNo: String(line.lineNo), machineId: line.machineId ?? '' }
  const amounts = { amountFen: line.amountFen.toString(), voucherFen: line.voucherFen.toString(), phase: line.phase }
  if (!line.periodStart || !line.periodEnd) return step('line', null, ids, amounts)
  return step('period', line.periodStart, ids, { ...amounts, endsAt: line.periodEnd.toString() })
}

const transferStep = (transfer: ExplainedTransfer): ExplanationStep =>
  step(
    'transfer',
    transfer.at,
    { transferId: transfer.transferId, from: transfer.fromId, to: transfer.toId },
    {
      ...{ kind: transfer.kind, amountFen: transfer.amountFen.toString(), number: transfer.number?.toString() ?? '' },
    },
  )

/** Micros over a denominator as yuan with as many digits as tell how it was rounded. */
function exactText(micros: bigint, denominator: bigint): string {
  const scaled = (micros * 10_000n) / denominator
  const one = 10_000_000_000n
  const digits = (scaled % one).toString().padStart(10, '0').replace(/0+$/, '').padEnd(2, '0')
  return `${scaled / one}.${digits}`
}
