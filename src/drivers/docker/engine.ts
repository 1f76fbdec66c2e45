// Docker Engine's API from the caller's side, over its unix socket. Written over `node:http` and not with dockerode or
// Docker's own SDK: those bring ssh2 (a native build at installation) and 27 to 34 MiB of memory for a dozen JSON calls.
// An engine that does not answer is the refusal `DockerAway`: nothing is known then of what it runs, least of all that it
// has ended.
import type { IncomingMessage } from 'node:http'
import { messageOf, Refusal } from '../../lib/errors.ts'
import { linesOf, readText, sendOver } from '../socket-http.ts'
import type { ContainerBody, ContainerInspection, ContainerSummary, EngineEvent, EngineInfo } from './engine-types.ts'
import type { ContainerStats } from './stats.ts'

export type EngineRefusal = 'DockerAway'

/** What the engine refused, with its status and in its words. */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const isEngineError = (error: unknown, ...statuses: number[]): error is EngineError =>
  error instanceof EngineError && statuses.includes(error.status)

/** Of a registry, as it wants it: an image's owner is asked for it. */
export interface RegistryLogin {
  username: string
  password: string
}

interface Call {
  query?: Record<string, string | number>
  headers?: Record<string, string>
  body?: unknown
  signal?: AbortSignal
}

/** Making and starting a container may take an engine that is busy as long. */
const answerTimeoutMs = 60_000

export class DockerEngine {
  readonly socketPath: string

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** An error when it does not answer. */
  async ping(): Promise<void> {
    await readText(await this.#send('GET', '/_ping', {}))
  }

  info(): Promise<EngineInfo> {
    return this.#json('GET', '/info')
  }

  /** Those that carry the label, ended ones included. With `sizes` Docker walks through what each wrote. */
  containers(label: string, { sizes = false } = {}): Promise<ContainerSummary[]> {
    const query = { all: 1, filters: JSON.stringify({ label: [label] }), ...(sizes ? { size: 1 } : {}) }
    return this.#json('GET', '/containers/json', { query })
  }

  inspect(name: string): Promise<ContainerInspection | null> {
    return this.#found(this.#json('GET', `/containers/${name}/json`))
  }

  /** What it uses now, without the second in which Docker would wait for the next figures. */
  stats(name: string): Promise<ContainerStats | null> {
    const query = { stream: 'false', 'one-shot': 'true' }
    return this.#found(this.#json('GET', `/containers/${name}/stats`, { query }))
  }

  /** Status 409 when the name is taken, 404 when the image is not here. */
  async create(name: string, body: ContainerBody): Promise<void> {
    await this.#json('POST', '/containers/create', { query: { name }, body })
  }

  /** Of one that runs already, a success. */
  async start(name: string): Promise<void> {
    await this.#json('POST', `/containers/${name}/start`)
  }

  /** False: it does not run, or is not there. */
  async kill(name: string, signal: string): Promise<boolean> {
    try {
      await this.#json('POST', `/containers/${name}/kill`, { query: { signal } })
      return true
    } catch (error) {
      if (isEngineError(error, 404, 409)) return false
      throw error
    }
  }

  /** Of one that is not there, or goes already, a success. */
  async remove(name: string): Promise<void> {
    try {
      await this.#json('DELETE', `/containers/${name}`, { query: { v: 1, force: 1 } })
    } catch (error) {
      if (!isEngineError(error, 404, 409)) throw error
    }
  }

  /** Its output in the engine's frames; null when it is not there. */
  logs(name: string, query: Record<string, string | number>, signal?: AbortSignal): Promise<IncomingMessage | null> {
    const wanted = { stdout: 1, stderr: 1, ...query }
    return this.#found(this.#send('GET', `/containers/${name}/logs`, { query: wanted, ...(signal && { signal }) }))
  }

  /** Until `signal`. The first item is null, once nothing that happens from then on is missed. */
  async *events(label: string, signal: AbortSignal): AsyncGenerator<EngineEvent | null> {
    const filters = JSON.stringify({ type: ['container'], label: [label] })
    try {
      const res = await this.#send('GET', '/events', { query: { filters }, signal })
      yield null
      for await (const line of linesOf(res)) if (line !== '') yield JSON.parse(line) as EngineEvent
    } catch (error) {
      if (signal.aborted) return
      throw error instanceof Refusal ? error : this.#away(error)
    }
    if (!signal.aborted) throw this.#away(new Error('it closed the stream of events'))
  }

  async hasImage(image: string): Promise<boolean> {
    return (await this.#found(this.#json('GET', `/images/${image}/json`))) !== null
  }

  /** Fetches it from its registry; an `EngineError` in the registry's words when that fails. */
  async pull(image: string, login: RegistryLogin | null, signal: AbortSignal): Promise<void> {
    const headers = login === null ? {} : { 'x-registry-auth': encodeLogin(login) }
    const res = await this.#send('POST', '/images/create', { query: pullQuery(image), headers, signal })
    try {
      for await (const line of linesOf(res)) {
        const { error } = (line.trim() === '' ? {} : JSON.parse(line)) as { error?: string }
        if (error !== undefined) throw new EngineError(500, error)
      }
    } catch (error) {
      throw error instanceof EngineError || signal.aborted ? error : this.#away(error)
    }
  }

  /** The ids of those of that very name, in one order: an engine may have several, made at once. */
  async networks(name: string): Promise<string[]> {
    const query = { filters: JSON.stringify({ name: [name] }) }
    const found = await this.#json<{ Id: string; Name: string }[]>('GET', '/networks', { query })
    return found.flatMap(({ Id, Name }) => (Name === name ? [Id] : [])).sort()
  }

  async createNetwork(body: object): Promise<void> {
    await this.#json('POST', '/networks/create', { body })
  }

  /** Whether it is gone; one that is in use stays. */
  async removeNetwork(id: string): Promise<boolean> {
    try {
      await this.#json('DELETE', `/networks/${id}`)
    } catch (error) {
      if (!isEngineError(error, 403, 404)) throw error
      return !isEngineError(error, 403)
    }
    return true
  }

  async #found<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
    try {
      return await asked
    } catch (error) {
      if (isEngineError(error, 404)) return null
      throw error
    }
  }

  async #json<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const signal = call.signal ?? AbortSignal.timeout(answerTimeoutMs)
    const res = await this.#send(method, path, { ...call, signal })
    const text = await readText(res).catch(error => {
      throw this.#away(error)
    })
    return (text === '' ? undefined : JSON.parse(text)) as Answer
  }

