import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded.ts'
import { readPostmasterFile, runsIn, stopPostmaster } from '../../src/db/postmaster.ts'
import { silentLog } from '../../src/lib/log.ts'

export const isRoot = process.getuid?.() === 0
export const nobody = 65_534
/** Shared by the tests, so that each doesn't copy 40 MB. */
export const binariesDir = join(tmpdir(), `berth-binaries-${process.getuid?.() ?? 0}`)

/** A directory that goes at the end of the test, with whatever server still runs in it. */
export function aDataDir(prefix = 'berth-embedded-'): string {
  const dir = mkdtempSync(join(inject('postgres').scratch, prefix))
  chmodSync(dir, 0o755)
  onTestFinished(async () => {
    const cluster = join(dir, 'postgres', 'data')
    const left = readPostmasterFile(cluster)
    if (left && runsIn(left.pid, cluster)) await stopPostmaster(left.pid, cluster)
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

let seed: string | undefined

/** A data directory whose first start is behind it: a copy of one that was made once, in a tenth of the time. */
export async function aMadeDataDir(): Promise<string> {
  const dataDir = aDataDir()
  if (seed === undefined) {
    const made = aDataDir()
    await (await startEmbedded({ dataDir: made, binariesDir, log: silentLog })).stop()
    seed = mkdtempSync(join(inject('postgres').scratch, 'berth-seed-'))
    copy(made, seed)
  }
  copy(seed, dataDir)
  return dataDir
}

const copy = (from: string, to: string) => execFileSync('cp', ['-a', `${from}/.`, to])

/** Ends what `aMadeDataDir` keeps for a whole file. */
export function removeSeed(): void {
  if (seed !== undefined) rmSync(seed, { recursive: true, force: true })
  seed = undefined
}

/** Starts a server that the test's end stops. */
export async function start(dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ dataDir, binariesDir, log: silentLog, ...options })
  onTestFinished(() => server.stop())
  return server
}

export async function ask(server: Pick<EmbeddedPostgres, 'config'>, text: string): Promise<unknown[]> {
  const client = new pg.Client(server.config)
  await client.connect()
  try {
    const result = await client.query({ text, rowMode: 'array' })
    // Several statements give several results: the last one counts.
    const last: pg.QueryArrayResult = Array.isArray(result) ? result.at(-1) : result
    return last.rows.flat()
  } finally {
    await client.end()
  }
}

export interface Holder {
  child: ChildProcess
  said: { pid: number; uid: number; config: EmbeddedPostgres['config']; refused?: string }
}

/** A real process that opens the data directory and holds it. */
export async function startInProcess(dataDir: string, asUid?: number): Promise<Holder> {
  const binaries = asUid === undefined ? binariesDir : join(dataDir, 'binaries')
  const child = spawn(process.execPath, [join(import.meta.dirname, 'start-embedded.ts'), dataDir, binaries], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...(asUid === undefined ? {} : { uid: asUid, gid: asUid }),
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, said: JSON.parse(line) as Holder['said'] }
}

export async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
