// What a flood is measured on: a gateway as a process of its own; control's end of it and an instance in this one; a steady client
// and the flood as processes beside.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import type { GatewayLimits } from '../../src/gateway/limits.ts'
import { silentLog } from '../../src/lib/log.ts'
import { gatewayNodeArgs } from '../../src/lib/node-args.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import type { Flooded } from './flood.ts'
import type { Took } from './open-loop.ts'
import { accessKey, answersAt, freePort, largeBytes } from './processes.ts'

export interface FloodedGateway {
  /** The gateway has a core of its own. */
  pinned: boolean
  limits: Partial<GatewayLimits>
  /** Of the service that is asked. */
  requestTimeoutMs: number
}

interface Started {
  core: number
  program: string
  args: string[]
  nodeArgs?: readonly string[]
  /** What starts it. */
  before?: string[]
  out?: 'ignore' | 'pipe'
}

const bodyMax = 2 ** 20
/** What is right, by kind. A slow body moves, and so has the time of a request. */
export const rightAnswer: Record<string, string> = {
  silent: 'closed',
  'slow head': '408',
  'slow body': '408',
  'stopped body': '408',
  'endless body': '413',
  'large head': '431',
  'many fields': '431',
  'long target': '414',
}

/** Answers that are not the right one, for a person; nothing where all are. Those that nobody reads have none. */
export function wrongAnswers(flooded: Flooded): string[] {
  return Object.entries(rightAnswer).flatMap(([kind, right]) => {
    const counts = flooded[kind] ?? {}
    const others = Object.entries(counts).filter(([status]) => status !== right)
    // Those that say nothing may still be borne with when the flood ends.
    const told = kind === 'silent' || (counts[right] ?? 0) > 0
    if (told && others.length === 0) return []
    return [`${kind}: ${JSON.stringify(counts)} where ${right} is right`]
  })
}

export class FloodStage {
  readonly #given: FloodedGateway
  #port = 0
  #gateway: ChildProcess | null = null
  #routes: RouteServer | null = null
  #instance: Server | null = null

  constructor(given: FloodedGateway) {
    this.#given = given
  }

  async open(dir: string): Promise<void> {
    const large = Buffer.alloc(16 * largeBytes, 'x')
    this.#instance = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
      request.resume()
      request.on('end', () => response.end(request.url === '/large' ? large : 'x'.repeat(1_024)))
    }).listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    await once(this.#instance, 'listening')
    const { port } = this.#instance.address() as AddressInfo
    const route: ServiceRoute = {
      ...{ serviceId: 'eas-m-1', name: 'bench', accountId: '1', accessKeys: [accessKey], status: 'Running' },
      endpoints: [{ instanceId: 'eas-m-1-i1', host: '127.0.0.1', port }],
      limits: { requestTimeoutMs: this.#given.requestTimeoutMs, rateLimit: 0, maxInFlight: 0, bodyMax },
    }
    const obeyed = Promise.withResolvers<void>()
    const snapshot = () => ({ generation: 1, services: [route] })
    const path = join(dir, 'control.sock')
    this.#routes = new RouteServer({ path, log: silentLog, snapshot, onAck: () => obeyed.resolve() })
    await this.#routes.listen()
    this.#port = await freePort()
    const limits = JSON.stringify(this.#given.limits)
    const args = [String(this.#port), path, join(dir, 'routes'), 'flooded', limits]
    this.#gateway = this.#start({ core: 0, program: 'berth-gateway.ts', args, nodeArgs: gatewayNodeArgs })
    await answersAt(this.#port, this.#gateway)
    await obeyed.promise
  }

  async close(): Promise<void> {
    if (this.#gateway?.exitCode === null && this.#gateway.signalCode === null) {
      this.#gateway.kill('SIGTERM')
      await once(this.#gateway, 'exit')
    }
    await this.#routes?.close()
    this.#instance?.closeAllConnections()
    this.#instance?.close()
  }

  /** Of the gateway, in MiB. */
  get resident(): number {
    const status = readFileSync(`/proc/${this.#gateway?.pid}/status`, 'latin1')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
  }

  /** It leaves its core to the steady client, which would be measured waiting for it. */
  async flood(seconds: number, sockets: number): Promise<Flooded> {
    return JSON.parse(
      await this.#saidBy('flood.ts', [this.#port, seconds, sockets], this.#given.pinned ? ['nice', '-n', '19'] : []),
    )
  }

  async steady(perSecond: number, seconds: number): Promise<Took> {
    return JSON.parse(await this.#saidBy('open-loop.ts', [this.#port, perSecond, seconds]))
  }

  async #saidBy(program: string, args: number[], before: string[] = []): Promise<string> {
    const child = this.#start({ core: 1, program, args: args.map(String), before, out: 'pipe' })
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${program} ended with ${code}`)
    return said
  }

  #start({ core, program, args, nodeArgs = [], before = [], out = 'ignore' }: Started): ChildProcess {
    const file = fileURLToPath(new URL(program, import.meta.url))
    const pin = this.#given.pinned ? ['taskset', '-c', String(core)] : []
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...nodeArgs]
    const [command = '', ...rest] = [...before, ...pin, ...node, file, ...args]
    return spawn(command, rest, { stdio: ['ignore', out, 'inherit'] })
  }
}
