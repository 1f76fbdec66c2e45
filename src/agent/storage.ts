// What a service process sees of the host's directories. A process shares the host's file system, and only root could give
// it another one: so `mount_path` is a link below the directory that it runs in (`$BERTH_STORAGE/mnt/data` for /mnt/data), and
// read-only is what the rights of its user make so. Where they do not, nothing runs.
import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Refusal } from '../lib/errors.ts'
import { type AllowedPath, type Mount, realMounts, resolveMounts } from '../lib/mounts.ts'
import type { RunAs } from './spawn.ts'

/** Into a directory in which nothing of the service has run yet. */
export async function linkStorage(
  directory: string,
  wishes: readonly Mount[],
  allow: readonly AllowedPath[],
  runAs: RunAs | null,
): Promise<void> {
  const mounts = await realMounts(resolveMounts(wishes, allow), allow)
  for (const { mountPath, hostPath, readOnly } of mounts) {
    if (!(await may(runAs, '-x', hostPath)) || !(await may(runAs, '-r', hostPath)))
      throw impossible(`storage: the user that services run as may not read ${hostPath}`)
    if (readOnly && (await may(runAs, '-w', hostPath)))
      throw impossible(
        `storage: ${hostPath} is to be read-only, but the user that services run as may write there: take the right away, or run the service by Docker`,
      )
    makeLink(directory, mountPath, hostPath, runAs)
  }
}

function makeLink(directory: string, mountPath: string, hostPath: string, runAs: RunAs | null): void {
  const link = join(directory, mountPath)
  let parent = directory
  for (const part of relative(directory, dirname(link)).split('/').filter(Boolean)) {
    parent = join(parent, part)
    mkdirSync(parent, { recursive: true, mode: 0o755 })
    if (runAs !== null) chownSync(parent, runAs.uid, runAs.gid)
  }
  rmSync(link, { force: true }) // Of a start that did not come to its program.
  symlinkSync(hostPath, link)
}

/** Asked as that user, by the kernel: modes alone do not tell (groups, access lists, file systems that are read-only). */
function may(runAs: RunAs | null, right: '-r' | '-w' | '-x', path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `test ${right} "$1"`, 'sh', path], {
      cwd: '/',
      stdio: 'ignore',
      ...(runAs ?? {}),
    })
    child.once('error', reject)
    child.once('exit', code => resolve(code === 0))
  })
}

const impossible = (message: string): Refusal => new Refusal('MountImpossible', message)
