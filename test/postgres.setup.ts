// One PostgreSQL for a whole run of the tests, with a migrated template that every test database is copied from.
// BERTH_TEST_DATABASE_URL (or DATABASE_URL) names a server to use instead; its user must be allowed to create databases.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openDb } from '../src/db/db.ts'
import { lockDirectory } from '../src/db/directory-lock.ts'
import { startEmbedded } from '../src/db/embedded.ts'
import { migrate } from '../src/db/migrate.ts'
import { readPostmasterFile, runsIn, stopPostmaster } from '../src/db/postmaster.ts'
import { systemClock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/log.ts'
import { administer, withDatabase } from './databases.ts'
import { temporaryRoot } from './temporary.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's URL, the template's name, and a directory that goes when the run ends. */
    postgres: { url: string; template: string; scratch: string }
  }
}

const prefix = 'berth-test-'
const template = `berth_template_${process.pid}`

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const dataDir = mkdtempSync(join(temporaryRoot, prefix))
  chmodSync(dataDir, 0o755)
  const server = await startServer(dataDir)
  await makeTemplate(server.url)
  const scratch = join(dataDir, 'scratch')
  mkdirSync(scratch, { mode: 0o755 })
  project.provide('postgres', { url: server.url, template, scratch })
  return async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function startServer(dataDir: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env.BERTH_TEST_DATABASE_URL ?? process.env.DATABASE_URL
  if (given) return { url: given, stop: () => dropTemplate(given) }
  const server = await startEmbedded({
    dataDir,
    binariesDir: join(tmpdir(), `berth-binaries-${process.getuid?.() ?? 0}`),
    log: silentLog,
    // Nothing here outlives the run, so nothing waits for the disk.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  })
  return { url: server.url, stop: server.stop }
}

/** A run that was killed leaves its server and directory behind; whose lock is free, is nobody's. */
async function sweepLeftovers(): Promise<void> {
  for (const name of readdirSync(temporaryRoot).filter(entry => entry.startsWith(prefix))) {
    const dir = join(temporaryRoot, name, 'postgres')
    if (!existsSync(join(dir, 'lock'))) continue
    try {
      const lock = lockDirectory(dir)
      const left = readPostmasterFile(join(dir, 'data'))
      if (left && runsIn(left.pid, join(dir, 'data'))) await stopPostmaster(left.pid, join(dir, 'data'))
      lock.release()
      rmSync(join(temporaryRoot, name), { recursive: true, force: true })
    } catch {
      // In use by another run, or another user's: theirs to sweep.
    }
  }
}

async function makeTemplate(url: string): Promise<void> {
  await administer(url, `create database ${template}`)
  const db = openDb({ connectionString: withDatabase(url, template) })
  await migrate(db, systemClock)
  await db.destroy()
}

const dropTemplate = (url: string): Promise<void> => administer(url, `drop database if exists ${template}`)
