// A Berth of real processes in a directory of its own, and the command line that talks to it, as people run both.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryRoot } from '../temporary.ts'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
}

export interface StartOptions {
  yaml?: (home: string) => string
  env?: NodeJS.ProcessEnv
}

export class Berth {
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly #up: ChildProcess

  private constructor(home: string, env: NodeJS.ProcessEnv, up: ChildProcess) {
    this.home = home
    this.env = env
    this.#up = up
  }

  /** `yaml` is its berth.yaml, told where that is; `more` is added to the environment of both. */
  static async start({ yaml, env: more = {} }: StartOptions = {}): Promise<Berth> {
    const home = mkdtempSync(join(temporaryRoot, 'berth-cli-'))
    // Services run as another user when this is root.
    chmodSync(home, 0o711)
    if (yaml) writeFileSync(join(home, 'berth.yaml'), yaml(home))
    const env = {
      ...{ BERTH_HOME: home, BERTH_CONFIG: '', DATABASE_URL: '' },
      ...{ BERTH_API_LISTEN: '127.0.0.1:0', BERTH_GATEWAY_LISTEN: '127.0.0.1:0' },
      ...more,
    }
    const up = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'up'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await new Promise<void>((resolve, reject) => {
      let said = ''
      const hear = (chunk: Buffer): void => {
        said += chunk
        if (said.includes('Ctrl-C stops everything')) resolve()
      }
      up.stdout.on('data', hear)
      up.stderr.on('data', hear)
      up.once('exit', code => reject(new Error(`berth up ended with ${code}:\n${said}`)))
    })
    return new Berth(home, env, up)
  }

  /** Of `berth up`. */
  get pid(): number {
    return this.#up.pid ?? 0
  }

  /** The same Berth with more in the environment of its commands: another key. */
  as(env: NodeJS.ProcessEnv): Berth {
    return new Berth(this.home, { ...this.env, ...env }, this.#up)
  }

  /** `berth <args>`, whatever comes of it. */
  berth(...args: string[]): Promise<Ended> {
    return run([main, ...args], this.env)
  }

  /** `berth <args> --json`, which must succeed with nothing but JSON on stdout. */
  async json<T>(...args: string[]): Promise<T> {
    const ended = await this.berth(...args, '--json')
    if (ended.code !== 0) throw new Error(`berth ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`)
    return JSON.parse(ended.stdout) as T
  }

  async stop(): Promise<void> {
    if (this.#up.exitCode === null) {
      this.#up.kill('SIGTERM')
      await once(this.#up, 'exit')
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}
