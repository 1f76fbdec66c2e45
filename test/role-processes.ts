// Roles of a Berth as processes of their own, on one database: what an operator starts with `berth serve --role …`.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '../src/client/client.ts'
import { silentLog } from '../src/lib/log.ts'
import { stopServices } from '../src/processes/up.ts'
import { temporaryRoot } from './temporary.ts'

export type Role = 'api' | 'controller' | 'control' | 'gateway' | 'agent'

export interface RoleUnderTest {
  name: string
  role: Role
  child: ChildProcess
  port: number
  metricsPort: number
  logFile: string
}

interface StartOptions {
  place?: number
  env?: NodeJS.ProcessEnv
  /** Of another release. */
  program?: string
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const flag = '--disable-warning=ExperimentalWarning'

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

export class RoleProcesses {
  readonly home = mkdtempSync(join(temporaryRoot, 'berth-roles-'))
  readonly #databaseUrl: string
  readonly #yaml: string
  readonly #ports: readonly number[]
  readonly #all: RoleUnderTest[] = []

  private constructor(databaseUrl: string, yaml: string, ports: readonly number[]) {
    chmodSync(this.home, 0o711)
    this.#databaseUrl = databaseUrl
    this.#yaml = yaml
    this.#ports = ports
  }

  /** With so many places for controllers, of which every gateway is told. */
  static async make(databaseUrl: string, yaml: string, controllers: number): Promise<RoleProcesses> {
    const ports = await Promise.all(Array.from({ length: controllers }, freePort))
    return new RoleProcesses(databaseUrl, yaml, ports)
  }

  /** Resolves when it says that it is ready; `place`: of a controller, among those that gateways know. */
  async start(role: Role, name: string, { place = 0, env = {}, program = main }: StartOptions = {}) {
    const [port, metricsPort] = [await freePort(), await freePort()]
    const configPath = join(this.home, `${name}.yaml`)
    writeFileSync(configPath, `metrics:\n  listen: 127.0.0.1:${metricsPort}\ngatewayWorkers: 1\n${this.#yaml}`)
    const logFile = join(this.home, `${name}.log`)
    const log = openSync(logFile, 'a')
    const child = spawn(process.execPath, [flag, program, '--config', configPath, 'serve', '--role', role], {
      env: {
        ...process.env,
        ...{
          BERTH_HOME: this.home,
          DATABASE_URL: this.#databaseUrl,
          BERTH_GATEWAY_NAME: role === 'gateway' ? name : '',
        },
        ...{ BERTH_API_LISTEN: `127.0.0.1:${port}`, BERTH_GATEWAY_LISTEN: `127.0.0.1:${port}` },
        BERTH_ROUTES_SECRET: 'of the role processes under test, long enough',
        ...(role === 'controller' || role === 'control'
          ? { BERTH_ROUTES_LISTEN: `127.0.0.1:${this.#ports[place]}` }
          : {}),
        ...(role === 'gateway' ? { BERTH_CONTROLLERS: this.#ports.map(one => `127.0.0.1:${one}`).join() } : {}),
        ...env,
      },
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    const started: RoleUnderTest = { name, role, child, port, metricsPort, logFile }
    this.#all.push(started)
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', code => reject(new Error(`${name} ended with ${code}: ${readFileSync(logFile, 'utf8')}`)))
    })
    child.channel?.unref()
    return started
  }

  client(who: 'owner' | 'operator', { port }: { port: number }): Client {
    const credentials = JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8'))
    return new Client({ ...credentials[who], apiUrl: `http://127.0.0.1:${port}` })
  }

  get accountId(): string {
    return JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8')).owner.accountId
  }

  async end({ child }: RoleUnderTest, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  async remove(): Promise<void> {
    // Who would bring them back first; an agent that ends leaves its services running.
    const rest = this.#all.filter(one => one.role !== 'agent')
    await Promise.all(rest.map(one => this.end(one, 'SIGKILL')))
    if (this.#all.some(one => one.role === 'agent')) await stopServices(this.home, silentLog)
    await Promise.all(this.#all.map(one => this.end(one, one.role === 'agent' ? 'SIGTERM' : 'SIGKILL')))
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** The figures of a controller by name, labels included. */
export async function figuresOf({ metricsPort }: RoleUnderTest): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
