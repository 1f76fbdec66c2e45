import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  currentPrice,
  getOffering,
  getRegion,
  listOfferings,
  listRegions,
  loadCatalog,
  priceVersions,
} from '../../src/catalog/catalog.ts'
import type { CatalogConfig, OfferConfig } from '../../src/catalog/catalog-config.ts'
import { setPrice, setStock } from '../../src/catalog/change-catalog.ts'
import type { Price } from '../../src/catalog/price.ts'
import { allocateStock, lockStock, returnStock } from '../../src/catalog/stock.ts'
import type { Ctx } from '../../src/db/ctx.ts'
import { transaction } from '../../src/db/db.ts'
import { listEvents } from '../../src/events/event.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

const none = { 1: null, 2: null, 3: null, 6: null, 12: null }
const prepaid = (yuan: bigint): Price => ({
  monthMicros: { ...none, 1: yuan * 1_000_000n },
  hourMicros: null,
  diskGibMicros: 350_000n,
})
const postpaid: Price = { monthMicros: none, hourMicros: 60_000n, diskGibMicros: 500n }
const small = {
  specId: 'c.small',
  family: 'general',
  cpuMilli: 1000,
  memoryMib: 2048,
  gpuModel: null,
  gpuCount: 0,
  gpuMemoryMib: 0,
}
const offer = (over: Partial<OfferConfig> = {}): OfferConfig => ({
  specId: 'c.small',
  stock: 10,
  prepaid: prepaid(30n),
  postpaid,
  ...over,
})
const config = (offers: OfferConfig[], extra: CatalogConfig['regions'] = []): CatalogConfig => ({
  specs: [small, { ...small, specId: 'c.large', cpuMilli: 4000 }],
  regions: [
    { regionId: 'local', name: 'This host', engine: 'process', zones: [{ zoneId: 'local-a', name: 'A', offers }] },
    ...extra,
  ],
})
const trial: CatalogConfig['regions'][number] = {
  regionId: 'trial',
  name: 'Trial',
  engine: 'simulated',
  zones: [{ zoneId: 'trial-a', name: 'A', offers: [offer()] }],
}
const operator = { accountId: 'platform', name: 'user:usr-operator' }
const key = { zoneId: 'local-a', specId: 'c.small', chargeType: 'prepaid' } as const

let fresh: FreshDb
let ctx: Ctx & { clock: ManualClock }
beforeAll(async () => {
  fresh = await freshDb({ max: 40 })
  ctx = {
    db: fresh.db,
    clock: new ManualClock('2026-11-23T00:00:00Z'),
    random: new SeededRandom('catalog'),
    log: silentLog,
  }
})
afterAll(() => fresh.close())

const newPriceOf = async () => (await currentPrice(ctx.db, 'local-a:c.small:prepaid', ctx.clock.now())).monthMicros[1]
const stockNow = async () => (await getOffering(ctx.db, key)).stock

