// The data directory on disk: made once, complete or absent; refused with the way out when it can't be used.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, Refusal } from '../lib/errors.ts'
import { type DatabaseRefusal, diskFull, diskFullOr } from './database-refusal.ts'
import { asUser, blockedAncestor, choosePostgresUser, type HostUser } from './host-user.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'

// Programs 58 MB, an empty cluster 39 MB, and room for the log that comes with the first writes.
const firstStartBytes = 160 * 1024 * 1024

const unusable = (dir: string, why: string): Refusal =>
  new Refusal<DatabaseRefusal>('DataDirUnusable', `cannot use the data directory ${dir}: ${why}`, {
    field: 'dataDir',
    dataDir: dir,
  })

/** Makes `<dataDir>/postgres` and picks the user that will run PostgreSQL in it. */
export async function openDataRoot(dataDir: string): Promise<{ dir: string; hostUser: HostUser }> {
  const wanted = join(resolve(dataDir), 'postgres')
  let dir: string
  try {
    await mkdir(wanted, { recursive: true, mode: 0o755 })
    dir = await realpath(wanted) // PostgreSQL reports real paths, and we compare with them.
    await probeWrite(dir)
  } catch (error) {
    throw diskFullOr(dirname(wanted), messageOf(error), () =>
      unusable(dataDir, `${messageOf(error)}; give this user the right to write there, or choose another directory`),
    )
  }
  const hostUser = choosePostgresUser(join(dir, 'data'))
  if (hostUser.switch) await letThrough(dir, hostUser)
  return { dir, hostUser }
}

async function probeWrite(dir: string): Promise<void> {
  const probe = join(dir, `.probe-${process.pid}`)
  await writeFile(probe, '')
  await rm(probe)
}

/** Root's own two directories are opened for passing through, without listing; those above are the operator's. */
async function letThrough(dir: string, user: HostUser): Promise<void> {
  for (const own of [dirname(dir), dir]) await chmod(own, ((await stat(own)).mode & 0o7777) | 0o011)
  const blocked = blockedAncestor(dir, user)
  if (blocked !== null) {
    throw unusable(
      dir,
      `PostgreSQL does not run as root, and the user ${user.name || user.uid} can't enter ${blocked}; choose a directory outside it, such as /var/lib/berth`,
    )
  }
}

/** Runs initdb beside the final place and moves the result there: a start that is cut off leaves no half of a cluster. */
export async function createCluster(clusterDir: string, binaries: PostgresBinaries, user: HostUser): Promise<void> {
  if (existsSync(clusterDir)) return checkCluster(clusterDir, binaries)
  const dir = dirname(clusterDir)
  await checkRoom(dir)
  // Named after this process: the initdb of a killed predecessor may still be writing to its own.
  const partial = `${clusterDir}.partial-${process.pid}`
  await removePartials(clusterDir)
  try {
    await mkdir(partial, { mode: 0o700 })
    if (user.switch) await chown(partial, user.uid, user.gid)
    await runInitdb(binaries.initdb, partial, user)
    await rename(partial, clusterDir)
    await syncDirectory(dir)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function removePartials(clusterDir: string): Promise<void> {
  const dir = dirname(clusterDir)
  const partials = (await readdir(dir)).filter(name => name.startsWith(`${basename(clusterDir)}.partial-`))
  for (const name of partials) await rm(join(dir, name), { recursive: true, force: true, maxRetries: 3 })
}

async function checkCluster(clusterDir: string, binaries: PostgresBinaries): Promise<void> {
  let version: string
  try {
    version = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    throw new Refusal<DatabaseRefusal>(
      'DataDirForeign',
      `${clusterDir} is there and is not a PostgreSQL data directory (${messageOf(error)}): restore it from a backup, or move it away to start empty`,
      { field: 'dataDir', path: clusterDir },
    )
  }
  if (version !== binaries.major) {
    throw new Refusal<DatabaseRefusal>(
      'DataDirForeign',
      `${clusterDir} was made by PostgreSQL ${version} and this Berth brings ${binaries.major}: run "berth backup" with the Berth that made it, move the directory away, and "berth restore" with this one`,
      { field: 'dataDir', path: clusterDir, found: version, wanted: binaries.major },
    )
  }
}

async function checkRoom(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  const mib = (bytes: number) => `${Math.floor(bytes / 1_048_576)} MiB`
  if (free < firstStartBytes) throw diskFull(dir, `${mib(free)} free, the first start needs ${mib(firstStartBytes)}`)
}

async function runInitdb(initdb: string, dir: string, user: HostUser): Promise<void> {
  const args = [
    '-D',
    dir,
    '--username=berth',
    '--auth=trust',
    '--encoding=UTF8',
    '--no-instructions',
    '--data-checksums',
  ]
  // Built into PostgreSQL: sorts by code point and folds Unicode case the same on every host, whatever its libc.
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8')
  const { code, output } = await run(initdb, args, user)
  if (code === 0) return
  throw diskFullOr(
    dir,
    output,
    () =>
      new Refusal<DatabaseRefusal>('DatabaseStartFailed', `initdb failed in ${dir}: ${lastLines(output)}`, { output }),
  )
}

function run(program: string, args: string[], user: HostUser): Promise<{ code: number; output: string }> {
  return new Promise(resolveRun => {
    const child = spawn(program, args, { ...asUser(user), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', error => resolveRun({ code: -1, output: messageOf(error) }))
    child.once('close', code => resolveRun({ code: code ?? -1, output }))
  })
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-4).join('; ')

/** Why the server did not come up, from the lines it wrote. */
export async function explainStart(plan: { clusterDir: string; logFile: string }, logFrom: number): Promise<Refusal> {
  const log = await readFile(plan.logFile).catch(() => Buffer.alloc(0))
  const text = log.subarray(logFrom).toString('utf8')
  return diskFullOr(
    plan.clusterDir,
    lastLines(text),
    () =>
      new Refusal<DatabaseRefusal>(
        'DatabaseStartFailed',
        `the database did not start: ${lastLines(text) || 'it wrote nothing'}; its whole log is ${plan.logFile}`,
        { logFile: plan.logFile },
      ),
  )
}
