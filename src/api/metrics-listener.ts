// A port of its own for Prometheus, which cannot sign its requests: it serves figures and nothing else, and is there only where
// an installation asks for it.
import { createServer, type Server, type ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import type { Ctx } from '../db/ctx.ts'
import { auditorMetrics } from '../insight/auditor-metrics.ts'
import { messageOf } from '../lib/errors.ts'
import { listen, portOf } from '../lib/listen.ts'
import type { Logger } from '../lib/log.ts'
import { trafficText } from '../services/metrics/traffic-text.ts'
import type { TrafficTotals } from '../services/metrics/traffic-totals.ts'

export interface MetricsListenerOptions {
  host: string
  port: number
  log: Logger
  /** In Prometheus' text format, in parts. */
  text(): AsyncIterable<string>
}

export class MetricsListener {
  readonly #options: MetricsListenerOptions
  readonly #server: Server

  constructor(options: MetricsListenerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      const isThere = request.method === 'GET' && request.url?.split('?')[0] === '/metrics'
      if (!isThere) {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('GET /metrics\n')
        return
      }
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      this.#write(response).catch(error => {
        options.log.error({ error: messageOf(error) }, 'the figures could not be told')
        response.destroy()
      })
    })
  }

  get port(): number {
    return portOf(this.#server) ?? this.#options.port
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options
    await listen(this.#server, { host, port })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #write(response: ServerResponse): Promise<void> {
    for await (const part of this.#options.text()) {
      if (response.destroyed) return
      response.write(part)
      // Others have their turn between the parts of a long text.
      await turn()
    }
    response.end()
  }
}

export interface ToldFigures {
  /** Of this process. */
  own(): string
  /** What gateways carried; null: another controller knows. */
  traffic(): { totals: TrafficTotals; nameOf(serviceId: string): string | null } | null
}

/** The port of this controller, if it is to have one: its own figures, the auditor's, and what gateways carried. */
export async function openMetrics(
  { db, clock, log }: Ctx,
  where: { host: string; port: number } | null,
  { own, traffic }: ToldFigures,
): Promise<MetricsListener | null> {
  if (where === null) return null
  async function* text() {
    yield own()
    yield await auditorMetrics(db, clock.now())
    const carried = traffic()
    if (carried !== null) yield* trafficText(carried.totals, carried.nameOf)
  }
  const listener = new MetricsListener({ ...where, log, text })
  await listener.listen()
  return listener
}
