// Request signatures as Alibaba Cloud's OpenAPI defines them, for both sides: ACS3-HMAC-SHA256, and the older ROA form with
// HMAC-SHA1 that only old tools use. Pure: text in, text out. The verifier's rules are in identity/verify-request.ts.
import { createHash, createHmac } from 'node:crypto'

export const acs3Algorithm = 'ACS3-HMAC-SHA256'
export const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Decoded names and values, in the order of the URL. */
export type QueryPairs = readonly (readonly [name: string, value: string])[]

/** The headers that a signature must cover when they are there. */
export const mustBeSigned = (name: string): boolean =>
  name.startsWith('x-acs-') || name === 'host' || name === 'content-type'

/** RFC 3986 to the letter: encodeURIComponent leaves five characters raw that must not be. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Splits a raw query as the server will read it: `+` is a space. Were it not, `%2B` could be turned into `+` under way and
 * the signature would still hold. null: the percent-encoding is broken.
 */
export function parseQuery(rawQuery: string): QueryPairs | null {
  try {
    return rawQuery
      .split('&')
      .filter(part => part !== '')
      .map(part => {
        const at = part.indexOf('=')
        const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
        return [decode(name), decode(value)] as const
      })
  } catch {
    return null
  }
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

const byName = (a: readonly [string, string], b: readonly [string, string]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0

export const canonicalQuery = (pairs: QueryPairs): string =>
  [...pairs]
    .sort(byName)
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&')

/** The path as it is on the wire, with the three spellings that clients unify. */
const canonicalPath = (path: string): string =>
  path.replaceAll('+', '%20').replaceAll('*', '%2A').replaceAll('%7E', '~')

export interface Acs3Request {
  method: string
  /** Raw, as on the wire. */
  path: string
  query: QueryPairs
  /** Lower-case names; holds every signed header. */
  headers: ReadonlyMap<string, string>
  /** Lower-case, sorted. */
  signedHeaders: readonly string[]
  bodySha256: string
}

export function acs3StringToSign(request: Acs3Request): string {
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...request.signedHeaders.map(name => `${name}:${(request.headers.get(name) ?? '').trim()}`),
    '',
    request.signedHeaders.join(';'),
    request.bodySha256,
  ].join('\n')
  return `${acs3Algorithm}\n${createHash('sha256').update(canonicalRequest).digest('hex')}`
}

/** Lower-case hex; the key is the secret itself. */
export const acs3Signature = (secret: string, stringToSign: string): string =>
  createHmac('sha256', secret).update(stringToSign).digest('hex')

export interface RoaRequest {
  method: string
  path: string
  query: QueryPairs
  headers: ReadonlyMap<string, string>
}

export function roaStringToSign({ method, path, query, headers }: RoaRequest): string {
  const lines = ['accept', 'content-md5', 'content-type', 'date'].map(name => headers.get(name) ?? '')
  const acs = [...headers]
    .filter(([name]) => name.startsWith('x-acs-'))
    .sort(byName)
    .map(([name, value]) => `${name}:${value.replace(/[\t\n\r\f]/g, ' ').trim()}\n`)
  const parameters = [...query].sort(byName).map(([name, value]) => `${name}=${value}`)
  const resource = parameters.length === 0 ? path : `${path}?${parameters.join('&')}`
  return `${[method, ...lines].join('\n')}\n${acs.join('')}${resource}`
}

/** Base64. */
export const roaSignature = (secret: string, stringToSign: string): string =>
  createHmac('sha1', secret).update(stringToSign).digest('base64')

export interface SignRequest {
  method: string
  url: URL
  /** What is sent besides; any case. `content-type` and `x-acs-*` are signed. */
  headers?: Readonly<Record<string, string>>
  /** Hex; of the empty body when there is none. */
  bodySha256?: string
  accessKeyId: string
  secret: string
  nonce: string
  date: Temporal.Instant
}

/** The headers to send: the given ones, those of the signature, and `authorization`. */
export function signAcs3(request: SignRequest): Record<string, string> {
  const { url, bodySha256 = emptySha256 } = request
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  const headers = new Map<string, string>([
    ...given,
    ['host', url.host],
    ['x-acs-date', request.date.round({ smallestUnit: 'second', roundingMode: 'floor' }).toString()],
    ['x-acs-signature-nonce', request.nonce],
    ['x-acs-content-sha256', bodySha256],
  ])
  const signedHeaders = [...headers.keys()].filter(mustBeSigned).sort()
  const stringToSign = acs3StringToSign({
    method: request.method,
    path: url.pathname,
    query: [...url.searchParams],
    headers,
    signedHeaders,
    bodySha256,
  })
  const signature = acs3Signature(request.secret, stringToSign)
  headers.set(
    'authorization',
    `${acs3Algorithm} Credential=${request.accessKeyId},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`,
  )
  return Object.fromEntries(headers)
}
