// The field lines of a head, scanned once over the bytes. A line is `name ":" OWS value OWS CRLF` and nothing else: a bare
// LF or CR, a folded line, a space before the colon or a control character makes the whole head bad.

export const fieldsMax = 128
export const CR = 13
export const LF = 10
const space = 32
const tab = 9
export const colon = 58

/** 1 for the characters of a field name or method (RFC 9110 `tchar`). */
export const isNameByte = tableOf(byte => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)) && byte < 128)
/** 1 for what may stand in a field value: tab, space, visible ASCII, and bytes above it. */
export const isValueByte = tableOf(byte => byte === tab || (byte >= space && byte !== 127))
/** 1 for what may stand in a request target: visible ASCII without `#`, which never travels. */
export const isTargetByte = tableOf(byte => byte > space && byte < 127 && byte !== 35)
const lowered = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte))
/** Lower case, and `_` as `-`: servers that hand fields on as variables cannot tell those two apart. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte === 95 ? 45 : byte,
)

export function tableOf(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0))
}

const keepAlive = ['keep-alive'] as const

/** Where each field line's parts lie. One object serves every head of a gateway: a head is used before the next is read. */
export class FieldLines {
  count = 0
  readonly nameStart = new Int32Array(fieldsMax)
  readonly nameEnd = new Int32Array(fieldsMax)
  readonly valueStart = new Int32Array(fieldsMax)
  readonly valueEnd = new Int32Array(fieldsMax)
  /** After the CRLF. */
  readonly lineEnd = new Int32Array(fieldsMax)
}

export const incomplete = 0
export const bad = -1
export const tooMany = -2

/** Scans field lines from `at` to the empty line; the offset after it, or `incomplete`, `bad`, `tooMany`. */
export function scanFields(bytes: Buffer, start: number, end: number, lines: FieldLines): number {
  let at = start
  let count = 0
  for (;;) {
    if (at >= end) return incomplete
    if (bytes[at] === CR) {
      if (at + 1 >= end) return incomplete
      lines.count = count
      return bytes[at + 1] === LF ? at + 2 : bad
    }
    if (count === fieldsMax) return tooMany
    lines.nameStart[count] = at
    const nameStart = at
    while (at < end && isNameByte[bytes[at] as number] === 1) at++
    if (at >= end) return incomplete
    if (at === nameStart || bytes[at] !== colon) return bad
    lines.nameEnd[count] = at++
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++
    lines.valueStart[count] = at
    const valueStart = at
    while (at < end && isValueByte[bytes[at] as number] === 1) at++
    if (at >= end) return incomplete
    if (bytes[at] !== CR) return bad
    if (at + 1 >= end) return incomplete
    if (bytes[at + 1] !== LF) return bad
    let valueEnd = at
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) valueEnd--
    lines.valueEnd[count] = valueEnd
    at += 2
    lines.lineEnd[count++] = at
  }
}

/** True where the name reads as `name` (lower case) to any server, `_` for `-` included. */
export function namedLike(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    if (folded[bytes[start + i] as number] !== name.charCodeAt(i)) return false
  }
  return true
}

/** True where the bytes are this text (lower case) to who reads over upper and lower case; `_` is no `-`. */
export function reads(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (lowered[bytes[start + i] as number] !== text.charCodeAt(i)) return false
  return true
}

/** True where the bytes are exactly this ASCII text. */
export function bytesAre(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

export function hasUnderscore(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 95) return true
  return false
}

/** Framing fields are read by every server on the way: at most one space before the value, none behind it. */
export function isPlainValue(bytes: Buffer, lines: FieldLines, index: number): boolean {
  const gap = (lines.valueStart[index] as number) - (lines.nameEnd[index] as number) - 1
  const spaced = gap === 0 || (gap === 1 && bytes[(lines.nameEnd[index] as number) + 1] === space)
  return spaced && (lines.valueEnd[index] as number) + 2 === lines.lineEnd[index]
}

/** `0`, or digits without a leading zero, below 2^53; -1 for anything else. */
export function decimal(bytes: Buffer, start: number, end: number): number {
  const digits = end - start
  if (digits < 1 || digits > 15 || (digits > 1 && bytes[start] === 48)) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** Some, and at most `most`. */
export function areDigits(bytes: Buffer, start: number, end: number, most: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) < 48 || (bytes[at] as number) > 57) return false
  return end > start && end - start <= most
}

/** The bytes as text, one character each. */
export const textOf = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)

/** The names in a `Connection` field, lower case. `keep-alive` alone is what nearly all say. */
export function listOf(bytes: Buffer, start: number, end: number): readonly string[] {
  if (reads(bytes, start, end, keepAlive[0])) return keepAlive
  return textOf(bytes, start, end)
    .toLowerCase()
    .split(',')
    .map(part => part.trim())
}
