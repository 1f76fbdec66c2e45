// The key that encrypts secrets at rest: made once, kept beside the database with mode 0600, part of every backup.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Random } from '../lib/random.ts'
import { secretKeyPath } from './run-state.ts'

/** Of the environment where roles run apart, else that of the data directory, which must be there. */
export function sealingKey({ roles, dataDir }: Pick<Config, 'roles' | 'dataDir'>): Buffer {
  return roles.sealingKey === null ? readSecretKey(dataDir) : Buffer.from(roles.sealingKey, 'hex')
}

function readSecretKey(dataDir: string): Buffer {
  return Buffer.from(readFileSync(secretKeyPath(dataDir), 'utf8').trim(), 'hex')
}

export function secretKey(dataDir: string, random: Random): Buffer {
  const path = secretKeyPath(dataDir)
  if (!existsSync(path)) writeFileSync(path, `${random.bytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  return readSecretKey(dataDir)
}
