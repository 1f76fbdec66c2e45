// The agent's protocol from the caller's side. Every call may be repeated. An agent that does not answer is the refusal
// `AgentAway`, one of another version `AgentVersionMismatch`: nothing is known then of what it runs, least of all that it has
// ended.
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DiskState,
  type HostState,
  type LogPage,
  type LogQuery,
  mismatchText,
  protocolHeader,
  protocolVersion,
  type ServiceInstanceSpec,
  type ServiceInstanceState,
  type StopRequest,
  versionOf,
} from '../../agent/protocol.ts'
import { type Details, messageOf, Refusal } from '../../lib/errors.ts'
import type { CardUse } from '../../lib/graphics-cards.ts'
import { linesOf, readText, sendOver } from '../socket-http.ts'

export type AgentClientRefusal =
  | 'AgentAway'
  | 'AgentFailed'
  | 'InvalidSpec'
  | 'SpecConflict'
  | 'ServiceInstanceNotFound'
  | 'ServiceInstanceNotEnded'
  | 'AgentVersionMismatch'

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
    return this.#stop(id, stop, false)
  }

  /** Stops all and waits until they have ended; for the end of the whole host's work, whatever version the agent is of. */
  async stopAll(stop: StopRequest): Promise<void> {
    for (;;) {
      const known = await this.#call<Pick<ServiceInstanceState, 'id' | 'phase'>[]>(
        'GET',
        '/service-instances',
        undefined,
        true,
      )
      const live = known.filter(({ phase }) => phase !== 'ended')
      if (live.length === 0) return
      await Promise.all(live.filter(({ phase }) => phase !== 'stopping').map(({ id }) => this.#stop(id, stop, true)))
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

  cards(): Promise<CardUse[]> {
    return this.#call('GET', '/cards')
  }

  disks(): Promise<DiskState> {
    return this.#call('GET', '/disks')
  }

  host(): Promise<HostState> {
    return this.#call('GET', '/host')
  }

  /** Of an agent of whatever version. */
  async pid(): Promise<number> {
    return (await this.#call<Pick<HostState, 'pid'>>('GET', '/host', undefined, true)).pid
  }

  /**
   * Ids of service instances whose state changed, until `signal`. The first item is '' once the stream is open: look at
   * everything then, as changes before it are not told.
   */
  async *events(signal: AbortSignal): AsyncGenerator<string> {
    for await (const line of this.#lines('/events', signal, '{"id":""}')) yield (JSON.parse(line) as { id: string }).id
    if (!signal.aborted) throw this.#away('it closed the stream of events')
  }

  #stop(id: string, stop: StopRequest, anyVersion: boolean): Promise<ServiceInstanceState> {
    return this.#call('POST', `/service-instances/${encodeURIComponent(id)}/stop`, stop, anyVersion)
  }

  async #call<Answer>(method: string, path: string, body?: unknown, anyVersion = false): Promise<Answer> {
    const res = await this.#send(method, path, AbortSignal.timeout(answerTimeoutMs), { body, anyVersion })
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

  async #send(
    method: string,
    path: string,
    signal: AbortSignal,
    { body, anyVersion = false }: { body?: unknown; anyVersion?: boolean } = {},
  ): Promise<IncomingMessage> {
    let res: IncomingMessage
    try {
      const headers = { [protocolHeader]: String(protocolVersion) }
      res = await sendOver(this.#socketPath, { method, path, signal, body, headers })
    } catch (error) {
      throw this.#away(messageOf(error), error)
    }
    const agent = versionOf(res.headers[protocolHeader])
    if (agent !== protocolVersion && !anyVersion) {
      res.resume()
      throw new Refusal<AgentClientRefusal>('AgentVersionMismatch', mismatchText(agent, protocolVersion), {
        agent,
        caller: protocolVersion,
      })
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
