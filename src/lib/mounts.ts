// Directories of the host that a service sees: what it asks for, held against what the operator allows. First by the words
// alone, where it is deployed; then by what is really there, where it is mounted, since a link may lead out.
import { realpath, stat } from 'node:fs/promises'
import { normalize } from 'node:path'
import { Refusal } from './errors.ts'

/** The first two name a field of the service's JSON; the last is met where the mount is made. */
export type MountRefusal = 'UnsupportedServiceConfig' | 'InvalidServiceConfig' | 'MountImpossible'

export interface Mount {
  /** Where the service sees it. */
  mountPath: string
  hostPath: string
  readOnly: boolean
}

export interface AllowedPath {
  path: string
  readOnly: boolean
}

/** The mounts as they may be made: read-only also where the operator says so. Refuses what is not allowed. Pure. */
export function resolveMounts(wishes: readonly Mount[], allow: readonly AllowedPath[]): Mount[] {
  const mounts = wishes.map((wish, index) => {
    const field = `storage[${index}]`
    checkPath(`${field}.mount_path`, wish.mountPath)
    checkPath(`${field}.host_path.path`, wish.hostPath)
    const allowed = allowing(wish.hostPath, allow)
    if (allowed !== null) return { ...wish, readOnly: wish.readOnly || allowed.readOnly }
    const message = `${field}.host_path.path: ${wish.hostPath} may not be mounted: the operator allows directories under storage.allow in berth.yaml`
    throw new Refusal<MountRefusal>('UnsupportedServiceConfig', message, { field: `${field}.host_path.path` })
  })
  for (const [index, { mountPath }] of mounts.entries()) {
    const other = mounts.find((mount, at) => at !== index && isWithin(mountPath, mount.mountPath))
    // One in the other would be made inside the host's directory.
    if (other === undefined) continue
    const field = `storage[${index}].mount_path`
    throw new Refusal<MountRefusal>('InvalidServiceConfig', `${field}: ${mountPath} lies in ${other.mountPath}`, {
      field,
    })
  }
  return mounts
}

function checkPath(field: string, path: string): void {
  const isPlain = path.startsWith('/') && path !== '/' && normalize(path) === path && !path.endsWith('/')
  if (isPlain && !path.includes('\0')) return
  const message = `${field}: must be an absolute path without "..", not / itself`
  throw new Refusal<MountRefusal>('InvalidServiceConfig', message, { field })
}

/** The narrowest that holds it: an exception for a part of it counts. */
function allowing(path: string, allow: readonly AllowedPath[]): AllowedPath | null {
  const holding = allow.filter(allowed => isWithin(path, allowed.path))
  return holding.toSorted((a, b) => b.path.length - a.path.length)[0] ?? null
}

export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)

/**
 * The same with `hostPath` as it really is: every link followed, and still in the directory that allows it. What may change
 * between this look and the mount must be writable by none but the operator.
 */
export async function realMounts(mounts: readonly Mount[], allow: readonly AllowedPath[]): Promise<Mount[]> {
  const homes = await Promise.all(
    allow.map(async ({ path, readOnly }) => ({ path: await realpath(path).catch(() => null), given: path, readOnly })),
  )
  const there = homes.flatMap(home => (home.path === null ? [] : [{ ...home, path: home.path }]))
  return Promise.all(
    mounts.map(async mount => {
      const { hostPath } = mount
      const real = await realpath(hostPath).catch(() => null)
      if (real === null || !(await stat(real)).isDirectory())
        throw impossible(`storage: there is no directory ${hostPath} on this host`)
      const allowed = allowing(hostPath, allow)
      const home = there.find(({ given }) => given === allowed?.path)
      const narrowest = allowing(real, there)
      if (home === undefined || narrowest === null || !isWithin(real, home.path))
        throw impossible(`storage: ${hostPath} is a link that leads out of what storage.allow in berth.yaml allows`)
      // A link may lead into a part that is narrower than where it stands.
      return { ...mount, hostPath: real, readOnly: mount.readOnly || home.readOnly || narrowest.readOnly }
    }),
  )
}

const impossible = (message: string): Refusal<MountRefusal> => new Refusal('MountImpossible', message)
