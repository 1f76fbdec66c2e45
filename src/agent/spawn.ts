// Starting a service process behind a gate. A shell is started first: it is in its own session, writes to the log and
// waits. The agent puts it behind its limits and writes it down, then opens the gate, and the shell becomes the program
// (`exec`: same pid, same start time). So nothing runs outside its limits for an instant, and nothing runs that is not
// written down: when the agent dies in between, the gate closes and the shell ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'

export interface RunAs {
  uid: number
  gid: number
}

export interface SpawnRequest {
  argv: string[]
  env: Record<string, string>
  directory: string
  logFd: number
  runAs: RunAs | null
}

export interface GatedProcess {
  child: ChildProcess
  pid: number
  /** Lets the program begin. */
  open(): void
  /** Ends the waiting shell instead. */
  abandon(): void
}

export const shellName = 'berth-start'
const gateScript = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"'

/** null when `argv[0]` names a program, else why not. A shell would only say "not found". */
export function whyNotRunnable(argv: string[], env: Record<string, string>, directory: string): string | null {
  const [program = ''] = argv
  if (program.includes('/')) return whyNoProgram(resolve(directory, program))
  const places = (env.PATH ?? '').split(':').filter(Boolean)
  const reasons = places.map(place => whyNoProgram(resolve(directory, place, program)))
  if (reasons.includes(null)) return null
  const found = reasons.find(reason => reason?.endsWith('is not executable'))
  return found ?? `no program "${program}" in PATH (${places.join(':')})`
}

function whyNoProgram(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return `${path} is not a file`
    accessSync(path, constants.X_OK)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? `${path} is not executable` : `no program at ${path}`
  }
}

export function spawnGated(wish: SpawnRequest): Promise<GatedProcess> {
  return new Promise((resolveStarted, reject) => {
    // A shell drops variables whose names it could not spell itself (`spring.port`): `env` puts those back.
    const odd = Object.entries(wish.env).filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    const prefix = odd.length === 0 ? [] : ['/usr/bin/env', ...odd.map(([name, value]) => `${name}=${value}`)]
    const child = spawn('/bin/sh', ['-c', gateScript, shellName, ...prefix, ...wish.argv], {
      cwd: wish.directory,
      env: wish.env,
      detached: true,
      stdio: ['ignore', wish.logFd, wish.logFd, 'pipe'],
      ...(wish.runAs ?? {}),
    })
    child.once('error', reject)
    child.once('spawn', () => {
      const gate = child.stdio[3] as Writable
      gate.on('error', () => {}) // The shell may be gone already; its end is reported by its exit.
      child.unref()
      resolveStarted({
        child,
        pid: child.pid ?? 0,
        open: () => gate.end('go\n'),
        abandon: () => gate.destroy(),
      })
    })
  })
}

/**
 * Whether a user may read these files, with every directory on the way: a checkout below /root is closed to others, and
 * a service run as another user would not even find its interpreter.
 */
export function canReach(user: RunAs, paths: string[]): Promise<boolean> {
  const script = 'for path; do test -r "$path" || exit 1; done'
  return new Promise(resolveReached => {
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...paths], { cwd: '/', stdio: 'ignore', ...user })
    child.once('error', () => resolveReached(false))
    child.once('exit', code => resolveReached(code === 0))
  })
}
