// `berth backup` and `berth restore`: with DATABASE_URL, with the embedded database that runs, or with one started for this.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { backUp, restore } from '../db/backup.ts'
import { systemClock } from '../lib/clock.ts'
import { Refusal } from '../lib/errors.ts'
import { secretKeyPath } from './run-state.ts'
import { sealingKey } from './secret-key.ts'
import { withDatabase } from './with-database.ts'

export async function runBackup(config: Config, file: string): Promise<void> {
  const summary = await withDatabase(config, url =>
    backUp({ config: { connectionString: url }, file, secretKey: sealingKey(config), clock: systemClock }),
  )
  console.log(`${file}: ${summary.rows} rows of ${summary.tables} tables, as of ${summary.takenAt}`)
}

export async function runRestore(config: Config, file: string): Promise<void> {
  const keyPath = secretKeyPath(config.dataDir)
  if (existsSync(keyPath)) {
    throw new Refusal(
      'NotEmpty',
      `${config.dataDir} has an installation already; restore into an empty data directory (BERTH_HOME).`,
    )
  }
  const summary = await withDatabase(config, url =>
    restore({ config: { connectionString: url }, file, clock: systemClock }),
  )
  mkdirSync(config.dataDir, { recursive: true })
  writeFileSync(keyPath, `${summary.secretKey.toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  console.log(`${summary.rows} rows of ${summary.tables} tables are back, as of ${summary.takenAt}`)
  console.log(
    'Access keys of the backup are valid; the file with this host’s own (credentials.json) is yours to bring along.',
  )
}
