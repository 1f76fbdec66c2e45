// Who sent this request: verifies its signature over exactly what the server will act on. In this order (Q62): limits and
// form, the key, the time window, the signature, the nonce; permission comes after, in access.ts. All of the arithmetic is
// done before any of it is judged, with a secret of nobody where the key is unknown, so that time tells nothing.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Ctx } from '../db/ctx.ts'
import type { Db } from '../db/db.ts'
import {
  acs3Algorithm,
  acs3Signature,
  acs3StringToSign,
  mustBeSigned,
  parseQuery,
  type QueryPairs,
  roaSignature,
  roaStringToSign,
} from '../lib/acs3.ts'
import { Refusal } from '../lib/errors.ts'
import { type IdentityRefusal, type Principal, userDisabled } from './access.ts'
import { isUsable } from './access-key.ts'
import { deleteNonces, insertNonce, selectSigner, touchAccessKey } from './identity.store.ts'
import type { SecretBox } from './secret-box.ts'

export interface SignedRequest {
  method: string
  /** Raw, as on the wire, without the query. */
  path: string
  rawQuery: string
  /** Node's `rawHeaders`: names and values in turn. A parsed map would hide a header that was sent twice (Q63). */
  rawHeaders: readonly string[]
  /** Of the bytes that were parsed, not of what the caller claims: lower-case hex. */
  bodySha256: string
  /** Base64. */
  bodyMd5: string
}

/** How far a request's date may be from our clock, either way. */
const windowMinutes = 15
/** A request dated at the far end of the window is good for twice the window; its nonce is kept longer (Q61). */
const nonceKeptMinutes = 2 * windowMinutes + 5

/** A request whose signature has the right form. `expected` computes what it should have been. */
interface Claim {
  accessKeyId: string
  signature: string
  date: Temporal.Instant
  nonce: string
  bodyMatches: boolean
  expected: (secret: string) => string
}

export async function verifySigned(ctx: Ctx, box: SecretBox, request: SignedRequest): Promise<Principal> {
  const claim = readClaim(request)
  const now = ctx.clock.now()
  const { accessKeyId } = claim
  const signer = await selectSigner(ctx.db, accessKeyId)
  const secret = box.open(signer?.secretCipher ?? nobodys(box))
  const matches = equal(claim.signature, claim.expected(secret)) && claim.bodyMatches
  const inWindow = Math.abs(now.since(claim.date).total('minutes')) <= windowMinutes
  if (signer === null || !isUsable(signer, now)) {
    throw refusal(
      'InvalidAccessKeyId.NotFound',
      'The access key is not found or no longer in use. The owner of the account makes another: `berth user create-key`.',
    )
  }
  if (!inWindow) {
    throw refusal(
      'InvalidTimeStamp.Expired',
      `The request is dated ${claim.date}, more than ${windowMinutes} minutes from the server's ${now.round('second')}; set the clock.`,
    )
  }
  if (!matches) {
    throw refusal(
      'SignatureDoesNotMatch',
      'The signature does not match the request: check the secret and what was signed.',
    )
  }
  if (signer.disabledAt !== null) throw userDisabled(signer)
  if (!(await insertNonce(ctx.db, accessKeyId, claim.nonce, now))) {
    throw refusal('SignatureNonceUsed', 'The signature nonce was used before: sign every request with a new one.')
  }
  const minuteAgo = now.subtract({ minutes: 1 })
  if (signer.lastUsedAt === null || Temporal.Instant.compare(signer.lastUsedAt, minuteAgo) < 0) {
    await touchAccessKey(ctx.db, accessKeyId, now, minuteAgo)
  }
  const { accountId, userId, userName, role } = signer
  return { accountId, userId, userName, role, accessKeyId, sessionId: null }
}

/** Forgets nonces that no request in the window can carry any more. */
export async function purgeNonces(ctx: { db: Db; clock: Ctx['clock'] }): Promise<number> {
  const before = ctx.clock.now().subtract({ minutes: nonceKeptMinutes })
  let total = 0
  for (;;) {
    const deleted = await deleteNonces(ctx.db, before, purgeBatch)
    total += deleted
    if (deleted < purgeBatch) return total
  }
}
const purgeBatch = 10_000

function readClaim(request: SignedRequest): Claim {
  const headers = readHeaders(request.rawHeaders)
  const query = parseQuery(request.rawQuery)
  // Clients sign `+` in a path as a space, while the router reads a plus.
  if (request.path.includes('+')) throw incomplete('path', 'write a plus as %2B')
  if (query === null) throw incomplete('query', 'its percent-encoding is broken')
  const names = query.map(([name]) => name)
  if (new Set(names).size < names.length) throw incomplete('query', 'a parameter is given twice')
  const authorization = headers.get('authorization')
  if (authorization === undefined) throw incomplete('authorization', 'the request is not signed')
  const nonce = headers.get('x-acs-signature-nonce') ?? ''
  if (!/^[\x21-\x7e]{1,128}$/.test(nonce)) {
    throw incomplete('x-acs-signature-nonce', 'a nonce has 1 to 128 printable characters')
  }
  if (authorization.startsWith(`${acs3Algorithm} `)) return readAcs3(request, headers, query, nonce)
  if (authorization.startsWith('acs ')) return readRoa(request, headers, query, nonce)
  throw incomplete('authorization', `sign with ${acs3Algorithm}, or with "acs" and HMAC-SHA1`)
}

