// SQL of regions, zones, machine_specs, offerings and price_versions. Nobody else writes these tables.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { RegionConfig } from './catalog-config.ts'
import type { MachineSpec } from './machine-spec.ts'
import { type Engine, type OfferingKey, offeringIdOf, type PricedOffering, stockOf } from './offering.ts'
import type { ChargeType, Price, PriceVersion } from './price.ts'

export interface OfferingFilter {
  regionId?: string
  zoneId?: string
  specId?: string
  chargeType?: ChargeType
  includeRetired?: boolean
}

interface PriceColumns {
  month1Micros: bigint | null
  month2Micros: bigint | null
  month3Micros: bigint | null
  month6Micros: bigint | null
  month12Micros: bigint | null
  hourMicros: bigint | null
  diskGibMicros: bigint
}

interface PriceRow extends PriceColumns {
  offeringId: string
  version: number
  effectiveAt: Temporal.Instant
  createdBy: string
}

interface OfferingRow extends MachineSpec {
  offeringId: string
  regionId: string
  zoneId: string
  chargeType: ChargeType
  engine: Engine
  retired: boolean
  total: number | null
  allocated: number | null
  price: string | null
}

/** Offerings with spec, stock and the price in force at `at`, in the order of region, zone, spec, charge type. */
export async function selectOfferings(db: Db, at: Temporal.Instant, filter: OfferingFilter): Promise<PricedOffering[]> {
  const { rows } = await sql<OfferingRow & { version: number | null } & Omit<PriceRow, 'version'>>`
    select o.id as offering_id, o.region_id, o.zone_id, o.charge_type, r.engine,
      (o.retired_at is not null or z.retired_at is not null or r.retired_at is not null) as retired,
      s.id as spec_id, s.family, s.cpu_milli, s.memory_mib, s.gpu_model, s.gpu_count, s.gpu_memory_mib,
      k.total, k.allocated,
      p.version, p.effective_at, p.created_by, p.month1_micros, p.month2_micros, p.month3_micros, p.month6_micros,
      p.month12_micros, p.hour_micros, p.disk_gib_micros
    from offerings o
      join regions r on r.id = o.region_id
      join zones z on z.id = o.zone_id
      join machine_specs s on s.id = o.spec_id
      left join stock k on k.zone_id = o.zone_id and k.spec_id = o.spec_id
      left join lateral (
        select * from price_versions v where v.offering_id = o.id and v.effective_at <= ${at}
        order by v.effective_at desc limit 1
      ) p on true
    where (${filter.regionId ?? null}::text is null or o.region_id = ${filter.regionId ?? null})
      and (${filter.zoneId ?? null}::text is null or o.zone_id = ${filter.zoneId ?? null})
      and (${filter.specId ?? null}::text is null or o.spec_id = ${filter.specId ?? null})
      and (${filter.chargeType ?? null}::text is null or o.charge_type = ${filter.chargeType ?? null})
      and (${filter.includeRetired ?? false}
        or (o.retired_at is null and z.retired_at is null and r.retired_at is null))
    order by o.region_id, o.zone_id, o.spec_id, o.charge_type desc`.execute(db)
  return rows.map(row => ({
    offeringId: row.offeringId,
    regionId: row.regionId,
    zoneId: row.zoneId,
    specId: row.specId,
    chargeType: row.chargeType,
    engine: row.engine,
    simulated: row.engine === 'simulated',
    retired: row.retired,
    spec: toSpec(row),
    stock: stockOf(row.total ?? 0, row.allocated ?? 0),
    price: row.version === null ? null : toPriceVersion({ ...row, version: row.version }),
  }))
}

const toSpec = (row: MachineSpec): MachineSpec => ({
  specId: row.specId,
  family: row.family,
  cpuMilli: row.cpuMilli,
  memoryMib: row.memoryMib,
  gpuModel: row.gpuModel,
  gpuCount: row.gpuCount,
  gpuMemoryMib: row.gpuMemoryMib,
})

const toPriceVersion = (row: PriceRow): PriceVersion => ({
  offeringId: row.offeringId,
  version: row.version,
  effectiveAt: row.effectiveAt,
  createdBy: row.createdBy,
  monthMicros: {
    1: row.month1Micros,
    2: row.month2Micros,
    3: row.month3Micros,
    6: row.month6Micros,
    12: row.month12Micros,
  },
  hourMicros: row.hourMicros,
  diskGibMicros: row.diskGibMicros,
})

/** All versions of these offerings, by offering and then oldest first. */
export async function selectPriceVersions(db: Db, offeringIds: readonly string[]): Promise<PriceVersion[]> {
  const { rows } = await sql<PriceRow>`
    select offering_id, version, effective_at, created_by, month1_micros, month2_micros, month3_micros, month6_micros,
      month12_micros, hour_micros, disk_gib_micros
    from price_versions where offering_id = any(${offeringIds}::text[])
    order by offering_id, effective_at`.execute(db)
  return rows.map(toPriceVersion)
}

export interface RegionRow {
  regionId: string
  name: string
  engine: Engine
  retired: boolean
  zones: { zoneId: string; name: string; retired: boolean }[]
}

