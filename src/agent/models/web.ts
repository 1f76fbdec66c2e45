// One GET over HTTP(S). Each host is resolved once per connection and every address it has is checked; the connection goes
// to an address that was checked, so a name that answers differently the second time gains nothing. Redirects are followed
// by hand, each checked as the first.
import { type LookupAddress, lookup as lookupHost } from 'node:dns'
import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Refusal } from '../../lib/errors.ts'
import { whyForbidden } from './addresses.ts'

export type Resolve = (host: string) => Promise<LookupAddress[]>

export interface Guard {
  allowPrivate: readonly string[]
  resolve: Resolve
}

export const systemResolve: Resolve = host =>
  new Promise((resolve, reject) => {
    lookupHost(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })

const redirectsMax = 5
const redirects = new Set([301, 302, 303, 307, 308])

export interface WebRequest {
  url: URL
  headers: Record<string, string>
  /** null: the operator named this address. Redirects are not followed then. */
  guard: Guard | null
  signal: AbortSignal
  answerMs: number
}

/** The answer, its body unread; refuses addresses that may not be reached. Network errors are thrown as they are. */
export async function openAnswer(wish: WebRequest): Promise<IncomingMessage> {
  let { url } = wish
  for (let followed = 0; ; followed++) {
    const answer = await send({ ...wish, url })
    const { location } = answer.headers
    if (wish.guard === null || !redirects.has(answer.statusCode ?? 0) || location === undefined) return answer
    answer.destroy()
    if (followed === redirectsMax) throw unavailable(`it was redirected more than ${redirectsMax} times`)
    url = nextUrl(url, location)
  }
}

function nextUrl(from: URL, location: string): URL {
  const next = URL.parse(location, from)
  if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
    throw unavailable('it was redirected to what is no http or https address')
  }
  // Who asked for TLS must not be led out of it.
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw unavailable(`it was redirected from https to http (${next.host})`)
  if (next.username !== '' || next.password !== '') throw unavailable('it was redirected to an address with a password')
  return next
}

async function send({ url, headers, guard, signal, answerMs }: WebRequest): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  // Only names are looked up: a literal address would pass the lookup by.
  if (guard !== null && isIP(host) !== 0) check(host, [host], guard)
  const open = url.protocol === 'https:' ? requestHttps : requestHttp
  const timeout = AbortSignal.timeout(answerMs)
  const waiting = new AbortController()
  const stop = () => waiting.abort(signal.aborted ? signal.reason : new Error(`no answer within ${answerMs} ms`))
  for (const each of [signal, timeout]) each.addEventListener('abort', stop)
  const req = open(url, {
    agent: false,
    signal: waiting.signal,
    headers: { 'user-agent': 'berth', accept: '*/*', 'accept-encoding': 'identity', ...headers },
    ...(guard === null ? {} : { lookup: guardedLookup(guard) }),
  })
  try {
    signal.throwIfAborted()
    req.end()
    const [answer] = (await once(req, 'response')) as [IncomingMessage]
    timeout.removeEventListener('abort', stop)
    answer.once('close', () => signal.removeEventListener('abort', stop))
    return answer
  } catch (error) {
    signal.removeEventListener('abort', stop)
    timeout.removeEventListener('abort', stop)
    throw waiting.signal.aborted ? waiting.signal.reason : error
  }
}

const guardedLookup =
  (guard: Guard): LookupFunction =>
  (host, options, callback) => {
    guard
      .resolve(host)
      .then(found => {
        check(
          host,
          found.map(({ address }) => address),
          guard,
        )
        const [first] = found
        if (first === undefined) throw new Error(`${host} has no address`)
        if (options.all) callback(null, found)
        else callback(null, first.address, first.family)
      })
      .catch(error => callback(error, ''))
  }

/** All of them: a name with a public and a private address is not half allowed. */
function check(host: string, addresses: readonly string[], { allowPrivate }: Guard): void {
  for (const address of addresses) {
    const why = whyForbidden(address, allowPrivate)
    if (why === null) continue
    const what = host === address ? `${host} is ${why}` : `${host} is at ${address}, ${why}`
    throw unavailable(`${what}: the operator may allow it under models.allowPrivate in berth.yaml`)
  }
}

export const unavailable = (message: string): Refusal<'ModelUnavailable'> => new Refusal('ModelUnavailable', message)
