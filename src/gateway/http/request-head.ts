// Request heads, parsed strictly and once. A head that two servers could read differently is refused and its connection
// closed: two lengths, a length and a coding, any coding but `chunked`, a field that only looks like a framing field.
import {
  areDigits,
  bad,
  bytesAre,
  CR,
  colon,
  decimal,
  FieldLines,
  fieldsMax,
  hasUnderscore,
  incomplete,
  isNameByte,
  isPlainValue,
  isTargetByte,
  LF,
  listOf,
  namedLike,
  scanFields,
  tableOf,
  textOf,
  tooMany,
} from './fields.ts'

export type BodyKind = 'none' | 'length' | 'chunked' | 'until-close'
export type HeadOutcome = 'ok' | 'incomplete' | 'refused'
/** What a head that is refused is answered with. */
export interface HeadRefusal {
  status: number
  code: string
  message: string
}

export const servedMethods = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
/** 1 for what a host is made of that is no IPv6 address. */
const isHostByte = tableOf(byte => /[A-Za-z0-9._-]/.test(String.fromCharCode(byte)) && byte < 128)
const bracketedForm = /^\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?$/
/** `Connection` may name fields to strip; it must not strip what frames or authorises a message (or what we add). */
const neverNominated = /^(?:content-.*|transfer-encoding|host|authorization|trailer|expect|cookie|x-forwarded-.*|date)$/
const framingNames = ['content-length', 'transfer-encoding', 'host', 'connection', 'upgrade', 'expect', 'authorization']

/** Methods whose requests every server expects to have a body. */
export const mayHaveBody = (method: string): boolean => method === 'POST' || method === 'PUT' || method === 'PATCH'

export interface HeadLimits {
  targetMax: number
  fieldsMax: number
}

export class RequestHead {
  readonly lines = new FieldLines()
  /** One of `servedMethods`; empty where another was refused. */
  method = ''
  minor = 1
  /** Offsets into the bytes parsed; `pathStart` skips the authority of an absolute-form target. */
  start = 0
  targetStart = 0
  pathStart = 0
  targetEnd = 0
  fieldsStart = 0
  end = 0
  bodyKind: BodyKind = 'none'
  contentLength = 0
  keepAlive = true
  upgrade = false
  expectsContinue = false
  /** A proxy that is trusted said by which protocol it was asked. */
  saysProto = false
  /** Field indexes, -1 where absent. */
  authorization = -1
  host = -1
  /** 1 for each field line that is not passed on. */
  readonly dropped = new Uint8Array(fieldsMax)
  refusal: HeadRefusal = { status: 400, code: 'BadRequest', message: '' }

  readonly #targetMax: number
  readonly #fieldsMax: number
  #contentLengths = 0
  #codings = 0
  #upgradeField = -1
  #nominated: string[] | null = null
  #fromProxy = false
  #otherExpectation = false
  #traceparents = 0
  #traceparentIsRight = false
  #tracestates = 0

  /** Bytes of a request target, over it 414; fields, over them 431. */
  constructor({ targetMax, fieldsMax: most }: HeadLimits = { targetMax: 8 * 1024, fieldsMax }) {
    this.#targetMax = targetMax
    this.#fieldsMax = most
  }

  /** Reads one head at `start`. `ok` sets every field; `refused` sets `refusal`. `fromProxy`: what it says of its client counts. */
  parse(bytes: Buffer, start: number, end: number, fromProxy = false): HeadOutcome {
    this.#fromProxy = fromProxy
    const line = this.#requestLine(bytes, start, end)
    if (line !== 'ok') return line
    const after = scanFields(bytes, this.fieldsStart, end, this.lines)
    if (after === incomplete) return 'incomplete'
    if (after === bad) return this.#refuse('a field line of the head is malformed')
    if (after === tooMany || this.lines.count > this.#fieldsMax) {
      return this.#refuse(`more than ${this.#fieldsMax} fields`, 431, 'RequestHeaderFieldsTooLarge')
    }
    this.end = after
    this.#reset()
    for (let index = 0; index < this.lines.count; index++) {
      const fault = this.#field(bytes, index)
      if (fault !== null) return this.#refuse(fault)
    }
    return this.#settle(bytes)
  }

