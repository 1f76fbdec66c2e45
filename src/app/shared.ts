// What the roles of control have in common: the database, brought up to date; the installation as berth.yaml has it; the drivers;
// the key of secrets; and the context that every rule is given.
import { mkdirSync } from 'node:fs'
import type { ApiContext } from '../api/context.ts'
import { unbilledFen } from '../billing/accrued.ts'
import { listRegions, loadCatalog } from '../catalog/catalog.ts'
import type { Engine } from '../catalog/offering.ts'
import type { Config } from '../config/config.ts'
import { type Db, openDb } from '../db/db.ts'
import { installationId } from '../db/installation-id.ts'
import { migrate, previousRelease, readMigrations } from '../db/migrate.ts'
import { directUrl } from '../db/pooler.ts'
import type { FleetCtx } from '../fleet/reconcile-machines.ts'
import { type FirstKeys, firstStart } from '../identity/bootstrap.ts'
import { Passwords } from '../identity/passwords.ts'
import { checkSealingKey } from '../identity/sealing-key.ts'
import { SecretBox } from '../identity/secret-box.ts'
import { labelCurrency } from '../ledger/ledger-account.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { newId } from '../lib/id.ts'
import type { Logger } from '../lib/log.ts'
import { type Random, systemRandom } from '../lib/random.ts'
import { runDir } from '../processes/run-state.ts'
import { secretKey } from '../processes/secret-key.ts'
import type { Installation } from '../services/config/installation.ts'
import { servicesInGroup } from '../services/group-services.ts'
import { byRegion, createDrivers, type Drivers } from './engine-drivers.ts'

export type Context = ApiContext['ctx'] & Pick<FleetCtx, 'machineDriver' | 'takeMachineChanges'>

export interface RoleOptions {
  config: Config
  databaseUrl: string
  log: Logger
  clock?: Clock
  random?: Random
}

/** Names loops to look soon; without a name, all. */
export type Nudge = (...names: string[]) => void

export interface Shared {
  ctx: Context
  config: Config
  /** As it was given, and to PostgreSQL itself. */
  databaseUrl: string
  directUrl: string
  /** The application_name of all connections of this process. */
  session: string
  drivers: Drivers
  engines: Map<string, Engine>
  passwords: Passwords
  /** Of the very first start. */
  keys: FirstKeys | null
  /** Last of all. */
  close(): Promise<void>
}

export interface SharedParts {
  role: string
  nudge: Nudge
  takes?: Pick<Context, 'takeChanges' | 'takeMachineChanges'>
}

export async function openShared(options: RoleOptions, parts: SharedParts): Promise<Shared> {
  const { config, databaseUrl, log, clock = systemClock, random = systemRandom } = options
  const { databaseIsOurs, databaseDirectUrl } = config.roles
  // Before one of our own stands no pooler, and whoever starts waits for this.
  const direct = databaseIsOurs ? null : await directUrl(databaseUrl, databaseDirectUrl).catch(notYet)
  const session = newId(random, `berth-${parts.role}`)
  await migrateThrough(direct ?? databaseUrl, options)
  const db = openDb({ connectionString: databaseUrl, max: 20, application_name: session }, log)
  try {
    return await share({ config, databaseUrl, log, clock, random }, db, {
      ...parts,
      session,
      direct: direct ?? databaseUrl,
    })
  } catch (error) {
    await db.destroy()
    throw error
  }
}

/** A server that cannot be reached is told by who comes next, in words of its own. */
function notYet(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'DatabasePooled') throw error
  return null
}

async function migrateThrough(url: string, { config, log, clock = systemClock }: RoleOptions): Promise<void> {
  const db = openDb({ connectionString: url, max: 1, application_name: 'berth-migrate' }, log)
  try {
    await migrate(db, clock, readMigrations(), { version: config.version, previous: previousRelease })
  } finally {
    await db.destroy()
  }
}

async function share(
  { config, databaseUrl, log, clock, random }: Required<RoleOptions>,
  db: Db,
  { nudge, takes, session, direct }: SharedParts & { session: string; direct: string },
): Promise<Shared> {
  mkdirSync(runDir(config.dataDir), { recursive: true })
  const { sealingKey } = config.roles
  const key = sealingKey === null ? secretKey(config.dataDir, random) : Buffer.from(sealingKey, 'hex')
  await checkSealingKey(db, key)
  const box = new SecretBox(key)
  const base = { db, clock, random, log }
  const engines = await loadInstallation(base, config)
  const drivers = await createDrivers(config, {
    ...{ clock, log, installationId: () => installationId(db, random) },
    engines: new Set(engines.values()),
  })
  const engineOf = byRegion(engines, drivers)
  const ctx: Context = {
    ...base,
    billingZone: config.billingZone,
    operatorContact: config.operatorContact,
    remainingServices: servicesInGroup,
    unbilledFen: (at, accountId) => unbilledFen(at, accountId, clock.now(), config.billingZone),
    machineDriver: regionId => engineOf(regionId).machines,
    runtimeDriver: regionId => engineOf(regionId).runtime,
    box,
    routes: { nudge: () => nudge('routes') },
    installation: installationOf(config),
    ...takes,
  }
  const passwords = new Passwords(random)
  const keys = await firstStart(ctx, box, passwords)
  const close = async () => {
    for (const { close: closeDriver } of Object.values(drivers)) await closeDriver?.()
    await db.destroy()
  }
  return { ctx, config, databaseUrl, directUrl: direct, session, drivers, engines, passwords, keys, close }
}

/** The catalog as berth.yaml has it now, and the engine of every region that is or was. */
async function loadInstallation(
  base: { db: Db; clock: Clock; random: Random; log: Logger },
  config: Config,
): Promise<Map<string, Engine>> {
  await loadCatalog(base, config.catalog)
  await labelCurrency(base.db, config.currency)
  const regions = await listRegions(base.db, { includeRetired: true })
  return new Map(regions.map(region => [region.regionId, region.engine]))
}

const installationOf = ({ models, storage, kubernetes, docker }: Config): Installation => ({
  buckets: models.stores.flatMap(store => store.buckets),
  storage,
  modelServerImages: { kubernetes: kubernetes.pods.modelServerImage, docker: docker.modelServerImage ?? null },
})
