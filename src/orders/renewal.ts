// Renewing prepaid machines, one or all of a group: one quote, one order, one line per machine. The quote shows for each
// machine until when it will be paid; what is paid is what was quoted, or nothing (renew-machines.ts).
import { z } from 'zod'
import { currentPrice, getOffering } from '../catalog/catalog.ts'
import { type Months, priceMachines } from '../catalog/price.ts'
import type { Db, Tx } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { getGroup } from '../fleet/resource-groups.ts'
import { Refusal } from '../lib/errors.ts'
import { invalid, parseWith, quantityMax } from './buy-request.ts'
import { type Change, type ChangeQuote, type PlaceChange, placeChange, quoteChange } from './change-order.ts'
import type { Order, OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { machineReleased } from './renew-machines.ts'
import { type PaidMachine, selectPaidMachines } from './subscription.store.ts'
import { hasExpired, keptUntil, renewedPeriod, type Subscription } from './subscription.ts'

/** Which machines: of renewals and alignments. */
export const whichSchema = {
  /** These … */
  machineIds: z
    .array(z.string().min(1).max(100))
    .min(1, 'name at least one machine')
    .max(quantityMax, `name at most ${quantityMax} machines`)
    .optional(),
  /** … or every prepaid machine of this group. */
  groupId: z.string().min(1).max(100).optional(),
}

export const renewalRequestSchema = z.strictObject({
  ...whichSchema,
  months: z.literal([1, 2, 3, 6, 12], 'must be 1, 2, 3, 6 or 12'),
})

export type RenewalRequestInput = z.input<typeof renewalRequestSchema>

export interface RenewalLine {
  machineId: string
  amountFen: bigint
  /** The expiry this line is bound to: paid later than another renewal, it is refused. */
  quotedExpiresAt: Temporal.Instant
  /** As it would be if paid now; for a machine that has expired the period starts with the payment. */
  startsAt: Temporal.Instant
  expiresAt: Temporal.Instant
  restarts: boolean
  /** The disk that was priced: a larger one by the time of payment refuses it. */
  quotedDiskGib: number
}

export interface RenewalQuote extends ChangeQuote {
  months: Months
  lines: RenewalLine[]
}

export interface Which {
  machineIds: string[] | null
  groupId: string | null
}

interface RenewalRequest extends Which {
  months: Months
}

function parseRenewalRequest(input: unknown): RenewalRequest {
  const { months, ...which } = parseWith(renewalRequestSchema, input)
  return { ...parseWhich(which), months }
}

type WhichInput = Pick<z.output<typeof renewalRequestSchema>, 'machineIds' | 'groupId'>

export function parseWhich({ machineIds, groupId }: WhichInput): Which {
  if ((machineIds === undefined) === (groupId === undefined))
    throw invalid('machineIds', 'give either machineIds or a groupId')
  return { machineIds: machineIds ? [...new Set(machineIds)].sort() : null, groupId: groupId ?? null }
}

const change: Change<RenewalRequestInput, RenewalRequest, { lines: RenewalLine[] }> = {
  kind: 'renewal',
  parse: parseRenewalRequest,
  price: priceRenewal,
  revive: ({ lines }) => ({
    lines: lines.map(({ amountFen, quotedExpiresAt, startsAt, expiresAt, ...line }) => ({
      ...line,
      amountFen: BigInt(amountFen),
      quotedExpiresAt: Temporal.Instant.from(quotedExpiresAt),
      startsAt: Temporal.Instant.from(startsAt),
      expiresAt: Temporal.Instant.from(expiresAt),
    })),
  }),
  order: ({ months, groupId }, { lines }) => ({ order: { chargeType: 'prepaid', groupId, months }, lines }),
}

export async function quoteRenewal(ctx: OrdersCtx, actor: Actor, input: RenewalRequestInput): Promise<RenewalQuote> {
  const { request, ...quote } = await quoteChange(ctx, actor, input, change)
  return { ...quote, months: request.months }
}

export type PlaceRenewal = PlaceChange<RenewalRequestInput>

/** Places the renewal; once paid it is fulfilled, in the same transaction. */
export const placeRenewal = (ctx: OrdersCtx, actor: Actor, input: PlaceRenewal): Promise<Order> =>
  placeChange(ctx, actor, input, change)

async function priceRenewal(
  ctx: OrdersCtx,
  db: Db | Tx,
  accountId: string,
  request: RenewalRequest,
  now: Temporal.Instant,
): Promise<{ lines: RenewalLine[] }> {
  const machines = await machinesToRenew(db, accountId, request, now)
  const prices = new Map<string, bigint>()
  const lines: RenewalLine[] = []
  for (const machine of machines) {
    const key = JSON.stringify([machine.zoneId, machine.specId, machine.systemDiskGib])
    const amountFen = prices.get(key) ?? (await renewalUnitFen(db, machine, request.months, now))
    prices.set(key, amountFen)
    const period = renewedPeriod(machine, request.months, now, ctx.billingZone)
    lines.push({
      machineId: machine.machineId,
      amountFen,
      quotedExpiresAt: machine.expiresAt,
      startsAt: period.startsAt,
      expiresAt: period.expiresAt,
      restarts: hasExpired(machine, now),
      quotedDiskGib: machine.systemDiskGib,
    })
  }
  return { lines }
}

/** Renewals pay today's list price; what is no longer offered can still be renewed. */
export async function renewalUnitFen(
  db: Db | Tx,
  { zoneId, specId, systemDiskGib }: Pick<PaidMachine, 'zoneId' | 'specId' | 'systemDiskGib'>,
  months: Months,
  now: Temporal.Instant,
): Promise<bigint> {
  const offering = await getOffering(db, { zoneId, specId, chargeType: 'prepaid' }, { includeRetired: true })
  const price = await currentPrice(db, offering.offeringId, now)
  return priceMachines({ price, months, quantity: 1, systemDiskGib }).unitFen
}

export type Renewable = PaidMachine & Pick<Subscription, 'anchorAt' | 'monthsSinceAnchor' | 'expiresAt'>

/** All of them or a refusal that says which one and why. */
export async function machinesToRenew(
  db: Db | Tx,
  accountId: string,
  { machineIds, groupId }: Which,
  now: Temporal.Instant,
): Promise<Renewable[]> {
  if (groupId !== null) await getGroup(db, accountId, groupId)
  const which = machineIds !== null ? { machineIds } : { groupId: groupId ?? '' }
  const machines = await selectPaidMachines(db, accountId, which, quantityMax + 1)
  const found = new Set(machines.map(machine => machine.machineId))
  const missing = machineIds?.find(id => !found.has(id))
  if (missing !== undefined) throw machineNotFound(missing)
  if (machines.length === 0) {
    throw new Refusal<OrdersRefusal>('NothingToRenew', `group ${groupId} has no prepaid machine to renew`, {
      field: 'groupId',
    })
  }
  if (machines.length > quantityMax) {
    throw new Refusal<OrdersRefusal>(
      'TooManyMachines',
      `at most ${quantityMax} machines in one renewal: name them in parts`,
      {
        field: 'machineIds',
      },
    )
  }
  return machines.map(machine => renewable(machine, now))
}

function renewable(machine: PaidMachine, now: Temporal.Instant): Renewable {
  const { machineId, chargeType, expiresAt, anchorAt, monthsSinceAnchor, endedAt } = machine
  if (chargeType !== 'prepaid') {
    throw new Refusal<OrdersRefusal>('NotPrepaid', `machine ${machineId} is paid by use: it needs no renewal`, {
      machineId,
    })
  }
  if (expiresAt === null || anchorAt === null || monthsSinceAnchor === null) {
    if (machine.phase === 'failed' || machine.phase === 'released') throw machineReleased(machineId)
    throw new Refusal<OrdersRefusal>(
      'OrderInProgress',
      `machine ${machineId} is still being delivered: renew it once it is`,
      {
        machineId,
      },
    )
  }
  if (endedAt !== null || Temporal.Instant.compare(keptUntil({ expiresAt }), now) <= 0) throw machineReleased(machineId)
  return { ...machine, expiresAt, anchorAt, monthsSinceAnchor }
}

export const machineNotFound = (machineId: string): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>('MachineNotFound', `there is no machine ${machineId}`, { field: 'machineIds', machineId })