  value(bytes: Buffer, index: number): string {
    return textOf(bytes, this.lines.valueStart[index] as number, this.lines.valueEnd[index] as number)
  }

  /** The value of the first field of this name (lower case), or null. For fields that only rare requests need. */
  find(bytes: Buffer, name: string): string | null {
    for (let index = 0; index < this.lines.count; index++) {
      if (this.#named(bytes, index, name)) return this.value(bytes, index)
    }
    return null
  }

  /** Of the target, without authority and query. */
  path(bytes: Buffer): string {
    let end = this.pathStart
    while (end < this.targetEnd && bytes[end] !== 63) end++
    return textOf(bytes, this.pathStart, end)
  }

  #requestLine(bytes: Buffer, start: number, end: number): HeadOutcome {
    this.start = start
    let at = start
    while (at < end && isNameByte[bytes[at] as number] === 1 && at - start < 20) at++
    if (at >= end) return 'incomplete'
    if (at === start || bytes[at] !== 32) return this.#refuse('the request line is malformed')
    this.method = methodOf(bytes, start, at)
    this.targetStart = ++at
    while (at < end && isTargetByte[bytes[at] as number] === 1) at++
    if (at - this.targetStart > this.#targetMax) {
      return this.#refuse(`the request target is longer than ${this.#targetMax} bytes`, 414, 'UriTooLong')
    }
    if (at >= end) return 'incomplete'
    if (at === this.targetStart || bytes[at] !== 32) return this.#refuse('the request target is malformed')
    this.targetEnd = at++
    if (at + 10 > end)
      return bytesAre(bytes, at, Math.min(end, at + 5), 'HTTP/'.slice(0, end - at))
        ? 'incomplete'
        : this.#refuse('the version is malformed')
    if (!bytesAre(bytes, at, at + 5, 'HTTP/')) return this.#refuse('the version is malformed')
    if (bytes[at + 8] !== CR || bytes[at + 9] !== LF) return this.#refuse('the request line is malformed')
    if (bytesAre(bytes, at + 5, at + 8, '1.1')) this.minor = 1
    else if (bytesAre(bytes, at + 5, at + 8, '1.0')) this.minor = 0
    else return this.#refuse('HTTP/1.1 is spoken here', 505, 'HttpVersionNotSupported')
    this.fieldsStart = at + 10
    if (this.method === '') return this.#refuse('the method is not served here', 405, 'MethodNotAllowed')
    return 'ok'
  }