describe('the catalog', () => {
  it('is loaded from the configuration, marks simulated regions, and loading again changes nothing', async () => {
    await loadCatalog(ctx, config([offer()], [trial]))
    const events = await listEvents(ctx.db, { limit: 100 })
    await loadCatalog(ctx, config([offer()], [trial]))
    expect(await listEvents(ctx.db, { limit: 100 })).toEqual(events)
    expect((await listRegions(ctx.db)).map(r => [r.regionId, r.simulated, r.zones.length])).toEqual([
      ['local', false, 1],
      ['trial', true, 1],
    ])
    const offerings = await listOfferings(ctx.db, { at: ctx.clock.now(), regionId: 'local' })
    expect(offerings.map(o => [o.offeringId, o.stock.available, o.price?.version, o.spec.memoryMib])).toEqual([
      ['local-a:c.small:prepaid', 10, 1, 2048],
      ['local-a:c.small:postpaid', 10, 1, 2048],
    ])
  })

  it('refuses what it does not know by its field', async () => {
    await expect(getOffering(ctx.db, { ...key, zoneId: 'x' })).rejects.toMatchObject({
      code: 'UnknownZone',
      details: { field: 'zoneId' },
    })
    await expect(getOffering(ctx.db, { ...key, specId: 'x' })).rejects.toMatchObject({
      code: 'UnknownSpec',
      details: { field: 'specId' },
    })
    await expect(getOffering(ctx.db, { ...key, specId: 'c.large' })).rejects.toMatchObject({ code: 'NotOffered' })
    await expect(getRegion(ctx.db, 'x')).rejects.toMatchObject({
      code: 'UnknownRegion',
      details: { field: 'regionId' },
    })
    const early = ctx.clock.now().subtract({ milliseconds: 1 })
    await expect(currentPrice(ctx.db, 'local-a:c.small:prepaid', early)).rejects.toMatchObject({ code: 'NotOffered' })
  })

  it('gives a changed price a new version from now on and keeps the old one', async () => {
    const before = ctx.clock.now()
    ctx.clock.advance({ hours: 1 })
    await loadCatalog(ctx, config([offer({ prepaid: prepaid(40n) })], [trial]))
    expect(await newPriceOf()).toBe(40_000_000n)
    expect((await currentPrice(ctx.db, 'local-a:c.small:prepaid', before)).monthMicros[1]).toBe(30_000_000n)
    expect((await priceVersions(ctx.db, 'local-a:c.small:prepaid')).map(v => v.version)).toEqual([1, 2])
    expect((await priceVersions(ctx.db, 'local-a:c.small:postpaid')).map(v => v.version)).toEqual([1])
  })

  it('keeps the price and stock that the operator set when the same file is loaded again, or a file with another change', async () => {
    await setPrice(ctx, operator, key, prepaid(50n))
    await setStock(ctx, operator, { ...key, total: 7 })
    await loadCatalog(ctx, config([offer({ prepaid: prepaid(40n) })], [trial]))
    await loadCatalog(
      ctx,
      config([offer({ prepaid: prepaid(40n), postpaid: { ...postpaid, hourMicros: 1n } })], [trial]),
    )
    expect(await newPriceOf()).toBe(40_000_000n) // the same instant: the new version follows right upon it
    ctx.clock.advance({ seconds: 1 })
    expect(await newPriceOf()).toBe(50_000_000n)
    expect((await stockNow()).total).toBe(7)
    const [event] = await listEvents(ctx.db, { subjectId: 'local-a:c.small:prepaid', limit: 1 })
    expect(event).toMatchObject({ kind: 'offering.price_set', actor: operator.name, data: { version: 3 } })
  })

  it('refuses a price that does not fit its charge type, one from the past, and a stock that is no number', async () => {
    const refused = { code: 'InvalidPrice' }
    await expect(setPrice(ctx, operator, key, postpaid)).rejects.toMatchObject(refused)
    await expect(setPrice(ctx, operator, { ...key, chargeType: 'postpaid' }, prepaid(1n))).rejects.toMatchObject(
      refused,
    )
    await expect(setPrice(ctx, operator, key, { ...prepaid(1n), diskGibMicros: -1n })).rejects.toMatchObject(refused)
    const past = ctx.clock.now().subtract({ seconds: 1 })
    await expect(setPrice(ctx, operator, key, prepaid(1n), past)).rejects.toMatchObject({
      ...refused,
      details: { field: 'effectiveAt' },
    })
    for (const total of [-1, 1.5, Number.NaN, 1e9]) {
      await expect(setStock(ctx, operator, { ...key, total })).rejects.toMatchObject({ code: 'InvalidStock' })
    }
    await expect(setStock(ctx, operator, { zoneId: 'x', specId: 'y', total: 1 })).rejects.toMatchObject({
      code: 'NotOffered',
    })
  })

  it('retires what the file no longer names, sells it no more, and brings it back', async () => {
    await loadCatalog(ctx, config([offer({ prepaid: null })]))
    await expect(getOffering(ctx.db, key)).rejects.toMatchObject({ code: 'NotOffered' })
    expect((await getOffering(ctx.db, key, { includeRetired: true })).retired).toBe(true)
    expect((await listRegions(ctx.db)).map(r => r.regionId)).toEqual(['local'])
    expect((await listRegions(ctx.db, { includeRetired: true })).map(r => r.regionId)).toEqual(['local', 'trial'])
    await expect(getOffering(ctx.db, { ...key, zoneId: 'trial-a' })).rejects.toMatchObject({ code: 'UnknownZone' })
    await loadCatalog(ctx, config([offer()], [trial]))
    expect((await getOffering(ctx.db, key)).retired).toBe(false)
  })

  it('refuses to move a zone to another region', async () => {
    const moved = { ...trial, zones: [{ zoneId: 'local-a', name: 'A', offers: [] }] }
    const wrong = { ...config([]), regions: [moved] }
    await expect(loadCatalog(ctx, wrong)).rejects.toMatchObject({ code: 'InvalidCatalog' })
  })
})

