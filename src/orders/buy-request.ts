// What a person asks to buy: the one schema for every face. Parsing gives a request with all defaults filled in, so that two
// ways to say the same thing are the same request (Q11).
import { z } from 'zod'
import { freeDiskGib, type Months, systemDiskGibMax, systemDiskGibMin } from '../catalog/price.ts'
import { groupName } from '../fleet/resource-group.ts'
import { Refusal } from '../lib/errors.ts'
import type { OrdersRefusal } from './order.ts'

export const quantityMax = 9999
export const waitMinutesMax = 1440

const monthsSold = z.literal([1, 2, 3, 6, 12], 'must be 1, 2, 3, 6 or 12')
const id = (what: string) => z.string(`must be the id of a ${what}`).min(1, `must be the id of a ${what}`).max(100)

/** Shape and ranges; `parseBuyRequest` adds what ties fields together. */
export const buyRequestSchema = z.strictObject({
  regionId: id('region'),
  zoneId: id('zone'),
  specId: id('machine spec'),
  chargeType: z.enum(['prepaid', 'postpaid'], 'must be prepaid or postpaid'),
  quantity: z
    .int(`must be a whole number from 1 to ${quantityMax}`)
    .min(1, `must be a whole number from 1 to ${quantityMax}`)
    .max(quantityMax, `must be a whole number from 1 to ${quantityMax}; place a second order for more`),
  /** Prepaid only. */
  months: monthsSold.nullish(),
  systemDiskGib: z
    .int(`must be a whole number from ${systemDiskGibMin} to ${systemDiskGibMax}`)
    .min(systemDiskGibMin, `must be at least ${systemDiskGibMin} (these are free)`)
    .max(systemDiskGibMax, `must be at most ${systemDiskGibMax}`)
    .default(freeDiskGib),
  /** Buys into this group … */
  groupId: id('resource group').nullish(),
  /** … or makes a new one of this name. */
  groupName: z.string('must be a text').max(200).nullish(),
  autoRenew: z.boolean('must be true or false').default(false),
  autoRenewMonths: monthsSold.nullish(),
  /** Keep what could be delivered and refund the rest, instead of all or nothing. */
  partialOk: z.boolean('must be true or false').default(false),
  /** Where stock is short, wait this long for the rest, once it is paid. */
  waitMinutes: z
    .int(`must be a whole number from 0 to ${waitMinutesMax}`)
    .min(0, `must be a whole number from 0 to ${waitMinutesMax}`)
    .max(waitMinutesMax, `must be at most ${waitMinutesMax}, which is a day`)
    .default(0),
})

export type BuyRequestInput = z.input<typeof buyRequestSchema>

/** The request with nothing left open. */
export interface BuyRequest {
  regionId: string
  zoneId: string
  specId: string
  chargeType: 'prepaid' | 'postpaid'
  quantity: number
  months: Months | null
  systemDiskGib: number
  groupId: string | null
  groupName: string | null
  autoRenew: boolean
  autoRenewMonths: Months | null
  partialOk: boolean
  waitMinutes: number
}

/** Refuses `InvalidRequest` (or the fleet's `InvalidGroupName`) with the field at fault. */
export function parseBuyRequest(input: unknown): BuyRequest {
  const given = parseWith(buyRequestSchema, input)
  const prepaid = given.chargeType === 'prepaid'
  const months = given.months ?? null
  if (prepaid && months === null) throw invalid('months', 'is needed for a prepaid purchase: 1, 2, 3, 6 or 12')
  if (!prepaid && months !== null) throw invalid('months', 'is for prepaid purchases; leave it out for postpaid')
  if (!prepaid && given.autoRenew)
    throw invalid('autoRenew', 'is for prepaid purchases; postpaid machines need no renewal')
  if (!prepaid && given.autoRenewMonths != null) {
    throw invalid('autoRenewMonths', 'is for prepaid purchases; postpaid machines need no renewal')
  }
  if (given.groupId != null && given.groupName != null) {
    throw invalid('groupName', 'is for a new group; leave it out to buy into an existing one (groupId)')
  }
  if (given.groupId == null && given.groupName == null) {
    throw invalid('groupName', 'is needed: name the new group, or give the groupId of an existing one')
  }
  return {
    ...given,
    months,
    groupId: given.groupId ?? null,
    groupName: given.groupName == null ? null : groupName(given.groupName, 'groupName'),
    // A year's purchase renews by the year (DESIGN.md §4).
    autoRenewMonths: prepaid ? (given.autoRenewMonths ?? (months === 12 ? 12 : 1)) : null,
  }
}

/** Runs a schema; its first complaint becomes a refusal that names the field. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue?.code === 'unrecognized_keys') throw invalid(issue.keys[0] ?? 'body', 'is not a field of this request')
  const field = issue?.path.map(String).join('.') || 'body'
  throw invalid(field, issue?.message ?? 'is not valid')
}

export function invalid(field: string, why: string): Refusal<OrdersRefusal> {
  return new Refusal<OrdersRefusal>('InvalidRequest', `${field}: ${why}`, { field })
}
