// Whether a PostgreSQL that somebody else runs (DATABASE_URL) is one that Berth can work on; asked before migrating.
import { sql } from 'kysely'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { DatabaseRefusal } from './database-refusal.ts'
import { type Db, sqlState } from './db.ts'

const oldestMajor = 16

/** Refuses a server that can't be reached, is too old, or keeps text in another encoding than UTF-8. */
export async function checkServer(db: Db): Promise<void> {
  let server: { version: number; encoding: string } | undefined
  try {
    const { rows } = await sql<{ version: number; encoding: string }>`
      select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`.execute(
      db,
    )
    server = rows[0]
  } catch (error) {
    // PostgreSQL's own words name the user or the database; a network error names the address. Neither has the password.
    const what = sqlState(error) === null ? `can't be reached: ${reasonOf(error)}` : `refuses: ${messageOf(error)}`
    throw new Refusal<DatabaseRefusal>(
      'DatabaseUnreachable',
      `the database ${what}; check DATABASE_URL, and that the server runs and lets this host in`,
      { field: 'DATABASE_URL' },
    )
  }
  const problem = server && serverProblem(server.version, server.encoding)
  if (problem) throw new Refusal<DatabaseRefusal>('DatabaseUnsuitable', problem, { field: 'DATABASE_URL' })
}

/** A connection that fails at every address of a host has its reasons inside, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}

/** What is wrong with a server of this `server_version_num` and encoding, or null. */
export function serverProblem(version: number, encoding: string): string | null {
  const major = Math.floor(version / 10_000)
  if (major < oldestMajor) return `the database is PostgreSQL ${major}: Berth needs ${oldestMajor} or newer`
  if (encoding !== 'UTF8') return `the database keeps text as ${encoding}: create one with encoding 'UTF8'`
  return null
}
