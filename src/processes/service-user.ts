// Services run as a user of their own when Berth was started as root; else everything is one user and one trust domain.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { canReach, type RunAs } from '../agent/spawn.ts'
import type { Logger } from '../lib/log.ts'

const names = ['berth-service', 'nobody']
const source = fileURLToPath(new URL('..', import.meta.url))

/**
 * `berth-service` where the operator made such a user, else `nobody`; null (our own user) when not root, or when that user
 * can not reach the program: a checkout below a closed directory still works, in one trust domain, and the log says so.
 */
export async function serviceUser(dataDir: string, log: Logger): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) return null
  const user = findUser(readFileSync('/etc/passwd', 'utf8'))
  if (user === null) return null
  if (await canReach(user, [process.execPath, source, dataDir])) return user
  log.warn(
    { uid: user.uid, source, dataDir },
    'services run as root: their own user can not reach the program; move it to a directory that others may enter',
  )
  return null
}

export function findUser(passwd: string): RunAs | null {
  const users = passwd.split('\n').map(line => line.split(':'))
  for (const name of names) {
    const fields = users.find(([candidate]) => candidate === name)
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  return null
}
