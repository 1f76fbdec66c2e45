// Differential fuzz: whatever the gateway would pass on must be framed by Node's own parser exactly as the gateway framed
// it, both as the client sent it and as it is passed on. Known smuggling forms and good ones, several in a row, are cut, mixed
// and spoilt; half of the time the gateway gets them in pieces, as from a socket.
import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { WriteSpace } from '../../src/gateway/exchange/write-space.ts'
import { BodyFollower } from '../../src/gateway/http/body-follower.ts'
import { RequestHead } from '../../src/gateway/http/request-head.ts'
import { upstreamRequest } from '../../src/gateway/http/rewrite-head.ts'
import { randomInt, SeededRandom } from '../../src/lib/random.ts'
import { bodyForms, headForms, otherStatusForms } from './smuggling-forms.ts'

const space = new WriteSpace()

interface Framed {
  method: string
  target: string
  body: string
}

interface Reading {
  requests: Framed[]
  /** Each request as it would be passed on. */
  passedOn: Buffer[]
}

/** What the gateway makes of a stream of bytes: as a client's connection does, without the sockets. `cuts`: in pieces. */
function gatewayReads(bytes: Buffer, cuts: SeededRandom | null): Reading {
  const head = new RequestHead()
  const follower = new BodyFollower()
  const reading: Reading = { requests: [], passedOn: [] }
  let at = 0
  while (at < bytes.length && head.parse(bytes, at, bytes.length) === 'ok') {
    follower.start(head.bodyKind, head.contentLength)
    const end = feedAll(follower, bytes, head.end, cuts)
    if (end === -1 || !follower.done || head.upgrade) break
    const raw = bytes.subarray(head.end, end)
    const body = head.bodyKind === 'chunked' ? dechunk(raw) : raw.toString('latin1')
    reading.requests.push({
      method: head.method,
      target: bytes.toString('latin1', head.targetStart, head.targetEnd),
      body,
    })
    reading.passedOn.push(upstreamRequest(head, bytes, head.pathStart, Buffer.from('x-ours: 1\r\n'), end, false, space))
    at = end
    if (!head.keepAlive || head.minor === 0) break
  }
  return reading
}

function feedAll(follower: BodyFollower, bytes: Buffer, from: number, cuts: SeededRandom | null): number {
  if (cuts === null) return follower.feed(bytes, from, bytes.length)
  let at = from
  while (at < bytes.length && !follower.done) {
    const piece = bytes.subarray(0, Math.min(bytes.length, at + 1 + randomInt(cuts, 8)))
    at = follower.feed(piece, at, piece.length)
    if (at === -1) return -1
  }
  return at
}

/** The data of chunks whose framing was found good; simple on purpose. */
function dechunk(raw: Buffer): string {
  let text = raw.toString('latin1')
  let body = ''
  for (;;) {
    const size = Number.parseInt(text, 16)
    const start = text.indexOf('\r\n') + 2
    if (size === 0) return body
    body += text.slice(start, start + size)
    text = text.slice(start + size + 2)
  }
}

/** Node's parser as its own server drives it; there is no public door to it that tells what was framed before an error. */
interface NodeParser {
  [event: number]: (...values: never[]) => number | undefined
  initialize(type: number, resource: object): void
  execute(bytes: Buffer): unknown
}
interface NodeParserClass {
  new (): NodeParser
  REQUEST: number
  kOnHeadersComplete: number
  kOnBody: number
  kOnMessageComplete: number
}
const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass
  methods: string[]
}

/** What Node's parser makes of a stream of bytes: the messages that it saw the end of. */
function nodeReads(bytes: Buffer): Framed[] {
  const parser = new HTTPParser()
  const whole: Framed[] = []
  let framed: Framed = { method: '', target: '', body: '' }
  parser.initialize(HTTPParser.REQUEST, {})
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: never,
    _minor: never,
    _headers: never,
    method: number,
    target: string,
  ) => {
    framed = { method: methods[method] ?? '', target, body: '' }
    return 0
  }
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    framed.body += part.toString('latin1')
    return 0
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    whole.push(framed)
    return 0
  }
  parser.execute(bytes)
  return whole
}

