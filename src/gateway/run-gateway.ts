// The role `gateway`: workers that share the port, each a process and a member of its own. All accept from one listener of
// the parent's, so a worker that dies or is replaced loses nothing that still waits. (Connections handed round by the
// parent hang when they were handed to a worker that was just killed: seen. A port shared by the kernel loses what waits
// in a worker's own queue, and macOS has none.) A worker that dies is started again; one told to stop finishes its work.
import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { AdmissionOffice, type ToDesk } from './admission-desk.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'

export interface RunGatewayConfig
  extends Omit<GatewayOptions, 'clock' | 'random' | 'log' | 'gatewayId' | 'routesFile' | 'desk'> {
  /** Workers; 1 serves in this process. Worker n is the member `<gatewayId>-<n>`. */
  workers: number
  gatewayId: string
  /** Directory for the last good routes of each worker. */
  routesDir: string
  /** Given to requests in flight when the gateway stops; then they are cut. */
  stopGraceMs: number
  log: Logger
}

export interface RunningGateway {
  address: { host: string; port: number }
  close(): Promise<void>
}

/** What a worker is told, once, over its channel. */
export interface WorkerOrder extends Omit<GatewayOptions, 'clock' | 'random' | 'log' | 'desk'> {
  stopGraceMs: number
}

const restartPauseMs = 500

export async function runGateway(config: RunGatewayConfig): Promise<RunningGateway> {
  const order = (index: number): WorkerOrder => {
    const { host, port, tls, control, limits, trustedProxies, stopGraceMs } = config
    const gatewayId = `${config.gatewayId}-${index}`
    const routesFile = `${config.routesDir}/routes-${gatewayId}.ndjson`
    const given = { ...(tls && { tls }), ...(limits && { limits }), ...(trustedProxies && { trustedProxies }) }
    return { gatewayId, host, port, control, routesFile, stopGraceMs, ...given }
  }
  if (config.workers > 1) return new WorkerSet(config, order).start()
  const { stopGraceMs, ...options } = order(0)
  const gateway: Gateway = await startGateway({
    ...options,
    clock: systemClock,
    random: systemRandom,
    log: config.log,
  })
  return { address: gateway.address, close: () => gateway.close(stopGraceMs) }
}

class WorkerSet implements RunningGateway {
  address = { host: '', port: 0 }
  readonly #config: RunGatewayConfig
  readonly #order: (index: number) => WorkerOrder
  readonly #workers = new Map<number, Worker>()
  /** The limits of services hold over all workers. */
  readonly #office = new AdmissionOffice(systemClock, (worker, message) => {
    const found = cluster.workers?.[worker]
    if (found?.isConnected() === true) found.send(message)
  })
  #closing = false

  constructor(config: RunGatewayConfig, order: (index: number) => WorkerOrder) {
    this.#config = config
    this.#order = order
  }

  async start(): Promise<RunningGateway> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    cluster.schedulingPolicy = cluster.SCHED_NONE // Before the set-up, which freezes it.
    cluster.setupPrimary({ exec: fileURLToPath(new URL(`./worker.${extension}`, import.meta.url)), args: [] })
    // The first one alone: a port that is taken is said once. All ask for the same port, also for 0: the parent hands out
    // one listener per port asked for.
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

  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#workers.values()].map(stopWorker))
  }

  #fork(index: number): Promise<{ host: string; port: number }> {
    const worker = cluster.fork()
    this.#workers.set(index, worker)
    worker.send(this.#order(index))
    worker.once('exit', (code, signal) => {
      this.#workers.delete(index)
      this.#office.forget(String(worker.id))
      if (this.#closing) return
      this.#config.log.error({ index, code, signal }, 'a gateway worker ended and is started again')
      setTimeout(() => this.#closing || this.#fork(index).catch(() => {}), restartPauseMs)
    })
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ToDesk | { address?: { host: string; port: number }; error?: string }) => {
        if ('desk' in message) this.#office.onMessage(String(worker.id), message)
        else if (message.address !== undefined) resolve(message.address)
        else {
          this.#closing = true
          reject(new Error(message.error ?? 'the gateway worker did not start'))
        }
      })
      worker.once('exit', code => reject(new Error(`the gateway worker ended with ${code} before it served`)))
    })
  }
}

function stopWorker(worker: Worker): Promise<void> {
  return new Promise(resolve => {
    if (worker.isDead()) return resolve()
    worker.once('exit', () => resolve())
    if (worker.isConnected()) worker.send('stop')
  })
}