describe('stock', () => {
  const waitingForLocks = async (): Promise<number> => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      ctx.db,
    )
    return rows[0]?.count ?? 0
  }
  const take = (count: number, partialOk = false) =>
    transaction(ctx, tx => allocateStock(tx, 'local-a', 'c.small', count, { partialOk }))
  const giveBack = (count: number) =>
    transaction(ctx, tx => returnStock(tx, [{ zoneId: 'local-a', specId: 'c.small', count }]))

  it('grants all or none, or with partialOk what there is', async () => {
    await setStock(ctx, operator, { ...key, total: 5 })
    expect(await take(6)).toBe(0)
    expect(await take(3)).toBe(3)
    expect(await take(3)).toBe(0)
    expect(await take(3, true)).toBe(2)
    expect(await take(1, true)).toBe(0)
    expect(await stockNow()).toEqual({ total: 5, allocated: 5, available: 0 })
    await setStock(ctx, operator, { ...key, total: 2 })
    expect(await take(1, true)).toBe(0)
    expect(await stockNow()).toEqual({ total: 2, allocated: 5, available: 0 })
    await giveBack(5)
    expect(await transaction(ctx, tx => allocateStock(tx, 'nowhere', 'c.small', 1, { partialOk: true }))).toBe(0)
  })

  it('never sells more than there is to parallel buyers, whole or in part', async () => {
    await setStock(ctx, operator, { ...key, total: 25 })
    const granted = await Promise.all(Array.from({ length: 80 }, (_, index) => take(1 + (index % 3), index % 2 === 0)))
    expect(granted.reduce((a, b) => a + b)).toBe(25)
    expect((await stockNow()).allocated).toBe(25)
    await Promise.all(Array.from({ length: 25 }, () => giveBack(1)))
    expect((await stockNow()).allocated).toBe(0)
  })

  it('is looked at by one at a time: the next one waits, and sees what is left', async () => {
    await setStock(ctx, operator, { ...key, total: 1 })
    const lookedAt = Promise.withResolvers<void>()
    const next = lookedAt.promise.then(() => transaction(ctx, tx => lockStock(tx, 'local-a', 'c.small')))
    let answered = false
    next.finally(() => {
      answered = true
    })
    await transaction(ctx, async tx => {
      expect(await lockStock(tx, 'local-a', 'c.small')).toBe(1)
      lookedAt.resolve()
      // Until the next one waits for this transaction, or does not wait at all.
      while (!answered && (await waitingForLocks()) === 0);
      expect(await allocateStock(tx, 'local-a', 'c.small', 1, { partialOk: false })).toBe(1)
    })
    expect(await next).toBe(0)
    await giveBack(1)
  })

  it('can not be returned twice', async () => {
    await expect(giveBack(1)).rejects.toThrow(/check constraint/)
  })
})
