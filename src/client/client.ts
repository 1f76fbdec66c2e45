// The typed client of /v1: types come from the OpenAPI document, requests are signed. Used by the CLI and the console.
import { createHash } from 'node:crypto'
import { signAcs3 } from '../lib/acs3.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { systemRandom } from '../lib/random.ts'
import type { Operations } from './generated.ts'
import type { Input } from './input.ts'

export type { Input, Operations }

export interface Credentials {
  /** `http://127.0.0.1:8700` */
  apiUrl: string
  accessKeyId: string
  secret: string
}

export class Client {
  readonly #credentials: Credentials
  readonly #clock: Clock

  /** `clock` dates the signatures; it must agree with the server's within 15 minutes. */
  constructor(credentials: Credentials, clock: Clock = systemClock) {
    this.#credentials = credentials
    this.#clock = clock
  }

  /** Calls one operation; a refusal of the server is thrown as a `Refusal` with its code, message and details. */
  async call<K extends keyof Operations>(operation: K, input: Input<K>): Promise<Operations[K]['returns']> {
    const response = await this.#send(String(operation), input)
    return (response.status === 204 ? null : await response.json()) as Operations[K]['returns']
  }

  /** The lines of an operation that streams, until it ends or the signal aborts. */
  async *lines<K extends keyof Operations>(operation: K, input: Input<K>, signal?: AbortSignal): AsyncIterable<string> {
    const response = await this.#send(String(operation), input, signal)
    let rest = ''
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  }

  async #send(operation: string, input: object, signal?: AbortSignal): Promise<Response> {
    const [method = 'GET', template = '/'] = operation.split(' ')
    const { params = {}, query = {}, body } = input as { params?: object; query?: object; body?: unknown }
    const url = new URL(fillPath(template, params), this.#credentials.apiUrl)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = signAcs3({
      method,
      url,
      headers: text === '' ? {} : { 'content-type': 'application/json' },
      bodySha256: createHash('sha256').update(text).digest('hex'),
      accessKeyId: this.#credentials.accessKeyId,
      secret: this.#credentials.secret,
      nonce: newId(systemRandom, 'nonce'),
      date: this.#clock.now(),
    })
    const response = await fetch(url, {
      method,
      headers,
      ...(text === '' ? {} : { body: text }),
      signal: signal ?? null,
    }).catch((error: unknown) => {
      throw new Refusal(
        'Unreachable',
        `Berth does not answer at ${this.#credentials.apiUrl}. Is it running? Start it with \`berth up\`.`,
        {
          cause: error instanceof Error ? String(error.cause ?? error) : String(error),
        },
      )
    })
    if (response.ok) return response
    throw await refusalOf(response)
  }
}

function fillPath(template: string, params: object): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)[name])),
  )
}

async function refusalOf(response: Response): Promise<Refusal> {
  const answer = (await response.json().catch(() => ({}))) as Partial<
    Record<'code' | 'message' | 'requestId', string>
  > & { details?: object }
  return new Refusal(
    answer.code ?? `Http${response.status}`,
    answer.message ?? `The server answered ${response.status}.`,
    {
      ...answer.details,
      status: response.status,
      requestId: answer.requestId,
    },
  )
}
