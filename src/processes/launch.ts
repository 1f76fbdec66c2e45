// A process of ours, started: with its log, a channel on which it says once that it is ready, and perhaps a socket that it
// accepts from. It runs in a session of its own and outlives who started it.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

export interface LaunchOptions {
  name: string
  argv: readonly string[]
  env: NodeJS.ProcessEnv
  /** Null: where this process writes. */
  logFile: string | null
  /** How long it may take until it says that it is ready. */
  readyMs: number
  /** Inherited as descriptors from 3 on. */
  fds?: readonly number[]
}

export interface Launched {
  child: ChildProcess
  /** Resolves when the process says it is ready; rejects when it ends or stays silent before that. */
  ready: Promise<void>
}

/** Where the first socket is found by who inherits it: systemd's place, too. */
export const inheritedFd = 3

export function launch(options: LaunchOptions): Launched {
  const { argv, env, logFile, fds = [] } = options
  if (logFile !== null) mkdirSync(dirname(logFile), { recursive: true })
  const out = logFile === null ? null : openSync(logFile, 'a', 0o600)
  const [program = process.execPath, ...args] = argv
  const say = out ?? 'inherit'
  const stdio: StdioOptions = ['ignore', say, say, ...fds, 'ipc']
  const child = spawn(program, args, { env, detached: true, stdio })
  if (out !== null) closeSync(out)
  child.channel?.unref()
  child.unref()
  return { child, ready: readyOf(child, options) }
}

export const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

function readyOf(child: ChildProcess, { name, readyMs, logFile }: LaunchOptions): Promise<void> {
  const see = logFile === null ? '' : `; see ${logFile}`
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`${name} did not become ready in ${readyMs / 1000} s${see}`)),
      readyMs,
    )
    const settle = (error?: Error) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve()
    }
    child.once('message', () => settle())
    child.once('error', error => settle(error))
    child.once('exit', code => settle(new Error(`${name} ended with code ${code} before it was ready${see}`)))
  })
}