  async #send(
    method: string,
    path: string,
    { query = {}, headers = {}, body, signal }: Call,
  ): Promise<IncomingMessage> {
    const params = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
    const target = params === '' ? path : `${path}?${params}`
    const within = signal ?? AbortSignal.timeout(answerTimeoutMs)
    const headed = { host: 'docker', ...headers }
    const res = await sendOver(this.socketPath, { method, path: target, signal: within, headers: headed, body }).catch(
      error => {
        throw this.#away(error)
      },
    )
    if ((res.statusCode ?? 500) < 400) return res
    const text = await readText(res).catch(messageOf)
    throw new EngineError(res.statusCode ?? 500, messageIn(text))
  }

  #away(cause: unknown): Refusal<EngineRefusal> {
    const message = `Docker does not answer on ${this.socketPath} (${messageOf(cause)})`
    return new Refusal('DockerAway', message, { socketPath: this.socketPath, code: codeOf(cause) })
  }
}

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    return text
  }
}

const encodeLogin = (login: RegistryLogin): string => Buffer.from(JSON.stringify(login)).toString('base64url')

/** With neither tag nor digest the engine would fetch every tag that there is. */
export function pullQuery(image: string): { fromImage: string; tag?: string } {
  if (image.includes('@')) return { fromImage: image }
  const [, name = image, tag = 'latest'] = /^(.*?)(?::([^:/]+))?$/.exec(image) ?? []
  return { fromImage: name, tag }
}
