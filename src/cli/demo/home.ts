// Where a demo lives: a directory of its own, marked as such. Only what a demo has made is ever cleared away, and only for
// the user who made it.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { dataDirectory } from '../../data-directory.ts'
import { environment } from '../../lib/env.ts'
import { refuse } from '../failure.ts'
import { anyPorts, berthArgv, demoEnvironment, startUp } from './berth-process.ts'

const markerName = 'berth-demo.json'
const temporaryPrefix = 'berth-demo-'
/** A fresh directory that is removed at the end; what demos before this one were killed over goes first. */
export async function makeTemporaryHome(): Promise<string> {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name)
    if (name.startsWith(temporaryPrefix) && isOurs(path) && !isAlive(ownerOf(path))) await clear(path)
  }
  const path = mkdtempSync(join(tmpdir(), temporaryPrefix))
  // Services run as another user when this is root: they must get through, not look around.
  chmodSync(path, 0o711)
  furnish(path)
  return path
}

/** The directory of a demo that stays: cleared first, so that the story is the same each time. */
export async function makeHome(path: string): Promise<void> {
  if (existsSync(path) && readdirSync(path).length > 0) {
    const owner = ownerOf(path)
    if (!isOurs(path) || owner === null) {
      throw refuse('InvalidArgument', `data-dir: ${path} holds something that no demo has made; name another directory`)
    }
    if (isAlive(owner) && berth(path, 'status') === 0) {
      throw refuse(
        'InvalidArgument',
        `data-dir: a demo is running there already (process ${owner}); end it with Ctrl-C`,
      )
    }
    await clear(path)
  }
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o711)
  furnish(path)
}

export const defaultHome = (): string => dataDirectory('berth-demo', environment())

/** Stops what still runs there and removes it. */
async function clear(path: string): Promise<void> {
  berth(path, 'down')
  // A supervisor that was killed left processes that nobody stops: a new one takes them over.
  if (existsSync(join(path, 'run', 'berth.json'))) {
    const stop = await startUp(path, anyPorts, () => {}).catch(() => null)
    await stop?.()
  }
  rmSync(path, { recursive: true, force: true })
}

function berth(path: string, command: string): number | null {
  const [program = '', ...args] = [...berthArgv, command]
  return spawnSync(program, args, { env: demoEnvironment(path, anyPorts), stdio: 'ignore', timeout: 120_000 }).status
}

function furnish(path: string): void {
  writeFileSync(join(path, markerName), `${JSON.stringify({ pid: process.pid })}\n`)
  const memory = Math.min(totalmem(), process.constrainedMemory() || totalmem())
  // The slices of a small host are smaller than the demo's model server needs.
  if (memory < 4.5 * 1024 ** 3) writeFileSync(join(path, 'berth.yaml'), smallHostYaml)
}

function isOurs(path: string): boolean {
  try {
    const found = lstatSync(path)
    return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)
  } catch {
    return false
  }
}

/** The process of the demo that made it; null where none has. */
function ownerOf(path: string): number | null {
  try {
    return (JSON.parse(readFileSync(join(path, markerName), 'utf8')) as { pid: number }).pid
  } catch {
    return null
  }
}

function isAlive(pid: number | null): boolean {
  if (pid === null) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const smallHostYaml = `catalog:
  specs:
    demo.small: { family: general, cpu: 1, memory: 512MiB }
  regions:
    local:
      name: This host
      engine: process
      zones:
        local-a:
          name: Zone A
          offers:
            demo.small:
              stock: 4
              prepaid: { 1: 30.00, 2: 29.40, 3: 28.80, 6: 27.60, 12: 25.50, diskGiB: 0.35 }
              postpaid: { hour: 0.06, diskGiB: 0.0005 }
`