/** Lower-case names. A header that counts for who asks what must not come twice. */
function readHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (headers.has(name) && (mustBeSigned(name) || onlyOnce.has(name))) throw incomplete(name, 'it is given twice')
    headers.set(name, rawHeaders[at + 1] ?? '')
  }
  return headers
}
const onlyOnce = new Set(['authorization', 'date', 'accept', 'content-md5', 'content-length', 'transfer-encoding'])

const acs3Form =
  /^ACS3-HMAC-SHA256 Credential=([\w.-]{1,128}), ?SignedHeaders=([a-z0-9;-]{1,2048}), ?Signature=([0-9a-f]{64})$/

function readAcs3(request: SignedRequest, headers: Map<string, string>, query: QueryPairs, nonce: string): Claim {
  const [, accessKeyId, list, signature] = acs3Form.exec(headers.get('authorization') ?? '') ?? []
  if (accessKeyId === undefined || list === undefined || signature === undefined) {
    throw incomplete(
      'authorization',
      'it must read "ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=<64 hex digits>"',
    )
  }
  const signedHeaders = list.split(';')
  if (signedHeaders.some((name, index) => index > 0 && name <= (signedHeaders[index - 1] ?? ''))) {
    throw incomplete('authorization', 'SignedHeaders are sorted and each is named once')
  }
  const required = ['host', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce']
  for (const name of [...required, ...headers.keys()]) {
    if (mustBeSigned(name) && !signedHeaders.includes(name)) throw incomplete(name, 'it must be signed')
  }
  for (const name of signedHeaders) if (!headers.has(name)) throw incomplete(name, 'it is signed but not sent')
  const claimedSha256 = headers.get('x-acs-content-sha256') ?? ''
  if (!/^[0-9a-f]{64}$/.test(claimedSha256)) {
    throw incomplete(
      'x-acs-content-sha256',
      'it must be the SHA-256 of the body in lower-case hex; an unsigned body is refused',
    )
  }
  const { method, path } = request
  const text = acs3StringToSign({ method, path, query, headers, signedHeaders, bodySha256: claimedSha256 })
  return {
    accessKeyId,
    signature,
    nonce,
    date: readDate('x-acs-date', headers),
    bodyMatches: equal(claimedSha256, request.bodySha256),
    expected: secret => acs3Signature(secret, text),
  }
}

function readRoa(request: SignedRequest, headers: Map<string, string>, query: QueryPairs, nonce: string): Claim {
  const [, accessKeyId, signature] =
    /^acs ([\w.-]{1,128}):([A-Za-z0-9+/]{27}=)$/.exec(headers.get('authorization') ?? '') ?? []
  if (accessKeyId === undefined || signature === undefined) {
    throw incomplete('authorization', 'it must read "acs <access key id>:<28 characters of base64>"')
  }
  if (headers.get('x-acs-signature-method') !== 'HMAC-SHA1' || headers.get('x-acs-signature-version') !== '1.0') {
    throw incomplete('x-acs-signature-method', 'this form of signature is HMAC-SHA1, version 1.0')
  }
  // This form signs values unencoded: `a=1%26b%3D2` and `a=1&b=2` would have one and the same signature.
  if (query.some(([name, value]) => /[=&]/.test(name) || value.includes('&'))) {
    throw incomplete('query', `"&" in a parameter is ambiguous in this form of signature; sign with ${acs3Algorithm}`)
  }
  const claimedMd5 = headers.get('content-md5')
  const { method, path } = request
  const text = roaStringToSign({ method, path, query, headers })
  return {
    accessKeyId,
    signature,
    nonce,
    date: readDate('date', headers),
    bodyMatches: claimedMd5 === undefined ? request.bodyMd5 === emptyMd5 : equal(claimedMd5, request.bodyMd5),
    expected: secret => roaSignature(secret, text),
  }
}
const emptyMd5 = '1B2M2Y8AsgTpgAmY7PhCfg=='

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `2026-11-23T01:02:03Z` (ACS3) or `Mon, 23 Nov 2026 01:02:03 GMT` (ROA). */
function readDate(name: 'x-acs-date' | 'date', headers: Map<string, string>): Temporal.Instant {
  const text = headers.get(name) ?? ''
  const rfc = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/.exec(text)
  const month = String(months.indexOf(rfc?.[2] ?? '') + 1).padStart(2, '0')
  const iso = name === 'date' && rfc ? `${rfc[3]}-${month}-${rfc[1]}T${rfc[4]}Z` : text
  try {
    if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(iso)) return Temporal.Instant.from(iso)
  } catch {
    // Said below: 31 February has the right form and is no date.
  }
  throw incomplete(
    name,
    `it must be a date such as ${name === 'date' ? 'Mon, 23 Nov 2026 01:02:03 GMT' : '2026-11-23T01:02:03Z'}`,
  )
}

/** In constant time, also for texts of unlike length. */
const equal = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** A sealed secret that nobody knows, one per box. */
const sealed = new WeakMap<SecretBox, Buffer>()
function nobodys(box: SecretBox): Buffer {
  const cipher = sealed.get(box) ?? box.seal('0'.repeat(32))
  sealed.set(box, cipher)
  return cipher
}

const refusal = (code: IdentityRefusal, message: string, details: object = {}): Refusal<IdentityRefusal> =>
  new Refusal(code, message, { ...details })

const incomplete = (field: string, problem: string): Refusal<IdentityRefusal> =>
  refusal('IncompleteSignature', `${field}: ${problem}`, { field })
