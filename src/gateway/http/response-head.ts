// Response heads of service instances, as strict as requests: what is not plain is cut off, never guessed at, because a
// client behind another proxy would guess differently.

import {
  bad,
  bytesAre,
  CR,
  decimal,
  FieldLines,
  fieldsMax,
  incomplete,
  isPlainValue,
  isValueByte,
  LF,
  listOf,
  namedLike,
  scanFields,
  textOf,
  tooMany,
} from './fields.ts'
import type { BodyKind, HeadOutcome } from './request-head.ts'

export class ResponseHead {
  readonly lines = new FieldLines()
  status = 0
  minor = 1
  start = 0
  /** After `HTTP/1.x`: the space, the status, the reason and their CRLF follow. */
  statusStart = 0
  fieldsStart = 0
  end = 0
  bodyKind: BodyKind = 'none'
  contentLength = 0
  keepAlive = true
  /** Seconds of `Keep-Alive: timeout=…`, or -1. */
  keepAliveSeconds = -1
  readonly dropped = new Uint8Array(fieldsMax)
  fault = ''

  #contentLengths = 0
  #codings = 0
  #nominated: string[] | null = null

  /** Reads one head. `toHead` and `http10` say what was asked: they decide the framing. */
  parse(bytes: Buffer, start: number, end: number, toHead: boolean, http10: boolean): HeadOutcome {
    const line = this.#statusLine(bytes, start, end)
    if (line !== 'ok') return line
    const after = scanFields(bytes, this.fieldsStart, end, this.lines)
    if (after === incomplete) return 'incomplete'
    if (after === bad || after === tooMany) return this.#refuse('a field line is malformed')
    this.end = after
    this.keepAlive = this.minor === 1
    this.keepAliveSeconds = -1
    this.contentLength = 0
    this.#contentLengths = 0
    this.#codings = 0
    this.#nominated = null
    for (let index = 0; index < this.lines.count; index++) this.dropped[index] = 0
    for (let index = 0; index < this.lines.count; index++) if (!this.#field(bytes, index)) return 'refused'
    return this.#settle(bytes, toHead, http10)
  }

  #statusLine(bytes: Buffer, start: number, end: number): HeadOutcome {
    this.start = start
    if (start + 13 > end) {
      const seen = Math.min(5, end - start)
      return bytesAre(bytes, start, start + seen, 'HTTP/'.slice(0, seen))
        ? 'incomplete'
        : this.#refuse('no status line')
    }
    if (bytesAre(bytes, start, start + 8, 'HTTP/1.1')) this.minor = 1
    else if (bytesAre(bytes, start, start + 8, 'HTTP/1.0')) this.minor = 0
    else return this.#refuse('no status line')
    this.statusStart = start + 8
    this.status = decimal(bytes, start + 9, start + 12)
    if (bytes[start + 8] !== 32 || this.status < 100 || this.status > 599)
      return this.#refuse('the status is malformed')
    let at = start + 12
    if (bytes[at] !== 32 && bytes[at] !== CR) return this.#refuse('the status line is malformed')
    while (at < end && isValueByte[bytes[at] as number] === 1) at++
    if (at + 1 >= end) return 'incomplete'
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.#refuse('the status line is malformed')
    this.fieldsStart = at + 2
    return 'ok'
  }

  #field(bytes: Buffer, index: number): boolean {
    const start = this.lines.nameStart[index] as number
    const end = this.lines.nameEnd[index] as number
    const valueStart = this.lines.valueStart[index] as number
    const valueEnd = this.lines.valueEnd[index] as number
    if (end - start === 14 && namedLike(bytes, start, end, 'content-length')) {
      this.#contentLengths++
      this.contentLength = decimal(bytes, valueStart, valueEnd)
      if (this.contentLength !== -1 && isPlainValue(bytes, this.lines, index)) return true
      return this.#refuse('Content-Length is malformed') === 'ok'
    }
    if (end - start === 17 && namedLike(bytes, start, end, 'transfer-encoding')) {
      this.#codings++
      if (bytesAre(bytes, valueStart, valueEnd, 'chunked') && isPlainValue(bytes, this.lines, index)) return true
      return this.#refuse('Transfer-Encoding is not exactly chunked') === 'ok'
    }
    if (end - start === 10) {
      if (namedLike(bytes, start, end, 'connection')) this.#connection(bytes, index)
      else if (namedLike(bytes, start, end, 'keep-alive')) {
        this.dropped[index] = 1
        const seconds = /timeout=(\d{1,6})/i.exec(textOf(bytes, valueStart, valueEnd))?.[1]
        if (seconds !== undefined) this.keepAliveSeconds = Number(seconds)
      }
    }
    if (end - start === 16 && namedLike(bytes, start, end, 'proxy-connection')) this.dropped[index] = 1
    if (end - start === 7 && this.status !== 101 && namedLike(bytes, start, end, 'upgrade')) this.dropped[index] = 1
    return true
  }

  #connection(bytes: Buffer, index: number): void {
    // A 101 keeps its `Connection: upgrade`: the client must see it.
    if (this.status !== 101) this.dropped[index] = 1
    for (const name of listOf(bytes, this.lines.valueStart[index] as number, this.lines.valueEnd[index] as number)) {
      if (name === 'close') this.keepAlive = false
      else if (name !== 'keep-alive' && name !== 'upgrade' && name !== '') {
        this.#nominated ??= []
        this.#nominated.push(name)
      }
    }
  }

  #settle(bytes: Buffer, toHead: boolean, http10: boolean): HeadOutcome {
    if (this.#nominated !== null) {
      for (const name of this.#nominated) {
        if (name === 'content-length' || name === 'transfer-encoding') return this.#refuse(`Connection names ${name}`)
        for (let index = 0; index < this.lines.count; index++) {
          const start = this.lines.nameStart[index] as number
          if (namedLike(bytes, start, this.lines.nameEnd[index] as number, name)) this.dropped[index] = 1
        }
      }
    }
    if (this.#contentLengths > 1 || this.#codings > 1) return this.#refuse('two framing fields')
    if (this.#contentLengths === 1 && this.#codings === 1) return this.#refuse('Content-Length and Transfer-Encoding')
    if (this.#codings === 1 && (this.minor === 0 || http10)) return this.#refuse('Transfer-Encoding with HTTP/1.0')
    const bodiless = this.status < 200 || this.status === 204
    if (bodiless && (this.#codings === 1 || this.contentLength > 0)) return this.#refuse(`a body with ${this.status}`)
    if (bodiless || this.status === 304 || toHead) this.bodyKind = 'none'
    else if (this.#codings === 1) this.bodyKind = 'chunked'
    else if (this.#contentLengths === 1) this.bodyKind = 'length'
    else this.bodyKind = 'until-close'
    return 'ok'
  }

  #refuse(fault: string): HeadOutcome {
    this.fault = fault
    return 'refused'
  }
}
