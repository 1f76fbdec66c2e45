// The agent's protocol from the caller's side. Every call may be repeated. An agent that does not answer is the refusal
// `AgentAway`: nothing is known then of what it runs, least of all that it has ended.
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  DiskState,
  HostState,
  LogPage,
  LogQuery,
  ServiceInstanceSpec,
  ServiceInstanceState,
  StopRequest,
} from '../../agent/protocol.ts'
import { type Details, messageOf, Refusal } from '../../lib/errors.ts'
import { linesOf, readText, sendOver } from '../socket-http.ts'

export type AgentClientRefusal =
  | 'AgentAway'
  | 'AgentFailed'
  | 'InvalidSpec'
  | 'SpecConflict'
  | 'ServiceInstanceNotFound'
  | 'ServiceInstanceNotEnded'

const answerTimeoutMs = 30_000

export class AgentClient {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Starts it, or answers what it is already doing; `SpecConflict` when the id stands for another spec. */
  ensure(spec: ServiceInstanceSpec): Promise<ServiceInstanceState> {
    return this.#call('PUT', `/service-instances/${encodeURIComponent(spec.id)}`, spec)
  }

  list(): Promise<ServiceInstanceState[]> {
    return this.#call('GET', '/service-instances')
  }

  /** `ServiceInstanceNotFound` when the agent knows none of that id. */
  get(id: string): Promise<ServiceInstanceState> {
    return this.#call('GET', `/service-instances/${encodeURIComponent(id)}`)
  }

  /** Answers at once; observe until `phase` is `ended`. */
  stop(id: string, stop: StopRequest): Promise<ServiceInstanceState> {
    return this.#call('POST', `/service-instances/${encodeURIComponent(id)}/stop`, stop)
  }

  /** Stops all and waits until they have ended; for the end of the whole host's work. */
  async stopAll(stop: StopRequest): Promise<void> {
    for (;;) {
      const live = (await this.list()).filter(({ phase }) => phase !== 'ended')
      if (live.length === 0) return
      await Promise.all(live.filter(({ phase }) => phase !== 'stopping').map(({ id }) => this.stop(id, stop)))
      await sleep(100)
    }
  }

  async forget(id: string): Promise<void> {
    await this.#call('DELETE', `/service-instances/${encodeURIComponent(id)}`)
  }

  logs(id: string, query: LogQuery = {}): Promise<LogPage> {
    return this.#call('GET', `/service-instances/${encodeURIComponent(id)}/logs?${asParams(query)}`)
  }

  /** Lines as they come, until the service instance has ended and its last line is out, or until `signal`. */
  follow(id: string, signal: AbortSignal, query: LogQuery = {}): AsyncIterable<string> {
    return this.#lines(`/service-instances/${encodeURIComponent(id)}/logs?follow=1&${asParams(query)}`, signal)
  }

  disks(): Promise<DiskState> {
    return this.#call('GET', '/disks')
  }

  host(): Promise<HostState> {
    return this.#call('GET', '/host')
  }

  /**
   * Ids of service instances whose state changed, until `signal`. The first item is '' once the stream is open: look at
   * everything then, as changes before it are not told.
   */
  async *events(signal: AbortSignal): AsyncGenerator<string> {
    for await (const line of this.#lines('/events', signal, '{"id":""}')) yield (JSON.parse(line) as { id: string }).id
    if (!signal.aborted) throw this.#away('it closed the stream of events')
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const res = await this.#send(method, path, AbortSignal.timeout(answerTimeoutMs), body)
    const text = await this.#readText(res)
    return (text === '' ? undefined : JSON.parse(text)) as Answer
  }

  async *#lines(path: string, signal: AbortSignal, opening?: string): AsyncGenerator<string> {
    try {
      const res = await this.#send('GET', path, signal)
      if (opening !== undefined) yield opening
      yield* this.#splitLines(res)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #send(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<IncomingMessage> {
    let res: IncomingMessage
    try {
      res = await sendOver(this.#socketPath, { method, path, signal, body })
    } catch (error) {
      throw this.#away(messageOf(error), error)
    }
    if ((res.statusCode ?? 500) < 400) return res
    throw asRefusal(await this.#readText(res), res.statusCode)
  }

  async *#splitLines(res: IncomingMessage): AsyncGenerator<string> {
    try {
      yield* linesOf(res)
    } catch (error) {
      throw this.#away('the stream broke off', error)
    }
  }

  async #readText(res: IncomingMessage): Promise<string> {
    try {
      return await readText(res)
    } catch (error) {
      throw this.#away(messageOf(error), error)
    }
  }

  #away(reason: string, cause?: unknown): Refusal<AgentClientRefusal> {
    const message = `the agent does not answer on ${this.#socketPath} (${reason}): \`berth status\` tells what runs`
    return new Refusal('AgentAway', message, {
      socketPath: this.#socketPath,
      cause: cause === undefined ? reason : messageOf(cause),
    })
  }
}

function asParams(query: LogQuery): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return new URLSearchParams(pairs).toString()
}

function asRefusal(text: string, status: number | undefined): Refusal<AgentClientRefusal> {
  try {
    const { code, message, details } = JSON.parse(text) as {
      code: AgentClientRefusal
      message: string
      details: Details
    }
    return new Refusal(code === undefined || (status ?? 500) >= 500 ? 'AgentFailed' : code, message, details)
  } catch {
    return new Refusal('AgentFailed', `the agent answered ${status}: ${text.slice(0, 200)}`)
  }
}
