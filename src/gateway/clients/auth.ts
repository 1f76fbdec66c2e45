// Who may call a service: its access keys, sent raw, as `Bearer` or in EAS's HMAC form, in the Authorization header only.
// Keys are compared by digest in constant time; which of several services of one name is meant follows from the key.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { RouteKeys } from '../../services/routes/route.ts'

export const signatureWindowMs = 15 * 60_000

/** The access keys of one name, looked up by digest; marks those that were used. */
export class KeySet {
  readonly keys: readonly string[]
  readonly digests: readonly Buffer[]
  /** When each ends, in epoch milliseconds. */
  readonly untilMs: readonly number[]
  readonly ids: readonly string[]
  /** 1 for each key that let somebody in since it was last asked. */
  readonly used: Uint8Array

  constructor({ accessKeys, keyIds, keysUntilMs }: RouteKeys) {
    this.keys = accessKeys
    this.digests = accessKeys.map(keyDigest)
    this.untilMs = accessKeys.map((_, index) => keysUntilMs?.[index] ?? Number.POSITIVE_INFINITY)
    this.ids = accessKeys.map((_, index) => keyIds?.[index] ?? '')
    this.used = new Uint8Array(accessKeys.length)
  }

  takeUsed(into: string[]): void {
    for (let index = 0; index < this.used.length; index++) {
      if (this.used[index] === 1) into.push(this.ids[index] as string)
      this.used[index] = 0
    }
  }
}

export interface KeyHolder {
  readonly keys: KeySet
}

/** Who was let in, and by which of the keys. */
export interface Admitted<Holder> {
  holder: Holder
  key: number
}

/** What of a request is signed in EAS's form. `path` is as sent, without the query. */
export interface SignedRequest {
  method: string
  path: string
  contentMd5: string
  contentType: string
  date: string
}

export const keyDigest = (key: string): Buffer => createHash('sha256').update(key, 'latin1').digest()

export const isSignature = (authorization: string): boolean => authorization.startsWith('EAS ')

/** The one of `holders` whose key this is, or null. Looks at every key, so that time tells nothing. */
export function holderOfKey<Holder extends KeyHolder>(
  authorization: string,
  holders: readonly Holder[],
  clock: Clock,
): Admitted<Holder> | null {
  const bearer = authorization.length > 7 && authorization.slice(0, 7).toLowerCase() === 'bearer '
  const digest = keyDigest(bearer ? authorization.slice(7).trim() : authorization)
  let found: Admitted<Holder> | null = null
  for (const holder of holders) {
    for (const [key, own] of holder.keys.digests.entries()) if (timingSafeEqual(own, digest)) found = { holder, key }
  }
  return found !== null && isOver(found, clock) ? null : found
}

/** The one of `holders` whose key signed the request, or null; the date must be within 15 minutes of ours. */
export function holderOfSignature<Holder extends KeyHolder>(
  authorization: string,
  request: SignedRequest,
  holders: readonly Holder[],
  clock: Clock,
): Admitted<Holder> | null {
  const sentAtMs = httpDateMs(request.date)
  const offBy = sentAtMs === null ? Number.POSITIVE_INFINITY : Math.abs(clock.now().epochMilliseconds - sentAtMs)
  const text = authorization.slice(4)
  const signature = Buffer.from(text, 'base64')
  // One spelling only: decoding passes over what it does not know.
  if (offBy > signatureWindowMs || signature.length !== 20 || signature.toString('base64') !== text) return null
  let found: Admitted<Holder> | null = null
  for (const holder of holders) {
    for (const [key, own] of holder.keys.keys.entries()) {
      if (timingSafeEqual(signatureOf(own, request), signature)) found = { holder, key }
    }
  }
  return found !== null && isOver(found, clock) ? null : found
}

/** A key of a rotation ends when it was said to, also while control is away. */
const isOver = <Holder extends KeyHolder>({ holder, key }: Admitted<Holder>, clock: Clock): boolean =>
  (holder.keys.untilMs[key] as number) <= clock.now().epochMilliseconds

/** base64-decoded HMAC-SHA1 over method, Content-MD5, Content-Type, Date and path, one a line. */
export function signatureOf(key: string, request: SignedRequest): Buffer {
  const text = [request.method, request.contentMd5, request.contentType, request.date, request.path].join('\n')
  return createHmac('sha1', key).update(text, 'latin1').digest()
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Sun, 06 Nov 1994 08:49:37 GMT` in epoch milliseconds, or null. The one form that HTTP lets senders use. */
export function httpDateMs(text: string): number | null {
  const match = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text)
  const month = months.indexOf(match?.[2] ?? '')
  if (match === null || month === -1) return null
  return Date.UTC(Number(match[3]), month, Number(match[1]), Number(match[4]), Number(match[5]), Number(match[6]))
}
