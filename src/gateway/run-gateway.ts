// The role `gateway`: workers that share the port, each a process and a member of its own. All accept from one socket that
// they inherit, so a worker that dies or is replaced, or a whole gateway that is, loses nothing that still waits. (Connections
// handed round by the parent hang when they were handed to a worker that was just killed: seen. A port shared by the kernel
// loses what waits in a worker's own queue, and macOS has none.) A worker that dies is started again; one told to stop finishes
// its work.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bindSocket, closeSocket, fdOf, type ListenSocket } from '../lib/bound-socket.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { gatewayNodeArgs } from '../lib/node-args.ts'
import { systemRandom } from '../lib/random.ts'
import { AdmissionOffice, type FromDesk, type ToDesk } from './admission/admission-desk.ts'
import type { AccessLogSettings } from './figures/access-log.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { workerId } from './worker-id.ts'

export interface RunGatewayConfig
  extends Omit<GatewayOptions, 'clock' | 'random' | 'log' | 'gatewayId' | 'routesFile' | 'desk' | 'accessLog'> {
  /** Each worker's lies beside its routes; absent: there is none. */
  accessLog?: AccessLogSettings
  /** Workers; 1 serves in this process. Worker n is the member `<gatewayId>-<n>`. */
  workers: number
  gatewayId: string
  /** Directory for the last good routes of each worker. */
  routesDir: string
  /** Given to requests in flight when the gateway stops; then they are cut. */
  stopGraceMs: number
  /** The same when another takes its place. */
  handOverGraceMs: number
  log: Logger
}

export interface RunningGateway {
  address: { host: string; port: number }
  close(): Promise<void>
  /** Leaves what is new to another gateway on the same socket, finishes what it has, and ends. */
  handOver(): Promise<void>
  /** Has the certificates read again, in all workers. */
  reloadTls(): void
}

/** What a worker is told first over its channel; then how to end: at once, or leaving what is new to others. */
export interface WorkerOrder extends Omit<GatewayOptions, 'clock' | 'random' | 'log' | 'desk' | 'socket'> {
  socket: { fd: number }
  stopGraceMs: number
}

export type WorkerEnd = { end: 'close' | 'handOver'; graceMs: number }
export type WorkerReload = { reload: 'tls' }

const restartPauseMs = 500
/** Where workers find the plain port's socket, after their channel; that of the port for TLS is the next. */
const workerFd = 4

export async function runGateway(config: RunGatewayConfig): Promise<RunningGateway> {
  const socket = config.socket ?? (await bindSocket(config))
  const tls = config.tls && { ...config.tls, socket: config.tls.socket ?? (await bindSocket(config.tls)) }
  const orderOf = (index: number): Omit<WorkerOrder, 'socket'> => {
    const { host, port, control, limits, trustedProxies, routesWithinMs, stopGraceMs } = config
    const gatewayId = workerId(config.gatewayId, index)
    const routesFile = `${config.routesDir}/routes-${gatewayId}.ndjson`
    const given = {
      ...(limits && { limits }),
      ...(trustedProxies && { trustedProxies }),
      ...(routesWithinMs !== undefined && { routesWithinMs }),
    }
    const path = `${config.routesDir}/access-${gatewayId}.ndjson`
    const accessLog = config.accessLog && { accessLog: { ...config.accessLog, path } }
    return { gatewayId, host, port, control, routesFile, stopGraceMs, ...given, ...accessLog }
  }
  if (config.workers > 1) {
    const certificates = tls?.certificates ?? null
    return new WorkerSet(config, tls === undefined ? [socket] : [socket, tls.socket], index => ({
      ...orderOf(index),
      socket: { fd: workerFd },
      ...(certificates &&
        tls && { tls: { host: tls.host, port: tls.port, certificates, socket: { fd: workerFd + 1 } } }),
    })).start()
  }
  const { stopGraceMs, handOverGraceMs, log } = config
  const gateway: Gateway = await startGateway({
    ...orderOf(0),
    ...{ socket, clock: systemClock, random: systemRandom, log },
    ...(tls && { tls }),
  })
  return {
    address: gateway.address,
    close: () => gateway.close(stopGraceMs),
    handOver: () => gateway.handOver(handOverGraceMs),
    reloadTls: () => void gateway.reloadTls(),
  }
}

