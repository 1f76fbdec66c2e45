// Reading and writing the files of cgroup directories, both versions.
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CgroupMount {
  /** Where the directory tree is mounted, and which part of the hierarchy is mounted there. */
  at: string
  root: string
  type: string
  options: string[]
}

export function listCgroupMounts(): CgroupMount[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .flatMap(line => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', , options = ''] = after.split(' ')
      const [, , , root = '/', at = ''] = before.split(' ')
      return type.startsWith('cgroup') ? [{ at, root, type, options: options.split(',') }] : []
    })
}

/** This process's path in a hierarchy: v1 by its controller, v2 by the empty name. */
export function ownPath(controller: string): string {
  for (const line of read('/proc/self/cgroup').split('\n')) {
    const [, controllers = '', ...path] = line.split(':')
    if (line !== '' && controllers.split(',').includes(controller)) return path.join(':')
  }
  throw new Error(`this process is in no cgroup of ${controller === '' ? 'version 2' : controller}`)
}

/** Inside a container a mount may show only a part of the hierarchy, while paths are told from its top. */
export function directoryIn(mount: CgroupMount, path: string): string {
  const below = mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path
  return join(mount.at, below).replace(/\/$/, '')
}

export const read = (path: string): string => readFileSync(path, 'utf8')
export const write = (path: string, value: string | number): void => writeFileSync(path, String(value))

/** A figure by its name from a file of `name value` lines; 0 when it is not there. */
export function figure(path: string, name: string): number {
  if (!existsSync(path)) return 0
  const line = read(path)
    .split('\n')
    .find(text => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

/** The same in another unit; null when it is not there. */
export function figureOrNull(path: string, name: string, per: number): number | null {
  return existsSync(path) ? figure(path, name) / per : null
}

export function membersOf(directory: string): number[] {
  const path = join(directory, 'cgroup.procs')
  return existsSync(path) ? read(path).split('\n').filter(Boolean).map(Number) : []
}

export function listNamed(directory: string, prefix: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() && entry.name.startsWith(prefix) ? [join(directory, entry.name)] : [],
  )
}

/** False while a process is inside. */
export function removeDirectory(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch {
    return !existsSync(directory)
  }
}
