// The purchase, and all that orders do, killed with SIGKILL at every declared fault point, in a process of its own (A1). Then
// the same calls are made again, and everything must be as if nothing had died: money to the fen, no machine leaked.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { CatalogConfig } from '../../src/catalog/catalog-config.ts'
import type { Db } from '../../src/db/db.ts'
import { assertInvariants } from '../../src/insight/invariants.ts'
import { countFaults, declaredFaults, disarmFaults } from '../../src/lib/fault.ts'
import { addAccount, catalog } from '../orders/shop-ctx.ts'
import { type FreshDb, freshDb } from '../postgres.ts'
import { accountId, debtorAccountId, live, openWorld, poorAccountId, summarize } from './life.ts'

const start = '2026-01-31T04:00:00Z'
const prefixes = [
  'ledger.',
  'orders.',
  'fleet.provision.',
  'fleet.apply.',
  'fleet.release.',
  'fleet.resize.',
  'billing.arrears.',
]
const points = prefixes.flatMap(prefix => declaredFaults(prefix))
/** Two at a time keep both cores busy. */
const lanes = 2

let directory: string
let uncrashed: object
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'berth-steps-'))
  const { fresh, journalPath } = await prepare('none')
  const reached = countFaults()
  const world = openWorld(fresh.db, journalPath, start)
  await live(world)
  expect([...reached.keys()].filter(point => points.includes(point)).sort()).toEqual(points.toSorted())
  disarmFaults()
  expect(world.errors).toEqual([])
  uncrashed = await summarize(fresh.db, journalPath)
  await assertInvariants(fresh.db)
  await fresh.close()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** East has plenty, west has nothing. */
function oneSided(): CatalogConfig {
  const { specs, regions } = catalog(100)
  const emptied = regions.map(region => ({
    ...region,
    zones: region.zones.map(zone => ({
      ...zone,
      offers: zone.offers.map(offer => ({ ...offer, stock: region.regionId === 'west' ? 0 : offer.stock })),
    })),
  }))
  return { specs, regions: emptied }
}

async function prepare(name: string): Promise<{ fresh: FreshDb; journalPath: string }> {
  const fresh = await freshDb({ max: 4 })
  const journalPath = join(directory, `${name}.jsonl`)
  const { ctx } = openWorld(fresh.db, journalPath, start)
  await loadCatalog(ctx, oneSided())
  for (const id of [accountId, poorAccountId, debtorAccountId]) await addAccount(ctx, id, 0n)
  return { fresh, journalPath }
}

/** True when the process died by its own SIGKILL, which only the point sends. */
async function liveUntilKilled(fresh: FreshDb, journalPath: string, point: string): Promise<boolean> {
  const script = join(import.meta.dirname, 'life-process.ts')
  const flags = ['--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, script, fresh.url, journalPath, start, point], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal === 'SIGKILL'
}

/** Two minutes after the last thing the database has seen: past every lease of the dead. */
async function afterTheCrash(db: Db): Promise<string> {
  const { rows } = await sql<{ last: Temporal.Instant }>`select max(at) as last from events`.execute(db)
  return (rows[0]?.last ?? Temporal.Instant.from(start)).add({ minutes: 2 }).toString()
}

describe('killed at every declared fault point', () => {
  const reached: string[] = []

  test('the life of an account ends as if nothing had died', async () => {
    const queue = [...points]
    const wrong: string[] = []
    const lane = async () => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const { fresh, journalPath } = await prepare(point)
        try {
          if (await liveUntilKilled(fresh, journalPath, point)) reached.push(point)
          const world = openWorld(fresh.db, journalPath, await afterTheCrash(fresh.db))
          await live(world)
          expect(await summarize(fresh.db, journalPath)).toEqual(uncrashed)
          expect(world.errors).toEqual([])
          await assertInvariants(fresh.db)
        } catch (error) {
          wrong.push(`${point}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        } finally {
          await fresh.close()
        }
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    expect(wrong).toEqual([])
  }, 300_000)

  test('every point to die at was reached', () => {
    expect(points.length).toBeGreaterThanOrEqual(35)
    expect(reached.toSorted()).toEqual(points.toSorted())
  })

  test('the life leaves no machine behind, in our book or in the driver’s', () => {
    expect(uncrashed).toMatchObject({
      left: [],
      stock: [
        { zoneId: 'east-a', allocated: 0 },
        { zoneId: 'west-a', allocated: 0 },
      ],
    })
  })
})