/**
 * For a gateway whose place nobody takes on this socket: as `handOver` for `restMs`, then as `close`. Who keeps a connection may be
 * sending the next request into its end, so those that are used are told to leave with an answer first.
 */
export async function retire(gateway: Pick<RunningGateway, 'close' | 'handOver'>, restMs: number): Promise<void> {
  const left = gateway.handOver()
  const rest = setTimeout(() => void gateway.close(), restMs)
  await left.finally(() => clearTimeout(rest))
}

class WorkerSet implements RunningGateway {
  address = { host: '', port: 0 }
  readonly #config: RunGatewayConfig
  readonly #sockets: readonly ListenSocket[]
  readonly #orderOf: (index: number) => WorkerOrder
  readonly #workers = new Map<number, ChildProcess>()
  /** The limits of services hold over all workers. */
  readonly #office = new AdmissionOffice(systemClock, (index, message) =>
    tell(this.#workers.get(Number(index)), message),
  )
  #ends: Promise<void> | null = null

  constructor(config: RunGatewayConfig, sockets: readonly ListenSocket[], orderOf: (index: number) => WorkerOrder) {
    this.#config = config
    this.#sockets = sockets
    this.#orderOf = orderOf
  }

  async start(): Promise<RunningGateway> {
    // The first one alone: what keeps them from serving is said once.
    try {
      this.address = await this.#fork(0)
      const others = Array.from({ length: this.#config.workers - 1 }, (_, index) => index + 1)
      await Promise.all(others.map(index => this.#fork(index)))
    } catch (error) {
      await this.close()
      throw error
    }
    return this
  }

  close(): Promise<void> {
    return this.#end({ end: 'close', graceMs: this.#config.stopGraceMs })
  }

  handOver(): Promise<void> {
    return this.#end({ end: 'handOver', graceMs: this.#config.handOverGraceMs })
  }

  reloadTls(): void {
    for (const worker of this.#workers.values()) tell(worker, { reload: 'tls' })
  }

  #end(order: WorkerEnd): Promise<void> {
    for (const worker of this.#workers.values()) tell(worker, order)
    if (this.#ends !== null) return this.#ends
    // This end of a socket would keep a port open from which nobody accepts.
    for (const socket of this.#sockets) closeSocket(socket)
    this.#ends = Promise.all([...this.#workers.values()].map(endOf)).then(() => {})
    return this.#ends
  }

  #fork(index: number): Promise<{ host: string; port: number }> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const program = fileURLToPath(new URL(`./worker.${extension}`, import.meta.url))
    const worker = fork(program, [], {
      execArgv: [...process.execArgv, ...gatewayNodeArgs],
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...this.#sockets.map(fdOf)],
    })
    this.#workers.set(index, worker)
    tell(worker, this.#orderOf(index))
    worker.once('exit', (code, signal) => {
      this.#workers.delete(index)
      this.#office.forget(String(index))
      if (this.#ends !== null) return
      this.#config.log.error({ index, code, signal }, 'a gateway worker ended and is started again')
      setTimeout(() => this.#ends ?? this.#fork(index).catch(() => {}), restartPauseMs)
    })
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ToDesk | { address?: { host: string; port: number }; error?: string }) => {
        if ('desk' in message) this.#office.onMessage(String(index), message)
        else if (message.address !== undefined) resolve(message.address)
        else reject(new Error(message.error ?? 'the gateway worker did not start'))
      })
      worker.once('exit', code => reject(new Error(`the gateway worker ended with ${code} before it served`)))
    })
  }
}

function endOf(worker: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (worker.exitCode !== null || worker.signalCode !== null) resolve()
    else worker.once('exit', () => resolve())
  })
}

/** One that has just ended hears nothing, and its end is heard of. */
function tell(worker: ChildProcess | undefined, message: WorkerOrder | WorkerEnd | WorkerReload | FromDesk): void {
  if (worker?.connected === true) worker.send(message, () => {})
}
