// A PostgreSQL server for a soak, with migrated databases of their own; it goes when the soak ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Db, openDb } from '../../src/db/db.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { administer, copyDatabase, withDatabase } from '../databases.ts'
import { temporaryRoot } from '../temporary.ts'

export interface ScratchDb {
  name: string
  db: Db
  url: string
  close(): Promise<void>
}

export interface ScratchServer {
  /** Migrated and empty, or a copy of another one, which nobody may be using then. */
  database(options?: { max?: number; copyOf?: string }): Promise<ScratchDb>
  close(): Promise<void>
}

export async function scratchServer(): Promise<ScratchServer> {
  const dataDir = mkdtempSync(join(temporaryRoot, 'berth-soak-'))
  chmodSync(dataDir, 0o711)
  // Nothing here outlives the run, so nothing waits for the disk.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  const server = await startEmbedded({ dataDir, log: silentLog, settings })
  await administer(server.url, 'create database template')
  const template = openDb({ connectionString: withDatabase(server.url, 'template') })
  await migrate(template, systemClock)
  await template.destroy()
  let made = 0
  return {
    async database({ max = 10, copyOf = 'template' } = {}) {
      const name = `soak_${++made}`
      const { url, drop } = await copyDatabase(server.url, copyOf, name)
      const db = openDb({ connectionString: url, max })
      const close = async () => {
        await db.destroy()
        await drop()
      }
      return { name, db, url, close }
    },
    async close() {
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
