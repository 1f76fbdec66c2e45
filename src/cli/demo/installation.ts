// The Berth of a demo, as a process of its own: the same `berth up` that people run.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { readCredentials, Session, type StoredCredentials } from '../session.ts'
import { anyPorts, berthArgv, demoEnvironment } from './home.ts'

export interface Installation {
  dataDir: string
  apiUrl: string
  gatewayUrl: string
  credentials: StoredCredentials
  owner: Session
  operator: Session
  /** Resolves when all of it has ended; repeatable. */
  stop(): Promise<void>
}

/** The last line but one that `up` prints: everything has started. */
const readyMark = 'Ctrl-C stops everything'

export async function startInstallation(
  dataDir: string,
  usualPorts: boolean,
  onLine: (line: string) => void,
): Promise<Installation> {
  const listen = usualPorts ? { api: await portOr(8700), gateway: await portOr(8701) } : anyPorts
  const [program = '', ...args] = [...berthArgv, 'up']
  // In a session of its own: Ctrl-C reaches the demo, which stops it in order.
  const child = spawn(program, args, {
    env: demoEnvironment(dataDir, listen),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  }
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
  const state = JSON.parse(readFileSync(join(dataDir, 'run', 'berth.json'), 'utf8')) as {
    apiUrl: string
    gatewayUrl: string
  }
  const credentials = readCredentials(join(dataDir, 'credentials.json'))
  const session = (key: StoredCredentials['owner']): Session =>
    new Session({ apiUrl: state.apiUrl, ...key }, state.gatewayUrl)
  return {
    dataDir,
    apiUrl: state.apiUrl,
    gatewayUrl: state.gatewayUrl,
    credentials,
    owner: session(credentials.owner),
    operator: session(credentials.operator),
    stop,
  }
}

/** The usual port where it is free, else any. */
function portOr(port: number): Promise<string> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve('127.0.0.1:0'))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(`127.0.0.1:${port}`)))
  })
}
