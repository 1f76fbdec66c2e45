// One opener per data directory. The lock is the kernel's (through SQLite's lock on a file), so it ends with the process
// that holds it, however it ends: no lock is ever stale, and a reused pid fools nobody. The pid is kept beside it, only to
// be named to the second opener.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, Refusal } from '../lib/errors.ts'
import { type DatabaseRefusal, diskFullOr } from './database-refusal.ts'

export interface DirectoryLock {
  release(): void
}

const sqliteBusy = 5

/** Takes the lock or refuses at once, naming the process that holds it. */
export function lockDirectory(dir: string): DirectoryLock {
  const holderFile = join(dir, 'lock.pid')
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(dir, 'lock'), { timeout: 0 })
    lock.exec('begin exclusive')
    writeFileSync(holderFile, `${process.pid}\n`)
  } catch (error) {
    lock?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) throw inUse(dir, holderFile)
    throw diskFullOr(dir, messageOf(error), () => unlockable(dir, messageOf(error)))
  }
  const held = lock
  return { release: () => held.close() }
}

const unlockable = (dir: string, why: string): Refusal =>
  new Refusal<DatabaseRefusal>(
    'DataDirUnusable',
    `cannot lock the data directory ${dir}: ${why}; it must be on a local disk that this user can write`,
    { field: 'dataDir', dataDir: dir },
  )

function inUse(dir: string, holderFile: string): Refusal {
  const pid = readPid(holderFile)
  return new Refusal<DatabaseRefusal>(
    'DataDirInUse',
    `the data directory ${dir} is in use by process ${pid ?? '(unknown)'}: stop it first, or choose another data directory`,
    { field: 'dataDir', dataDir: dir, pid },
  )
}

function readPid(file: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isSafeInteger(pid) ? pid : null
  } catch {
    return null
  }
}
