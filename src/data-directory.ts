// Where data is kept when nobody says where.
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Root's home is closed to the users that PostgreSQL and services run as when started by root: the system's place is used
 * then.
 */
export function dataDirectory(name: string, env: NodeJS.ProcessEnv, uid = process.getuid?.()): string {
  if (env.XDG_DATA_HOME) return join(env.XDG_DATA_HOME, name)
  return uid === 0 ? join('/var/lib', name) : join(env.HOME || homedir(), '.local', 'share', name)
}
