// Chunk framing, checked while the bytes pass: sizes in hexadecimal, exact CRLFs, extensions of plain characters, trailers
// that are fields and frame nothing. What differs is bad, and both sides are cut, since two servers may read it differently.
import { CR, isNameByte, isValueByte, LF } from './fields.ts'

const sizeDigitsMax = 12
const extensionMax = 256
const trailerMax = 8192

const size = 0
const extensionName = 1
const extensionValue = 2
const sizeLf = 3
const data = 4
const dataCr = 5
const dataLf = 6
const trailerStart = 7
const trailerName = 8
const trailerValue = 9
const trailerLf = 10
const endLf = 11
const done = 12
const broken = 13

const forbiddenTrailers = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'connection',
  'authorization',
  'trailer',
  'upgrade',
  'te',
  'keep-alive',
  'set-cookie',
  'content-encoding',
  'content-type',
  'content-range',
  'expect',
])

export class ChunkChecker {
  #state = size
  #digits = 0
  #left = 0
  #spent = 0
  /** Characters of the extension's name or value so far. */
  #part = 0
  #name = ''
  /** Bytes of body seen, framing apart. */
  bodyBytes = 0

  reset(): void {
    this.#state = size
    this.#digits = 0
    this.#left = 0
    this.#spent = 0
    this.#name = ''
    this.bodyBytes = 0
  }

  get done(): boolean {
    return this.#state === done
  }

  /** Reads from `at`; the offset where the body ends, or `end` if it goes on, or -1 where the framing is bad. */
  feed(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      if (this.#state === data) {
        const take = Math.min(this.#left, end - at)
        at += take
        this.bodyBytes += take
        this.#left -= take
        if (this.#left === 0) this.#state = dataCr
        continue
      }
      this.#state = this.#state < data ? this.#sizeByte(bytes[at] as number) : this.#otherByte(bytes[at] as number)
      if (this.#state === broken) return -1
      at++
      if (this.#state === done) return at
    }
    return at
  }

  #sizeByte(byte: number): number {
    if (this.#state === size) {
      const digit = hexDigit(byte)
      if (digit >= 0) {
        if (++this.#digits > sizeDigitsMax) return broken
        this.#left = this.#left * 16 + digit
        return size
      }
      if (this.#digits === 0) return broken
      this.#spent = 0
      this.#part = 0
      return byte === CR ? sizeLf : byte === 59 ? extensionName : broken
    }
    if (this.#state === extensionName || this.#state === extensionValue) return this.#extensionByte(byte)
    if (byte !== LF) return broken
    this.#digits = 0
    this.#spent = 0
    return this.#left === 0 ? trailerStart : data
  }

  /** `;name` or `;name=value`, both of plain characters; quoted values are read differently and are refused. */
  #extensionByte(byte: number): number {
    if (++this.#spent > extensionMax) return broken
    if (isNameByte[byte] === 1) {
      this.#part++
      return this.#state
    }
    if (this.#part === 0) return broken
    this.#part = 0
    if (byte === CR) return sizeLf
    if (byte === 59) return extensionName
    return byte === 61 && this.#state === extensionName ? extensionValue : broken
  }

  #otherByte(byte: number): number {
    switch (this.#state) {
      case dataCr:
        return byte === CR ? dataLf : broken
      case dataLf:
        return byte === LF ? size : broken
      case endLf:
        return byte === LF ? done : broken
      case trailerLf:
        return byte === LF ? trailerStart : broken
      default:
        return this.#trailerByte(byte)
    }
  }

  #trailerByte(byte: number): number {
    if (++this.#spent > trailerMax) return broken
    if (this.#state === trailerValue) return byte === CR ? trailerLf : isValueByte[byte] === 1 ? trailerValue : broken
    if (this.#state === trailerStart) {
      if (byte === CR) return endLf
      this.#name = ''
    }
    if (byte === 58 && this.#name !== '') {
      return forbiddenTrailers.has(this.#name.toLowerCase().replaceAll('_', '-')) ? broken : trailerValue
    }
    if (isNameByte[byte] !== 1) return broken
    this.#name += String.fromCharCode(byte)
    return trailerName
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
