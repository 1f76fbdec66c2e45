// The API as the browser calls it: the session's cookie says who, the header `x-berth-csrf` that it is this page that asks.
// Types come from the same document as the server's. A refusal of the server is thrown as a `Refused`.
import type { Operations } from '../src/client/generated.ts'
import type { Input } from '../src/client/input.ts'

export type { Input, Operations }
export type Operation = keyof Operations
export type Returns<K extends Operation> = Operations[K]['returns']
type ItemsOf<R> = R extends { items: (infer Item)[] } ? Item : never
export type Item<K extends Operation> = ItemsOf<Returns<K>>

export class Refused extends Error {
  readonly code: string
  readonly status: number
  readonly details: Record<string, unknown>
  readonly requestId: string | null

  constructor(
    status: number,
    answer: { code?: string; message?: string; details?: Record<string, unknown>; requestId?: string },
  ) {
    super(answer.message ?? '')
    this.status = status
    this.code = answer.code ?? (status === 0 ? 'Unreachable' : `Http${status}`)
    this.details = answer.details ?? {}
    this.requestId = answer.requestId ?? null
  }
}

let csrf: string | null = null

/** Told by the session: every write carries it. */
export function setCsrf(value: string | null): void {
  csrf = value
}

export async function call<K extends Operation>(
  operation: K,
  input: Input<K>,
  signal?: AbortSignal,
): Promise<Returns<K>> {
  const response = await open(operation, input, signal)
  return (response.status === 204 ? null : await response.json()) as Returns<K>
}

/** The answer as it comes, for operations that stream. */
export function open<K extends Operation>(operation: K, input: Input<K>, signal?: AbortSignal): Promise<Response> {
  const [method = 'GET', template = '/'] = operation.split(' ')
  const { params = {}, query = {}, body } = input as { params?: object; query?: object; body?: unknown }
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)[name])),
  )
  return send(method, search.size > 0 ? `${path}?${search}` : path, body, signal)
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' || csrf === null ? {} : { 'x-berth-csrf': csrf }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal ?? null,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Refused(0, {})
  })
  if (response.ok) return response
  throw new Refused(response.status, await response.json().catch(() => ({})))
}