const pieces = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '4',
  '5',
  'a',
  'chunked',
  'identity',
  '\0',
  '\x0b',
  '\x7f',
  '\xe9',
  '"',
  'Content-Length: 4\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'X: y\r\n',
  'Connection: x, content-length\r\n',
  'Content_Length: 5\r\n',
  'Expect: 100-continue\r\n',
  'Expect: x\r\n',
  'Traceparent: 00-x\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: g\r\n\r\n',
  'https://g',
  'Upgrade: h2c\r\n',
  'abcd',
  '0\r\n\r\n',
  '4\r\nabcd\r\n',
  '1;x=y\r\na\r\n',
  'X-T: 1\r\n',
  'HTTP/1.0',
  'HTTP/1.1',
  'GET / HTTP/1.1\r\nHost: g\r\n\r\n',
]
const goodForms = [
  'GET /api HTTP/1.1\r\nHost: g\r\n\r\n',
  'POST /a?b=c HTTP/1.1\r\nHost: g\r\nContent-Length: 4\r\n\r\nabcd',
  'POST /a HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n1;x=y\r\ne\r\n0\r\nX-T: 1\r\n\r\n',
  'PUT http://g/a HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: g\r\nX: \t y \t\r\n\r\n',
]
const badForms = [...headForms, ...otherStatusForms, ...bodyForms].map(form => form.text)

function mutated(random: SeededRandom): Buffer {
  const pick = <T>(list: readonly T[]): T => list[randomInt(random, list.length)] as T
  let text = Array.from({ length: 1 + randomInt(random, 2) }, () =>
    pick(randomInt(random, 4) === 0 ? badForms : goodForms),
  ).join('')
  for (let changes = randomInt(random, 4); changes > 0; changes--) {
    const at = randomInt(random, text.length + 1)
    const kind = randomInt(random, 4)
    if (kind === 0) text = text.slice(0, at) + pick(pieces) + text.slice(at)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + randomInt(random, 4))
    else if (kind === 2) text = text.slice(0, at) + String.fromCharCode(randomInt(random, 256)) + text.slice(at + 1)
    else {
      // Whole lines, put in where a line begins: most of what is dangerous is a field too many.
      const line = text.indexOf('\r\n', at)
      if (line !== -1) text = text.slice(0, line + 2) + pick(pieces) + text.slice(line + 2)
    }
  }
  return Buffer.from(text, 'latin1')
}

export interface Fuzzed {
  /** Inputs of which at least one request would be passed on, and those of which none. */
  passed: number
  refused: number
  /** What was framed otherwise, and how: enough to see it again. */
  differing: string[]
}

/** The same inputs for the same seed. */
export function fuzz({ seed, inputs }: { seed: string; inputs: number }): Fuzzed {
  const random = new SeededRandom(seed)
  const fuzzed: Fuzzed = { passed: 0, refused: 0, differing: [] }
  for (let done = 0; done < inputs; done++) {
    const stream = mutated(random)
    const ours = gatewayReads(stream, randomInt(random, 2) === 0 ? random : null)
    const difference = differenceOf(stream, ours)
    if (difference !== null) fuzzed.differing.push(difference)
    if (ours.requests.length > 0) fuzzed.passed++
    else fuzzed.refused++
  }
  return fuzzed
}

function differenceOf(stream: Buffer, { requests, passedOn }: Reading): string | null {
  const input = JSON.stringify(stream.toString('latin1'))
  const theirs = nodeReads(stream)
  // Node may go on where we stopped; what we passed on must be what Node read first.
  if (!isDeepStrictEqual(theirs.slice(0, requests.length), requests)) {
    return `framed otherwise: ${input}\nours ${JSON.stringify(requests)}\nnode ${JSON.stringify(theirs)}`
  }
  // As passed on: the same requests and no other, framed alike.
  const onward = nodeReads(Buffer.concat(passedOn))
  const wanted = requests.map(one => ({
    ...one,
    target: one.target.replace(/^https?:\/\/[^/]+/i, '').replace(/^\*$/, '/*'),
  }))
  if (isDeepStrictEqual(onward, wanted)) return null
  return `passed on otherwise: ${input}\nours ${JSON.stringify(wanted)}\nnode ${JSON.stringify(onward)}`
}
