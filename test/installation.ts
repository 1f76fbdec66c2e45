// A whole Berth of its own for one test file: `bin/berth up` with real processes in a throw-away data directory, on free
// ports, and a typed client for its owner and its operator.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from '../src/client/client.ts'
import { type InstallationStatus, status } from '../src/processes/down.ts'
import { temporaryRoot } from './temporary.ts'

export const berth = fileURLToPath(new URL('../bin/berth', import.meta.url))

export class Installation {
  readonly home = mkdtempSync(join(temporaryRoot, 'berth-up-'))
  supervisor: ChildProcess | null = null
  output = ''

  constructor() {
    chmodSync(this.home, 0o711) // PostgreSQL and services run as other users when this is root.
  }

  get env(): NodeJS.ProcessEnv {
    const { DATABASE_URL: _, ...rest } = process.env
    return { ...rest, BERTH_HOME: this.home, BERTH_API_LISTEN: '127.0.0.1:0', BERTH_GATEWAY_LISTEN: '127.0.0.1:0' }
  }

  /** Resolves when everything answers; rejects with what it printed when it ends instead. */
  async up(): Promise<void> {
    const child = spawn(berth, ['up'], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.supervisor = child
    this.output = ''
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.output += chunk.toString()
        if (this.output.includes('Ctrl-C')) resolve()
      }
      child.stdout?.on('data', read)
      child.stderr?.on('data', read)
      child.once('exit', code => reject(new Error(`up ended with code ${code}: ${this.output}`)))
    })
  }

  async down(): Promise<void> {
    const child = this.supervisor
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }

  /** Runs a command of the command line to its end. */
  run(...args: string[]): string {
    return execFileSync(berth, args, { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  status(): Promise<InstallationStatus> {
    return status(this.home)
  }

  /** The pid of a role, as the supervisor has noted it. */
  async pidOf(name: string): Promise<number | null> {
    const { processes } = await this.status()
    const found = processes.find(process => process.name === name)
    return found?.running ? found.pid : null
  }

  async client(who: 'owner' | 'operator'): Promise<Client> {
    const credentials = this.credentials()
    const { state } = await this.status()
    if (!state) throw new Error('nothing runs here')
    return new Client({ ...credentials[who], apiUrl: state.apiUrl })
  }

  credentials(): Record<'owner' | 'operator', { accessKeyId: string; secret: string; accountId: string }> {
    return JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8'))
  }

  /** What its people type to sign in at the console. */
  signIn(who: 'owner' | 'operator'): { account: string; user: string; password: string } {
    return JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8'))[who]
  }

  async gatewayPort(): Promise<number> {
    const { state } = await this.status()
    return Number(new URL(state?.gatewayUrl ?? '').port)
  }

  /** Ends whatever still runs, and leaves nothing behind. */
  async remove(): Promise<void> {
    await this.down()
    if (existsSync(this.home)) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Asks again until the answer is there; fails with what it waited for. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false>,
  withinMs = 40_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await ask()
    if (value !== null && value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${what}`)
    await pause(25)
  }
}
