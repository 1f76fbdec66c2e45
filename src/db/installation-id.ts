// What tells this installation from others outside of its database: on a cluster that several share. Made once; a backup
// carries it, so that what was restored elsewhere is still the same installation.
import { sql } from 'kysely'
import { randomText } from '../lib/id.ts'
import type { Random } from '../lib/random.ts'
import type { Db } from './db.ts'

export async function installationId(db: Db, random: Random): Promise<string> {
  const made = JSON.stringify({ id: randomText(random, 12) })
  await sql`
    insert into settings (key, value) values ('installation.id', ${made}::jsonb) on conflict (key) do nothing`.execute(
    db,
  )
  const { rows } = await sql<{ value: { id: string } }>`
    select value from settings where key = 'installation.id'`.execute(db)
  return rows[0]?.value.id ?? ''
}
