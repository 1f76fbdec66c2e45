// Which key seals secrets: the book has its fingerprint, so a process that was given another one ends at once with a reason, and
// not at the first secret that it cannot open.
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { Refusal } from '../lib/errors.ts'

export type SealingKeyRefusal = 'SealingKeyDiffers'

export async function checkSealingKey(db: Db, key: Buffer): Promise<void> {
  const fingerprint = createHash('sha256').update('berth sealing key').update(key).digest('hex').slice(0, 32)
  await sql`insert into sealing_key (fingerprint) values (${fingerprint}) on conflict do nothing`.execute(db)
  const known = await db.selectFrom('sealingKey').select('fingerprint').executeTakeFirstOrThrow()
  if (known.fingerprint === fingerprint) return
  throw new Refusal<SealingKeyRefusal>(
    'SealingKeyDiffers',
    'the key that seals secrets is another one here than this database was begun with: give every role the secret.key of the first installation, as BERTH_SECRET_KEY or in its data directory',
    { field: 'BERTH_SECRET_KEY' },
  )
}
