// Larger system disks for one machine or many: one quote, one order, one line per machine. What is paid is what was quoted,
// for the disk and the expiry that were quoted, or nothing (resize-machines.ts).
import { z } from 'zod'
import { currentPrice } from '../catalog/catalog.ts'
import { offeringIdOf } from '../catalog/offering.ts'
import { type PriceVersion, systemDiskGibMax, systemDiskGibMin } from '../catalog/price.ts'
import type { Db, Tx } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { listMachines } from '../fleet/machines.ts'
import { refuseResize, resizesUnderWay } from '../fleet/resizes.ts'
import { Refusal } from '../lib/errors.ts'
import { formatFen, formatMicros, roundHalfUpToFen } from '../lib/money.ts'
import { invalid, parseWith } from './buy-request.ts'
import { type Change, type ChangeQuote, type PlaceChange, placeChange, quoteChange } from './change-order.ts'
import { isEnded, type Order, type OrderPhase, type OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { type PaidLine, selectPaidLines } from './paid-line.store.ts'
import { machineNotFound } from './renewal.ts'
import { moreBillableGib, type PaidPeriod, priceResize } from './resize-price.ts'
import { type PaidMachine, selectPaidMachines } from './subscription.store.ts'

export const resizedAtOnceMax = 1000

export const resizeRequestSchema = z.strictObject({
  machineIds: z
    .array(z.string().min(1).max(100))
    .min(1, 'name at least one machine')
    .max(resizedAtOnceMax, `name at most ${resizedAtOnceMax} machines`),
  systemDiskGib: z
    .int(`must be a whole number from ${systemDiskGibMin} to ${systemDiskGibMax}`)
    .min(systemDiskGibMin, `must be at least ${systemDiskGibMin}`)
    .max(systemDiskGibMax, `must be at most ${systemDiskGibMax}`),
})

export type ResizeRequestInput = z.input<typeof resizeRequestSchema>
type ResizeRequest = z.output<typeof resizeRequestSchema>

export interface ResizeLine {
  machineId: string
  fromGib: number
  toGib: number
  /** To its expiry; 0 for postpaid. */
  amountFen: bigint
  /** Postpaid: what the larger disk costs more in an hour, in micro-yuan. */
  moreHourMicros: bigint
  /** The expiry this line is bound to; null for postpaid. */
  quotedExpiresAt: Temporal.Instant | null
  formula: string
}

interface PricedResize {
  chargeType: 'prepaid' | 'postpaid'
  /** Where all of them are in one. */
  groupId: string | null
  lines: ResizeLine[]
}

export interface ResizeQuote extends PricedResize, ChangeQuote {
  systemDiskGib: number
  /** Postpaid: what 24 hours of all of it cost more; so much must be available. */
  dayFen: bigint
}

function parseResizeRequest(input: unknown): ResizeRequest {
  const { machineIds, systemDiskGib } = parseWith(resizeRequestSchema, input)
  return { machineIds: [...new Set(machineIds)].sort(), systemDiskGib }
}

/** What 24 hours of these lines cost more, rounded once. */
export const dayOf = (lines: readonly Pick<ResizeLine, 'moreHourMicros'>[]): bigint =>
  roundHalfUpToFen(lines.reduce((sum, line) => sum + line.moreHourMicros, 0n) * 24n)

const change: Change<ResizeRequestInput, ResizeRequest, PricedResize> = {
  kind: 'resize',
  parse: parseResizeRequest,
  price: priceLines,
  revive: ({ lines, ...rest }) => ({
    ...rest,
    lines: lines.map(line => ({
      ...line,
      amountFen: BigInt(line.amountFen),
      moreHourMicros: BigInt(line.moreHourMicros),
      quotedExpiresAt: line.quotedExpiresAt === null ? null : Temporal.Instant.from(line.quotedExpiresAt),
    })),
  }),
  order: ({ systemDiskGib }, { chargeType, groupId, lines }) => ({
    // A disk that has grown does not shrink: what was done stays, and only what was refused is paid back.
    order: { chargeType, groupId, systemDiskGib, partialOk: true },
    lines: lines.map(({ machineId, amountFen, quotedExpiresAt, fromGib, toGib }) => {
      return { machineId, amountFen, quotedExpiresAt, quotedDiskGib: fromGib, resizedToGib: toGib }
    }),
  }),
}

export async function quoteResize(ctx: OrdersCtx, actor: Actor, input: ResizeRequestInput): Promise<ResizeQuote> {
  const { request, ...quote } = await quoteChange(ctx, actor, input, change)
  return { ...quote, systemDiskGib: request.systemDiskGib, dayFen: dayOf(quote.lines) }
}

export type PlaceResize = PlaceChange<ResizeRequestInput>

/** Places the resize; once it is paid the disks are asked for, and what the driver refuses is paid back by itself. */
export const placeResize = (ctx: OrdersCtx, actor: Actor, input: PlaceResize): Promise<Order> =>
  placeChange(ctx, actor, input, change)

/** All of them or a refusal that says which one and why. */
async function priceLines(
  _ctx: OrdersCtx,
  db: Db | Tx,
  accountId: string,
  { machineIds, systemDiskGib }: ResizeRequest,
  now: Temporal.Instant,
): Promise<PricedResize> {
  const machines = await selectPaidMachines(db, accountId, { machineIds }, machineIds.length)
  const found = new Set(machines.map(machine => machine.machineId))
  const missing = machineIds.find(id => !found.has(id))
  if (missing !== undefined) throw machineNotFound(missing)
  await refuseAny(db, accountId, machines, systemDiskGib, now)
  const [chargeType, ...otherTypes] = new Set(machines.map(machine => machine.chargeType))
  if (chargeType === undefined || otherTypes.length > 0)
    throw invalid('machineIds', 'some of them are prepaid and some are paid by use: resize these two apart')
  const paid = Map.groupBy(await selectPaidLines(db, accountId, machineIds, now), line => line.machineId)
  const prices = new Map<string, PriceVersion>()
  const lines: ResizeLine[] = []
  for (const machine of machines) {
    const offeringId = offeringIdOf(machine)
    const price = prices.get(offeringId) ?? (await currentPrice(db, offeringId, now))
    prices.set(offeringId, price)
    const periods = (paid.get(machine.machineId) ?? []).filter(line => line.kind !== 'resize').map(periodOf)
    lines.push(lineOf(machine, systemDiskGib, price, periods, now))
  }
  const [groupId = null, ...otherGroups] = new Set(machines.map(machine => machine.groupId))
  return { chargeType, groupId: otherGroups.length > 0 ? null : groupId, lines }
}

function periodOf({ startsAt, expiresAt, months, wholeMonths, monthStart, monthEnd }: PaidLine): PaidPeriod {
  const month = monthStart !== null && monthEnd !== null ? { startsAt: monthStart, expiresAt: monthEnd } : null
  const cut = month && { month, until: expiresAt }
  return { startsAt, expiresAt, months: wholeMonths ?? months ?? 0, cut }
}

function lineOf(
  machine: PaidMachine,
  toGib: number,
  { diskGibMicros }: PriceVersion,
  periods: readonly PaidPeriod[],
  now: Temporal.Instant,
): ResizeLine {
  const { machineId, systemDiskGib: fromGib, expiresAt, chargeType } = machine
  if (chargeType === 'prepaid') {
    const { amountFen, formula } = priceResize({ fromGib, toGib, diskGibMicros, periods, now })
    return { machineId, fromGib, toGib, amountFen, moreHourMicros: 0n, quotedExpiresAt: expiresAt, formula }
  }
  const more = moreBillableGib(fromGib, toGib)
  const moreHourMicros = more * diskGibMicros
  const formula = `${more} GiB × ${formatMicros(diskGibMicros)}/GiB/hour = ${formatMicros(moreHourMicros)}/hour (now ${formatFen(0n)})`
  return { machineId, fromGib, toGib, amountFen: 0n, moreHourMicros, quotedExpiresAt: null, formula }
}

async function refuseAny(
  db: Db | Tx,
  accountId: string,
  machines: readonly PaidMachine[],
  toGib: number,
  now: Temporal.Instant,
): Promise<void> {
  for (const machine of machines) refuseUnpaid(machine, now)
  const ids = machines.map(machine => machine.machineId)
  const underWay = await resizesUnderWay(db, ids)
  const states = await listMachines(db, { accountId, ids, limit: ids.length })
  for (const state of states) {
    const refusal = refuseResize(state, toGib, underWay, now)
    if (refusal) throw refusal
  }
}

function refuseUnpaid(
  { machineId, chargeType, orderPhase, expiresAt, phase }: PaidMachine,
  now: Temporal.Instant,
): void {
  if (phase === 'failed' || phase === 'released' || phase === 'releasing') return // The fleet says so, with its status.
  if (!isEnded(orderPhase as OrderPhase) || (chargeType === 'prepaid' && expiresAt === null)) {
    throw new Refusal<OrdersRefusal>(
      'OrderInProgress',
      `machine ${machineId} is still being delivered: resize its disk once it is`,
      { machineId },
    )
  }
  if (expiresAt === null || Temporal.Instant.compare(now, expiresAt) < 0) return
  throw new Refusal<OrdersRefusal>(
    'ResizeConflict',
    `machine ${machineId} has expired: renew it first, then resize its disk`,
    {
      machineId,
    },
  )
}
