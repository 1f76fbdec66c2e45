// The embedded database: real PostgreSQL below one data directory, run as a child with its own session, so that Ctrl-C
// reaches us alone and we stop it in order. A SIGKILL of ours leaves it running; the next start adopts it when it runs
// with the settings we want and answers, and otherwise stops it and starts anew.
//
// <dataDir>/postgres/: postgres-<version>/ (programs)  data/  run/ (socket)  server.log  lock
//
// It listens on a unix socket only. Authentication is `trust`: the socket's directory is 0700 and owned by the user that
// runs PostgreSQL, so nobody else but root comes as far as to be asked.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { createCluster, explainStart, openDataRoot } from './cluster-directory.ts'
import type { DatabaseRefusal } from './database-refusal.ts'
import { lockDirectory } from './directory-lock.ts'
import { asUser, type HostUser } from './host-user.ts'
import { installBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { isAlive, readPostmasterFile, runsIn, stopPostmaster, waitUntil } from './postmaster.ts'
import { prepareSocketDir } from './socket-directory.ts'

export interface EmbeddedOptions {
  /** Berth's data root; PostgreSQL takes the folder `postgres` in it. */
  dataDir: string
  log: Logger
  /** Where the programs are copied to; by default below the data root. */
  binariesDir?: string
  /** Where the socket goes when `<dataDir>/postgres/run` is too long a path; by default below the system's tmp. */
  socketBase?: string
  settings?: Record<string, string>
}

export interface EmbeddedPostgres {
  /** For `openDb` and `pg`. */
  config: { host: string; port: number; user: string; database: string }
  /** The same as a URL, for other programs and other processes. */
  url: string
  pid: number
  /** True when this start found the server of a dead predecessor and took it over. */
  adopted: boolean
  /** Resolves when the server ends, wanted or not. */
  exited: Promise<void>
  /** Stops the server in order and frees the data directory. Repeatable. */
  stop(): Promise<void>
}

const port = 5432
const user = 'berth'
const database = 'berth'
const startTimeoutMs = 60_000 // Crash recovery after a long checkpoint interval; a healthy start takes 0.2 s.

// Small on purpose: one host, a few hundred short transactions a second, idle below 100 MB.
const settings: Record<string, string> = {
  listen_addresses: '',
  port: String(port),
  max_connections: '120',
  shared_buffers: '48MB',
  max_wal_size: '512MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  jit: 'off',
  autovacuum_max_workers: '2',
  autovacuum_naptime: '30s',
  huge_pages: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  // A killed client's transaction ends within seconds, and its locks with it.
  client_connection_check_interval: '2s',
}

interface Plan {
  clusterDir: string
  logFile: string
  socketDir: string
  hostUser: HostUser
  binaries: PostgresBinaries
  args: string[]
  log: Logger
}

/** Starts, or adopts, the database of a data directory. The first start makes it. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const root = await openDataRoot(options.dataDir)
  const lock = lockDirectory(root.dir)
  try {
    const plan = await makePlan(root, options)
    const server = (await adopt(plan)) ?? (await launch(plan))
    const { config, url } = address(plan.socketDir)
    await ensureDatabase(config)
    let stopping: Promise<void> | undefined
    const stop = async () => {
      await stopPostmaster(server.pid, plan.clusterDir)
      // Below tmp it would be litter.
      if (dirname(plan.socketDir) !== root.dir) await rm(plan.socketDir, { recursive: true, force: true })
      lock.release()
    }
    return {
      config,
      url,
      ...server,
      stop: () => {
        stopping ??= stop()
        return stopping
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function makePlan(root: { dir: string; hostUser: HostUser }, options: EmbeddedOptions): Promise<Plan> {
  const { dir, hostUser } = root
  const socketDir = await prepareSocketDir(dir, hostUser, port, options.socketBase)
  const binaries = await installBinaries(options.binariesDir ?? dir)
  const clusterDir = join(dir, 'data')
  await createCluster(clusterDir, binaries, hostUser)
  const wanted = { ...settings, unix_socket_directories: socketDir, ...options.settings }
  const args = ['-D', clusterDir, ...Object.entries(wanted).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  return { clusterDir, logFile: join(dir, 'server.log'), socketDir, hostUser, binaries, args, log: options.log }
}

function address(socketDir: string): Pick<EmbeddedPostgres, 'config' | 'url'> {
  const url = `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(socketDir)}&port=${port}`
  return { config: { host: socketDir, port, user, database }, url }
}

interface Server {
  pid: number
  adopted: boolean
  exited: Promise<void>
}

/** Takes over a server that outlived its parent; one that is not what we want is stopped. Null: start your own. */
async function adopt(plan: Plan): Promise<Server | null> {
  const file = readPostmasterFile(plan.clusterDir)
  if (file === null || !runsIn(file.pid, plan.clusterDir)) return null
  if (await runsAsWanted(plan, file.socketDir)) {
    plan.log.info({ pid: file.pid }, 'adopted the running database')
    return { pid: file.pid, adopted: true, exited: pollExit(file.pid) }
  }
  plan.log.warn({ pid: file.pid }, 'stopping a database left behind with other settings or without an answer')
  await stopPostmaster(file.pid, plan.clusterDir)
  return null
}

/** PostgreSQL notes its command line in postmaster.opts: the same line is the same version with the same settings. */
async function runsAsWanted(plan: Plan, socketDir: string): Promise<boolean> {
  if (socketDir !== plan.socketDir || (await commandLine(plan)) !== expectedCommandLine(plan)) return false
  try {
    await query({ ...address(socketDir).config, database: 'postgres' }, 'select 1')
    return true
  } catch {
    return false
  }
}

async function commandLine(plan: Plan): Promise<string> {
  return (await readFile(join(plan.clusterDir, 'postmaster.opts'), 'utf8').catch(() => '')).trim()
}

const expectedCommandLine = (plan: Plan): string =>
  [plan.binaries.postgres, ...plan.args.map(arg => `"${arg}"`)].join(' ')

async function pollExit(pid: number): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      if (isAlive(pid)) return
      clearInterval(timer)
      resolve()
    }, 100)
    timer.unref()
  })
}

