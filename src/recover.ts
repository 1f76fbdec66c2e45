// `berth recover`: an access key by way of the database, as two lines for a shell.
import type { Config } from './config/config.ts'
import { openDb } from './db/db.ts'
import { platformAccountName } from './identity/account.ts'
import { recoverAccess } from './identity/recover.ts'
import { checkSealingKey } from './identity/sealing-key.ts'
import { SecretBox } from './identity/secret-box.ts'
import { systemClock } from './lib/clock.ts'
import { silentLog } from './lib/log.ts'
import { systemRandom } from './lib/random.ts'
import { sealingKey } from './processes/secret-key.ts'
import { withDatabase } from './processes/with-database.ts'

export async function recover(config: Config, user: string, account = platformAccountName): Promise<void> {
  await withDatabase(config, async url => {
    const db = openDb({ connectionString: url })
    try {
      const key = sealingKey(config)
      await checkSealingKey(db, key)
      const ctx = { db, clock: systemClock, random: systemRandom, log: silentLog }
      const { accessKeyId, secret } = await recoverAccess(ctx, new SecretBox(key), { account, user })
      console.log(`export BERTH_ACCESS_KEY_ID=${accessKeyId}\nexport BERTH_ACCESS_KEY_SECRET=${secret}`)
    } finally {
      await db.destroy()
    }
  })
}