export async function selectRegions(db: Db): Promise<RegionRow[]> {
  const { rows } = await sql<RegionRow>`
    select r.id as region_id, r.name, r.engine, r.retired_at is not null as retired,
      coalesce(json_agg(json_build_object('zoneId', z.id, 'name', z.name, 'retired', z.retired_at is not null)
        order by z.id) filter (where z.id is not null), '[]') as zones
    from regions r left join zones z on z.region_id = r.id
    group by r.id order by r.id`.execute(db)
  return rows
}

export async function selectSpecs(db: Db): Promise<MachineSpec[]> {
  const { rows } = await sql<MachineSpec>`
    select id as spec_id, family, cpu_milli, memory_mib, gpu_model, gpu_count, gpu_memory_mib
    from machine_specs order by id`.execute(db)
  return rows
}

export async function upsertSpecs(tx: Tx, specs: readonly MachineSpec[]): Promise<void> {
  await sql`
    insert into machine_specs (id, family, cpu_milli, memory_mib, gpu_model, gpu_count, gpu_memory_mib)
    select * from unnest(${specs.map(s => s.specId)}::text[], ${specs.map(s => s.family)}::text[],
      ${specs.map(s => s.cpuMilli)}::int[], ${specs.map(s => s.memoryMib)}::int[], ${specs.map(s => s.gpuModel)}::text[],
      ${specs.map(s => s.gpuCount)}::int[], ${specs.map(s => s.gpuMemoryMib)}::int[])
    on conflict (id) do update set family = excluded.family, cpu_milli = excluded.cpu_milli,
      memory_mib = excluded.memory_mib, gpu_model = excluded.gpu_model, gpu_count = excluded.gpu_count,
      gpu_memory_mib = excluded.gpu_memory_mib`.execute(tx)
}

/** Makes regions and zones as written; what is named again is in service again. */
export async function upsertRegions(tx: Tx, regions: readonly RegionConfig[]): Promise<void> {
  const zones = regions.flatMap(region => region.zones.map(zone => ({ ...zone, regionId: region.regionId })))
  await sql`
    insert into regions (id, name, engine)
    select * from unnest(${regions.map(r => r.regionId)}::text[], ${regions.map(r => r.name)}::text[],
      ${regions.map(r => r.engine)}::text[])
    on conflict (id) do update set name = excluded.name, engine = excluded.engine, retired_at = null`.execute(tx)
  await sql`
    insert into zones (id, region_id, name)
    select * from unnest(${zones.map(z => z.zoneId)}::text[], ${zones.map(z => z.regionId)}::text[],
      ${zones.map(z => z.name)}::text[])
    on conflict (id) do update set name = excluded.name, retired_at = null`.execute(tx)
}

export async function upsertOffering(tx: Tx, regionId: string, key: OfferingKey): Promise<void> {
  await sql`
    insert into offerings (id, region_id, zone_id, spec_id, charge_type)
    values (${offeringIdOf(key)}, ${regionId}, ${key.zoneId}, ${key.specId}, ${key.chargeType})
    on conflict (id) do update set retired_at = null`.execute(tx)
}

/** False: it is so already. */
export async function setOfferingRetired(tx: Tx, offeringId: string, at: Temporal.Instant | null): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update offerings set retired_at = ${at}
    where id = ${offeringId} and (retired_at is null) = ${at !== null}`.execute(tx)
  return numAffectedRows === 1n
}

export type Retirable = 'regions' | 'zones' | 'offerings'

/** Retires what is not among `kept`; returns the ids that were retired now. */
export async function retireOthers(
  tx: Tx,
  table: Retirable,
  kept: readonly string[],
  now: Temporal.Instant,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update ${sql.table(table)} set retired_at = ${now}
    where retired_at is null and not (id = any(${kept}::text[]))
    returning id`.execute(tx)
  return rows.map(row => row.id)
}

/** The newest version, with the offering locked: versions of one offering are made one after the other. */
export async function lockNewestPrice(tx: Tx, offeringId: string): Promise<PriceVersion | null | 'no_offering'> {
  const { rows } = await sql<{ id: string }>`select id from offerings where id = ${offeringId} for update`.execute(tx)
  if (rows.length === 0) return 'no_offering'
  return (await selectPriceVersions(tx, [offeringId])).at(-1) ?? null
}

export async function insertPriceVersion(
  tx: Tx,
  row: { offeringId: string; version: number; effectiveAt: Temporal.Instant; createdBy: string; price: Price },
): Promise<void> {
  const month = row.price.monthMicros
  await sql`
    insert into price_versions (offering_id, version, effective_at, created_by, month1_micros, month2_micros,
      month3_micros, month6_micros, month12_micros, hour_micros, disk_gib_micros)
    values (${row.offeringId}, ${row.version}, ${row.effectiveAt}, ${row.createdBy}, ${month[1]}, ${month[2]},
      ${month[3]}, ${month[6]}, ${month[12]}, ${row.price.hourMicros}, ${row.price.diskGibMicros})`.execute(tx)
}

/** The catalog as it was last loaded from the file, to tell the file's changes from the operator's. */
export async function selectLoadedCatalog(db: Db): Promise<string | null> {
  const { rows } = await sql<{ value: { text: string } }>`
    select value from settings where key = 'catalog.loaded'`.execute(db)
  return rows[0]?.value.text ?? null
}

export async function writeLoadedCatalog(tx: Tx, text: string): Promise<void> {
  await sql`
    insert into settings (key, value) values ('catalog.loaded', ${JSON.stringify({ text })}::jsonb)
    on conflict (key) do update set value = excluded.value`.execute(tx)
}