  #reset(): void {
    this.bodyKind = 'none'
    this.contentLength = 0
    this.keepAlive = this.minor === 1
    this.upgrade = false
    this.expectsContinue = false
    this.authorization = -1
    this.host = -1
    this.#contentLengths = 0
    this.#codings = 0
    this.#upgradeField = -1
    this.#nominated = null
    this.saysProto = false
    this.#otherExpectation = false
    this.#traceparents = 0
    this.#tracestates = 0
    for (let index = 0; index < this.lines.count; index++) this.dropped[index] = 0
  }

  /** Takes note of one field; a text where it makes the head bad. Switches on the length: most fields match nothing. */
  #field(bytes: Buffer, index: number): string | null {
    const start = this.lines.nameStart[index] as number
    const end = this.lines.nameEnd[index] as number
    if (isProxyField(bytes, start, end)) this.dropped[index] = this.#fromProxy && this.#believed(bytes, index) ? 0 : 1
    switch (end - start) {
      case 2:
        if (this.#named(bytes, index, 'te')) this.dropped[index] = 1
        return null
      case 4:
        return this.#named(bytes, index, 'host') ? this.#hostField(index) : null
      case 6:
        return this.#named(bytes, index, 'expect') ? this.#expectField(bytes, index) : null
      case 7:
        return this.#named(bytes, index, 'upgrade') ? this.#upgradeLine(index) : null
      case 9:
        if (this.#named(bytes, index, 'forwarded') || this.#named(bytes, index, 'x-real-ip')) this.dropped[index] = 1
        return null
      case 10:
        if (this.#named(bytes, index, 'connection')) return this.#connectionField(bytes, index)
        if (this.#named(bytes, index, 'keep-alive')) this.dropped[index] = 1
        if (this.#named(bytes, index, 'tracestate')) this.#tracestates++
        return null
      case 11:
        if (this.#named(bytes, index, 'traceparent')) this.#traceparentField(bytes, index)
        return null
      case 13:
        return this.#named(bytes, index, 'authorization') ? this.#authorizationField(index) : null
      case 14:
        if (this.#named(bytes, index, 'http2-settings')) this.dropped[index] = 1
        return this.#named(bytes, index, 'content-length') ? this.#lengthField(bytes, index) : null
      case 17:
        return this.#named(bytes, index, 'transfer-encoding') ? this.#codingField(bytes, index) : null
      default:
        return null
    }
  }

  #named(bytes: Buffer, index: number, name: string): boolean {
    return namedLike(bytes, this.lines.nameStart[index] as number, this.lines.nameEnd[index] as number, name)
  }

  #hostField(index: number): string | null {
    if (this.host !== -1) return 'two Host fields'
    this.host = index
    return null
  }

  #expectField(bytes: Buffer, index: number): null {
    if (this.value(bytes, index).toLowerCase() === '100-continue') this.expectsContinue = true
    else this.#otherExpectation = true
    return null
  }

  /** Spelt with dashes only: with underscores a proxy may have passed on what its client said. */
  #believed(bytes: Buffer, index: number): boolean {
    const proto = this.#named(bytes, index, 'x-forwarded-proto')
    const known = proto || this.#named(bytes, index, 'x-forwarded-for') || this.#named(bytes, index, 'x-forwarded-host')
    if (!known || hasUnderscore(bytes, this.lines.nameStart[index] as number, this.lines.nameEnd[index] as number))
      return false
    this.saysProto ||= proto
    return true
  }

  #traceparentField(bytes: Buffer, index: number): void {
    this.#traceparents++
    this.#traceparentIsRight = isTraceparent(this.value(bytes, index))
  }

  #upgradeLine(index: number): string | null {
    if (this.#upgradeField !== -1) return 'two Upgrade fields'
    this.#upgradeField = index
    return null
  }

  #authorizationField(index: number): string | null {
    if (this.authorization !== -1) return 'two Authorization fields'
    this.authorization = index
    this.dropped[index] = 1
    return null
  }

  #connectionField(bytes: Buffer, index: number): string | null {
    this.dropped[index] = 1
    for (const name of listOf(bytes, this.lines.valueStart[index] as number, this.lines.valueEnd[index] as number)) {
      if (name === 'close') this.keepAlive = false
      else if (name === 'upgrade') this.upgrade = true
      else if (name !== 'keep-alive' && name !== '') {
        if (neverNominated.test(name.replaceAll('_', '-'))) return `Connection names ${name}`
        this.#nominated ??= []
        this.#nominated.push(name)
      }
    }
    return null
  }

  #lengthField(bytes: Buffer, index: number): string | null {
    this.#contentLengths++
    const start = this.lines.valueStart[index] as number
    this.contentLength = decimal(bytes, start, this.lines.valueEnd[index] as number)
    if (this.contentLength === -1 || !isPlainValue(bytes, this.lines, index)) return 'Content-Length is malformed'
    return null
  }

  #codingField(bytes: Buffer, index: number): string | null {
    this.#codings++
    const start = this.lines.valueStart[index] as number
    const exact = bytesAre(bytes, start, this.lines.valueEnd[index] as number, 'chunked')
    return exact && isPlainValue(bytes, this.lines, index) ? null : 'Transfer-Encoding is not exactly chunked'
  }

  /** The rules that need the whole head. */
  #settle(bytes: Buffer): HeadOutcome {
    for (let index = 0; index < this.lines.count; index++) {
      const start = this.lines.nameStart[index] as number
      const end = this.lines.nameEnd[index] as number
      if (hasUnderscore(bytes, start, end) && framingNames.some(name => namedLike(bytes, start, end, name))) {
        return this.#refuse('a field reads as a framing field to some servers')
      }
      if (this.#nominated?.some(name => namedLike(bytes, start, end, name.replaceAll('_', '-'))))
        this.dropped[index] = 1
    }
    if (this.#contentLengths > 1) return this.#refuse('two Content-Length fields')
    if (this.#codings > 1) return this.#refuse('two Transfer-Encoding fields')
    if (this.#codings === 1 && this.#contentLengths === 1) return this.#refuse('Content-Length and Transfer-Encoding')
    if (this.#codings === 1 && this.minor === 0) return this.#refuse('Transfer-Encoding in HTTP/1.0')
    if (this.#codings === 1) this.bodyKind = 'chunked'
    else if (this.#contentLengths === 1) this.bodyKind = 'length'
    if (this.#otherExpectation) {
      return this.#refuse('of what Expect may say, only 100-continue is met here', 417, 'ExpectationFailed')
    }
    if (this.expectsContinue && this.minor === 0) this.expectsContinue = false
    if (this.#traceparents + this.#tracestates > 0) this.#dropBadTrace(bytes)
    // An upgrade is a GET of HTTP/1.1 without a body to `websocket`; any other wish to upgrade is not passed on.
    const wanted = this.#upgradeField
    this.upgrade =
      this.upgrade &&
      wanted !== -1 &&
      this.minor === 1 &&
      this.method === 'GET' &&
      this.bodyKind === 'none' &&
      this.value(bytes, wanted).toLowerCase() === 'websocket'
    if (wanted !== -1 && !this.upgrade) this.dropped[wanted] = 1
    return this.#authority(bytes)
  }

  /** A trace that is not told rightly ends here: the instance begins another. Its state means nothing without it. */
  #dropBadTrace(bytes: Buffer): void {
    if (this.#traceparents === 1 && this.#traceparentIsRight) return
    for (let index = 0; index < this.lines.count; index++) {
      const bad = this.#named(bytes, index, 'traceparent') || this.#named(bytes, index, 'tracestate')
      if (bad) this.dropped[index] = 1
    }
  }

  #authority(bytes: Buffer): HeadOutcome {
    if (this.host === -1 && this.minor === 1) return this.#refuse('no Host field')
    if (this.host !== -1 && !this.#isHost(bytes, this.host)) return this.#refuse('Host is malformed')
    this.pathStart = this.targetStart
    if (bytes[this.targetStart] === 47) return 'ok'
    const host = this.host === -1 ? null : this.value(bytes, this.host)
    const target = textOf(bytes, this.targetStart, this.targetEnd)
    if (target === '*' && this.method === 'OPTIONS') return 'ok'
    const absolute = /^https?:\/\/([^/?]+)/i.exec(target)
    if (absolute?.[1] === undefined) return this.#refuse('the request target is not a path')
    if (host !== null && absolute[1].toLowerCase() !== host.toLowerCase()) return this.#refuse('target and Host differ')
    this.pathStart += absolute[0].length
    return bytes[this.pathStart] === 47 ? 'ok' : this.#refuse('the request target has no path')
  }

  /** A name or an address, and a port where it has one. Only an address of IPv6 is made a text of. */
  #isHost(bytes: Buffer, index: number): boolean {
    const start = this.lines.valueStart[index] as number
    const end = this.lines.valueEnd[index] as number
    if (bytes[start] === 91) return bracketedForm.test(textOf(bytes, start, end))
    let at = start
    while (at < end && isHostByte[bytes[at] as number] === 1) at++
    if (at === start || at - start > 255) return false
    return at === end || (bytes[at] === colon && areDigits(bytes, at + 1, end, 5))
  }

  #refuse(message: string, status = 400, code = 'BadRequest'): 'refused' {
    this.refusal = { status, code, message }
    return 'refused'
  }
}

/** Empty: it is none that is served. */
function methodOf(bytes: Buffer, start: number, end: number): string {
  for (const method of servedMethods) if (bytesAre(bytes, start, end, method)) return method
  return ''
}

/** As W3C's Trace Context has it: version, trace, parent and flags, in lower case. */
function isTraceparent(text: string): boolean {
  const [, version, trace, parent, more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return false
  return !/^0+$/.test(trace ?? '0') && !/^0+$/.test(parent ?? '0')
}

/** What proxies say about clients, and to each other. We trust none before us, so none of it is passed on. */
function isProxyField(bytes: Buffer, start: number, end: number): boolean {
  const first = (bytes[start] as number) | 32
  if (end - start < 13 || (first !== 120 && first !== 112)) return false
  if (first === 120) return namedLike(bytes, start, start + 12, 'x-forwarded-')
  return namedLike(bytes, start, end, 'proxy-connection') || namedLike(bytes, start, end, 'proxy-authorization')
}
