// Server-sent events as a follower reads them, over a real connection. `next()` waits for what comes, however long it takes.
import { request } from 'node:http'

export interface Told {
  /** `comment` for lines that only say that the stream goes on. */
  event: string
  id: string | null
  data: Record<string, unknown>
}

export interface Following {
  status: number
  /** The next event; null: the stream has ended. */
  next(): Promise<Told | null>
  /** Everything up to the first of this name. */
  until(event: string): Promise<Told>
  stop(): void
}

export function follow(url: string, headers: Record<string, string>): Promise<Following> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent: false }, response => {
      response.on('error', () => {})
      const told = read(response)
      const next = async () => (await told.next()).value ?? null
      resolve({
        status: response.statusCode ?? 0,
        next,
        until: async event => {
          for (;;) {
            const one = await next()
            if (one === null) throw new Error(`the stream ended before ${event}`)
            if (one.event === event) return one
          }
        },
        stop: () => outgoing.destroy(),
      })
    })
    outgoing.once('error', reject)
    outgoing.end()
  })
}

async function* read(chunks: AsyncIterable<Buffer>): AsyncGenerator<Told, undefined> {
  let rest = ''
  try {
    for await (const chunk of chunks) {
      const blocks = (rest + chunk.toString()).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield parse(block)
    }
  } catch {
    // Cut off: an end like any other.
  }
  return undefined
}

export function parse(block: string): Told {
  const fields = new Map(block.split('\n').map(line => [line.split(':')[0], line.slice(line.indexOf(':') + 1).trim()]))
  if (fields.has('')) return { event: 'comment', id: null, data: {} }
  return {
    event: fields.get('event') ?? '',
    id: fields.get('id') ?? null,
    data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
  }
}
