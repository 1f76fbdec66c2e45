import { z } from 'zod'
import { getOffering, listOfferings, listRegions, priceVersions } from '../../catalog/catalog.ts'
import { setOnSale, setPrice, setStock } from '../../catalog/change-catalog.ts'
import type { PricedOffering } from '../../catalog/offering.ts'
import { durations, type PriceVersion } from '../../catalog/price.ts'
import { may } from '../../identity/access.ts'
import { actorNames } from '../../identity/actors.ts'
import { defineRoute } from '../route.ts'
import { ActorView, instant, micros } from './fields.ts'

const chargeType = z.enum(['prepaid', 'postpaid'])
const duration = z.enum(['1', '2', '3', '6', '12'])

const PriceView = z.object({
  version: z.number().int(),
  effectiveAt: instant,
  monthMicros: z.record(z.string(), micros).describe('Per month of a purchase of that many months.'),
  hourMicros: micros.nullable(),
  diskGibMicros: micros.describe('Per GiB above the free 200: a month (prepaid) or an hour (postpaid).'),
})

const OfferingView = z.object({
  offeringId: z.string(),
  regionId: z.string(),
  zoneId: z.string(),
  specId: z.string(),
  family: z.string(),
  chargeType,
  simulated: z.boolean().describe('Its machines do not exist: for trials.'),
  onSale: z.boolean().describe('False: what is sold goes on, nothing more is.'),
  cpuMilli: z.number().int(),
  memoryMib: z.number().int(),
  gpuModel: z.string().nullable(),
  gpuCount: z.number().int(),
  gpuMemoryMib: z.number().int(),
  stock: z.object({ total: z.number().int(), allocated: z.number().int(), available: z.number().int() }),
  price: PriceView.nullable(),
})

const priceView = (price: PriceVersion) => ({
  version: price.version,
  effectiveAt: price.effectiveAt.toString(),
  monthMicros: Object.fromEntries(
    durations.flatMap(months => {
      const rate = price.monthMicros[months]
      return rate === null ? [] : [[String(months), rate.toString()]]
    }),
  ),
  hourMicros: price.hourMicros?.toString() ?? null,
  diskGibMicros: price.diskGibMicros.toString(),
})

const offeringView = ({ spec, price, retired, ...offering }: PricedOffering) => ({
  ...offering,
  onSale: !retired,
  family: spec.family,
  cpuMilli: spec.cpuMilli,
  memoryMib: spec.memoryMib,
  gpuModel: spec.gpuModel,
  gpuCount: spec.gpuCount,
  gpuMemoryMib: spec.gpuMemoryMib,
  price: price && priceView(price),
})

export const catalogRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/regions',
    summary: 'List regions with their zones',
    tag: 'catalog',
    can: 'catalog.read',
    returns: z.object({
      items: z.array(
        z.object({
          regionId: z.string(),
          name: z.string(),
          engine: z.string(),
          simulated: z.boolean(),
          zones: z.array(z.object({ zoneId: z.string(), name: z.string() })),
        }),
      ),
    }),
    handle: async ({ ctx }) => ({ items: await listRegions(ctx.db) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/offerings',
    summary: 'List what can be bought, with stock and price',
    tag: 'catalog',
    can: 'catalog.read',
    query: {
      regionId: z.string().max(100).optional(),
      zoneId: z.string().max(100).optional(),
      chargeType: chargeType.optional(),
      stopped: z.enum(['true', 'false']).default('false').describe('Also what is not sold any more: for the operator.'),
    },
    returns: z.object({ items: z.array(OfferingView) }),
    async handle({ ctx }, { query: { stopped, ...query }, principal }) {
      const includeRetired = stopped === 'true' && may(principal.role, 'platform.operate')
      const filter = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
      return {
        items: (await listOfferings(ctx.db, { at: ctx.clock.now(), ...filter, includeRetired })).map(offeringView),
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/offerings/prices',
    summary: 'List the price versions of an offering, newest first: those that were, the one in force, those to come',
    tag: 'catalog',
    can: 'platform.operate',
    query: { zoneId: z.string().max(100), specId: z.string().max(100), chargeType },
    returns: z.object({
      items: z.array(
        PriceView.extend({
          state: z.enum(['past', 'in_force', 'scheduled']),
          by: ActorView.describe('Who set it.'),
        }),
      ),
    }),
    async handle({ ctx }, { query, actor }) {
      const { offeringId } = await getOffering(ctx.db, query, { includeRetired: true })
      const versions = await priceVersions(ctx.db, offeringId)
      const now = ctx.clock.now()
      const inForce = versions.findLast(one => Temporal.Instant.compare(one.effectiveAt, now) <= 0)
      const by = await actorNames(
        ctx.db,
        actor.accountId,
        versions.map(one => one.createdBy),
      )
      const items = versions.map(one => ({
        ...priceView(one),
        state:
          one === inForce
            ? ('in_force' as const)
            : one.version > (inForce?.version ?? 0)
              ? ('scheduled' as const)
              : ('past' as const),
        by: by(one.createdBy),
      }))
      return { items: items.reverse() }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/offerings/prices',
    summary: 'Set a price: a new version of it',
    tag: 'catalog',
    can: 'platform.operate',
    status: 201,
    body: {
      zoneId: z.string().max(100),
      specId: z.string().max(100),
      chargeType,
      monthMicros: z
        .partialRecord(duration, micros)
        .default({})
        .describe('Prepaid: the monthly price of each duration sold.'),
      hourMicros: micros.nullable().default(null).describe('Postpaid: the hourly price.'),
      diskGibMicros: micros.default('0'),
      effectiveAt: z.iso.datetime({ offset: true }).optional().describe('Now by default; never in the past.'),
    },
    returns: PriceView,
    async handle({ ctx }, { body, actor }) {
      const month = (months: '1' | '2' | '3' | '6' | '12') =>
        body.monthMicros[months] === undefined ? null : BigInt(body.monthMicros[months])
      const price = {
        monthMicros: { 1: month('1'), 2: month('2'), 3: month('3'), 6: month('6'), 12: month('12') },
        hourMicros: body.hourMicros === null ? null : BigInt(body.hourMicros),
        diskGibMicros: BigInt(body.diskGibMicros),
      }
      const effectiveAt = body.effectiveAt === undefined ? null : Temporal.Instant.from(body.effectiveAt)
      return priceView(
        await setPrice(
          ctx,
          actor,
          { zoneId: body.zoneId, specId: body.specId, chargeType: body.chargeType },
          price,
          effectiveAt,
        ),
      )
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/offerings/on-sale',
    summary: 'Stop selling an offering, or take it up again: what is sold goes on',
    tag: 'catalog',
    can: 'platform.operate',
    status: 204,
    body: { zoneId: z.string().max(100), specId: z.string().max(100), chargeType, onSale: z.boolean() },
    returns: z.null(),
    async handle({ ctx }, { body: { onSale, ...key }, actor }) {
      await setOnSale(ctx, actor, key, onSale)
      return null
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/stock',
    summary: 'Set how many machines of a spec a zone has',
    tag: 'catalog',
    can: 'platform.operate',
    status: 204,
    body: { zoneId: z.string().max(100), specId: z.string().max(100), total: z.number().int().min(0).max(1_000_000) },
    returns: z.null(),
    async handle({ ctx }, { body, actor }) {
      await setStock(ctx, actor, body)
      return null
    },
  }),
]
