// The Berth of a demo: where it answers, and the sessions of its owner and operator.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { readCredentials, Session, type StoredCredentials } from '../session.ts'
import { anyPorts, startUp } from './berth-process.ts'

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

export async function startInstallation(
  dataDir: string,
  usualPorts: boolean,
  onLine: (line: string) => void,
): Promise<Installation> {
  const listen = usualPorts ? { api: await portOr(8700), gateway: await portOr(8701) } : anyPorts
  const stop = await startUp(dataDir, listen, onLine)
  const state = JSON.parse(readFileSync(join(dataDir, 'run', 'berth.json'), 'utf8')) as {
    apiUrl: string
    gatewayUrl: string
  }
  const credentials = readCredentials(join(dataDir, 'credentials.json'))
  const { apiUrl, gatewayUrl } = state
  const session = (key: StoredCredentials['owner']): Session => new Session(() => ({ apiUrl, gatewayUrl, ...key }))
  return {
    dataDir,
    ...{ apiUrl, gatewayUrl },
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
