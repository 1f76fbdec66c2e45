// Requests as they are written: a path, a query and a body go out byte for byte, signed by the caller. `fetch` would mend them.
import { createHash } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { acs3Algorithm, acs3Signature, acs3StringToSign, parseQuery } from '../../src/lib/acs3.ts'
import type { Clock } from '../../src/lib/clock.ts'

export interface Caller {
  accessKeyId: string
  secret: string
}

export interface Sent {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is, instead of `body`. */
  raw?: string | Buffer
  /** Written as they are; `content-type` is application/json where there is a body. */
  headers?: Record<string, string>
  /** Takes the head of the answer and hangs up: for streams that do not end. */
  headOnly?: boolean
}

/** What a refusal and an answer may hold; tests read what they expect. */
export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
  /** `{}` where the answer is not JSON. */
  body: AnswerBody
}

export interface AnswerBody {
  code?: string
  message?: string
  details?: { field?: string; [name: string]: unknown }
  requestId?: string
  items?: Record<string, unknown>[]
  nextPageToken?: string | null
  [name: string]: unknown
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
let nonces = 0

/** `target` is the path with its query, exactly as on the wire. `caller` null: without credentials. */
export async function sendTo(
  apiUrl: string,
  clock: Clock,
  caller: Caller | null,
  method: string,
  target: string,
  sent: Sent = {},
): Promise<Answer> {
  const text = sent.raw ?? (sent.body === undefined ? '' : JSON.stringify(sent.body))
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text)
  const { host, hostname, port } = new URL(apiUrl)
  const type: Record<string, string> = bytes.length === 0 ? {} : { 'content-type': 'application/json' }
  const plain = { host, ...type, ...sent.headers }
  const headers = caller === null ? plain : signed(caller, clock, method, target, bytes, plain)
  return new Promise((resolve, reject) => {
    const length = bytes.length === 0 && method === 'GET' ? {} : { 'content-length': String(bytes.length) }
    const options = { agent, hostname, port, method, path: target, headers: { ...headers, ...length } }
    const outgoing = request(options, response => {
      // Events go on for ever: nobody here waits for the last one.
      const isEvents = response.headers['content-type'] === 'text/event-stream'
      if ((sent.headOnly || isEvents) && response.statusCode === 200) {
        resolve(answerOf(response, ''))
        response.destroy()
        return
      }
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString())))
    })
    outgoing.once('error', reject)
    outgoing.end(bytes)
  })
}

function answerOf(response: IncomingMessage, text: string): Answer {
  let body: AnswerBody = {}
  try {
    body = JSON.parse(text) as AnswerBody
  } catch {
    // Plain text, or nothing: `text` has it.
  }
  return { status: response.statusCode ?? 0, headers: response.headers, text, body }
}

function signed(
  { accessKeyId, secret }: Caller,
  clock: Clock,
  method: string,
  target: string,
  bytes: Buffer,
  plain: Record<string, string>,
): Record<string, string> {
  const at = target.indexOf('?')
  const [path, rawQuery] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
  const bodySha256 = createHash('sha256').update(bytes).digest('hex')
  const headers: Record<string, string> = {
    ...plain,
    'x-acs-date': clock.now().round({ smallestUnit: 'second', roundingMode: 'floor' }).toString(),
    'x-acs-signature-nonce': `test-${process.pid}-${++nonces}`,
    'x-acs-content-sha256': bodySha256,
  }
  const signedHeaders = Object.keys(headers)
    .filter(name => name.startsWith('x-acs-') || name === 'host' || name === 'content-type')
    .sort()
  const query = parseQuery(rawQuery) ?? []
  const byName = new Map(Object.entries(headers))
  const signature = acs3Signature(
    secret,
    acs3StringToSign({ method, path, query, headers: byName, signedHeaders, bodySha256 }),
  )
  const claim = `Credential=${accessKeyId},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`
  return { ...headers, authorization: `${acs3Algorithm} ${claim}` }
}
