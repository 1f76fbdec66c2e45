// Where the database's unix socket lives. A socket's path must fit the kernel's sun_path (108 bytes with its end on
// Linux, 104 on macOS), so a long data directory sends it to a short one below tmp, named after the data directory.
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { DatabaseRefusal } from './database-refusal.ts'
import { blockedAncestor, type HostUser } from './host-user.ts'

const pathBytes = process.platform === 'darwin' ? 103 : 107

// PostgreSQL reads the setting as a list, so a comma or a quote in the path would be taken for syntax.
const fits = (dir: string, port: number): boolean =>
  Buffer.byteLength(join(dir, `.s.PGSQL.${port}.lock`)) <= pathBytes && !/[,"]/.test(dir)

/** A private directory (0700, owned by the user that runs PostgreSQL) that is short enough. */
export async function prepareSocketDir(
  dir: string,
  user: HostUser,
  port: number,
  base: string = tmpdir(),
): Promise<string> {
  const near = join(dir, 'run')
  if (fits(near, port)) return makePrivate(near, user)
  const far = join(base, `berth-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`)
  if (!fits(far, port)) {
    throw new Refusal<DatabaseRefusal>(
      'SocketPathTooLong',
      `the database's socket would be ${join(far, `.s.PGSQL.${port}`)}, longer than the ${pathBytes} bytes a socket's path may have: choose a shorter data directory or set TMPDIR to a short path`,
      { field: 'dataDir', path: far, limit: pathBytes },
    )
  }
  return makePrivate(far, user)
}

async function makePrivate(dir: string, user: HostUser): Promise<string> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const found = await lstat(dir)
    const own = process.getuid?.() ?? 0
    // Below tmp anyone may have been there first, with a link or a directory of their own.
    if (!found.isDirectory() || (found.uid !== user.uid && found.uid !== own)) {
      throw new Error(`it is not a directory of user ${user.uid}; remove it`)
    }
    await chmod(dir, 0o700)
    if (user.switch) await chown(dir, user.uid, user.gid)
  } catch (error) {
    throw new Refusal<DatabaseRefusal>(
      'DataDirUnusable',
      `cannot use ${dir} for the database's socket: ${messageOf(error)}`,
      {
        path: dir,
      },
    )
  }
  const blocked = user.switch ? blockedAncestor(dir, user) : null
  if (blocked !== null) {
    throw new Refusal<DatabaseRefusal>(
      'DataDirUnusable',
      `the user ${user.name || user.uid}, who runs the database, can't enter ${blocked}: set TMPDIR to a directory that all may enter`,
      { path: blocked },
    )
  }
  return dir
}
