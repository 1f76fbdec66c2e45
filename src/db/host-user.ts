// Which user of this host runs PostgreSQL: it refuses to run as root, so root steps down to an unprivileged user.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Refusal } from '../lib/errors.ts'
import { type DatabaseRefusal, ownDatabase } from './database-refusal.ts'

/** `switch` is true when we are root and child processes must change their user. */
export interface HostUser {
  uid: number
  gid: number
  name: string
  switch: boolean
}

interface Passwd {
  name: string
  uid: number
  gid: number
}

function readPasswd(): Passwd[] {
  const text = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : ''
  return text.split('\n').flatMap(line => {
    const [name, , uid, gid] = line.split(':')
    if (!name || uid === undefined || gid === undefined) return []
    // macOS writes nobody as -2; system calls take it as an unsigned number.
    return [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }]
  })
}

/**
 * As an ordinary user: that user. As root: whoever owns an existing data directory, else `berth` where the host has such a
 * user, else `nobody`.
 */
export function choosePostgresUser(clusterDir: string): HostUser {
  const uid = process.getuid?.() ?? 0
  const known = readPasswd()
  if (uid !== 0) {
    return {
      uid,
      gid: process.getgid?.() ?? 0,
      name: known.find(entry => entry.uid === uid)?.name ?? '',
      switch: false,
    }
  }
  if (existsSync(clusterDir)) {
    const owner = statSync(clusterDir)
    if (owner.uid !== 0) {
      const name = known.find(entry => entry.uid === owner.uid)?.name ?? ''
      return { uid: owner.uid, gid: owner.gid, name, switch: true }
    }
  }
  const user = known.find(entry => entry.name === 'berth') ?? known.find(entry => entry.name === 'nobody')
  if (!user || user.uid === 0) {
    throw new Refusal<DatabaseRefusal>(
      'DataDirUnusable',
      `PostgreSQL refuses to run as root and this host has neither a user named berth nor nobody: add one (useradd --system berth), ${ownDatabase}`,
    )
  }
  return { ...user, switch: true }
}

/** The first directory on the way to `path` that the user can't pass through, or null. */
export function blockedAncestor(path: string, user: HostUser): string | null {
  const ancestors: string[] = []
  for (let dir = path; ; dir = dirname(dir)) {
    ancestors.unshift(dir)
    if (dir === dirname(dir)) break
  }
  for (const dir of ancestors) {
    const { uid, gid, mode } = statSync(dir)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return dir
  }
  return null
}

/** Options for `spawn`: the user, and an environment that carries none of ours (PGDATA, LD_PRELOAD, secrets). */
export function asUser(user: HostUser): { uid?: number; gid?: number; env: Record<string, string> } {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }
  return user.switch ? { uid: user.uid, gid: user.gid, env } : { env }
}
