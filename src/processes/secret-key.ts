// The key that encrypts secrets at rest: made once, kept beside the database with mode 0600, part of every backup.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Random } from '../lib/random.ts'
import { secretKeyPath } from './run-state.ts'

export function readSecretKey(dataDir: string): Buffer {
  return Buffer.from(readFileSync(secretKeyPath(dataDir), 'utf8').trim(), 'hex')
}

export function secretKey(dataDir: string, random: Random): Buffer {
  const path = secretKeyPath(dataDir)
  if (!existsSync(path)) writeFileSync(path, `${random.bytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  return readSecretKey(dataDir)
}
