// `berth up` as a child, the same that people run, with everything of its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environment } from '../../lib/env.ts'

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
export const berthArgv = [process.execPath, '--disable-warning=ExperimentalWarning', main]

export interface Listen {
  api: string
  gateway: string
}

export const anyPorts: Listen = { api: '127.0.0.1:0', gateway: '127.0.0.1:0' }

/** The demo's own: never the database or the configuration that the environment names for another Berth. */
export function demoEnvironment(dataDir: string, listen: Listen): NodeJS.ProcessEnv {
  return {
    ...environment(),
    ...{ BERTH_HOME: dataDir, BERTH_CONFIG: '', DATABASE_URL: '' },
    ...{ BERTH_API_LISTEN: listen.api, BERTH_GATEWAY_LISTEN: listen.gateway },
  }
}

/** The last line that `up` prints: everything has started. */
const readyMark = 'Ctrl-C stops everything'

/** Starts it and, when it is ready, answers how to stop all of it; `onLine` hears each part start. */
export async function startUp(
  dataDir: string,
  listen: Listen,
  onLine: (line: string) => void,
): Promise<() => Promise<void>> {
  const [program = '', ...args] = [...berthArgv, 'up']
  // In a session of its own: Ctrl-C reaches the demo, which stops it in order.
  const child = spawn(program, args, {
    env: demoEnvironment(dataDir, listen),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-10_000)
      for (const line of chunk.toString().split('\n')) if (/ s {2}\S/.test(line)) onLine(line.trim())
      if (said.includes(readyMark)) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`\`berth up\` ended with code ${code}:\n${said.trim()}`)))
  })
  return async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  }
}