async function launch(plan: Plan): Promise<Server> {
  const stalePid = readPostmasterFile(plan.clusterDir)?.pid
  const logFrom = await rotateLog(plan.logFile)
  const child = spawnServer(plan, stalePid)
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const ended = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  const ready = () => {
    const file = readPostmasterFile(plan.clusterDir)
    return file?.pid === child.pid && file?.ready === true
  }
  await waitUntil(() => ended() || ready(), startTimeoutMs)
  if (child.pid === undefined || !ready()) {
    if (child.pid !== undefined && !ended()) await stopPostmaster(child.pid, plan.clusterDir)
    throw await explainStart(plan, logFrom)
  }
  child.unref()
  return { pid: child.pid, adopted: false, exited }
}

function spawnServer(plan: Plan, stalePid: number | undefined): ChildProcess {
  const { env, ...identity } = asUser(plan.hostUser)
  // A file and no pipe: the server must be able to log after our death.
  const output = openSync(plan.logFile, 'a', 0o640)
  try {
    // PostgreSQL refuses to start while some process, any process, has the pid in a stale postmaster.pid. We hold the
    // directory's lock and know that it isn't a server: naming it as the grandparent makes PostgreSQL pass over it and
    // keep its other check, for backends that still use the shared memory.
    const grandparent = stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) }
    const child = spawn(plan.binaries.postgres, plan.args, {
      ...identity,
      env: { ...env, ...grandparent },
      cwd: plan.clusterDir,
      detached: true,
      stdio: ['ignore', output, output],
    })
    child.once('error', error => plan.log.error({ error: messageOf(error) }, 'the database could not be started'))
    return child
  } finally {
    closeSync(output)
  }
}

/** Keeps one older log; returns where the new start's lines begin. */
async function rotateLog(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    found => found.size,
    () => 0,
  )
  if (size < 8 * 1024 * 1024) return size
  await rename(logFile, `${logFile}.1`)
  return 0
}

async function query(config: pg.ClientConfig, text: string): Promise<void> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  client.on('error', () => {}) // The query's own rejection tells.
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** Makes our database at the first start; a start cut off before this is made good by the next. */
async function ensureDatabase(config: EmbeddedPostgres['config']): Promise<void> {
  try {
    await query(config, 'select 1')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === '3D000'
    if (!missing) {
      throw new Refusal<DatabaseRefusal>('DatabaseStartFailed', `the database does not answer: ${messageOf(error)}`)
    }
    await query({ ...config, database: 'postgres' }, `create database ${database}`)
  }
}
