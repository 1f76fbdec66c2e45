// Reading a log as lines: pages by byte offset, the tail, and following until the process has ended.
// A line over 64 KiB is cut into pieces of that length. A last line without its newline is given once the process ended.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { boundsOf, readAt } from './log-files.ts'
import type { LogPage, LogQuery } from './protocol.ts'

const lineMax = 64 * 1024
const chunkBytes = 256 * 1024
const pageBytesMax = 4 * 2 ** 20
const pollMs = 150
export const linesMax = 5_000
export const linesDefault = 500

interface Line {
  text: string
  start: number
  end: number
}

export async function readPage(directory: string, query: LogQuery, ended: boolean): Promise<LogPage> {
  const limit = query.limit ?? linesDefault
  if (query.offset === undefined && query.keyword !== undefined)
    return readMatchingTail(directory, query.keyword, limit, ended)
  const offset = query.offset ?? (await findTail(directory, limit))
  const page: LogPage = { lines: [], offset, nextOffset: offset }
  let bytes = 0
  for await (const line of readLines(directory, offset, ended)) {
    if (page.nextOffset === page.offset) page.offset = line.start
    page.nextOffset = line.end
    if (matches(line, query.keyword)) {
      page.lines.push(line.text)
      bytes += line.end - line.start
    }
    if (page.lines.length >= limit || bytes >= pageBytesMax) break
  }
  return page
}

/** Lines from `offset`, or from the last `limit`, until `ended()` and its last byte. */
export async function* followLines(
  directory: string,
  query: LogQuery,
  ended: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let offset = query.offset ?? (await findTail(directory, query.limit ?? linesDefault))
  while (!signal.aborted) {
    const last = ended() // Asked before reading: what is written up to the end is then read.
    for await (const line of readLines(directory, offset, last)) {
      offset = line.end
      if (matches(line, query.keyword)) yield line.text
      if (signal.aborted) return
    }
    if (last) return
    await sleep(pollMs, undefined, { signal, ref: false }).catch(() => {})
  }
}

const matches = (line: Line, keyword: string | undefined): boolean =>
  keyword === undefined || line.text.includes(keyword)

async function* readLines(directory: string, offset: number, withUnfinished: boolean): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0)
  let at = offset
  for (
    let chunk = readAt(directory, at, chunkBytes);
    chunk !== null;
    chunk = readAt(directory, at + rest.length, chunkBytes)
  ) {
    // A gap, where rotation dropped the oldest bytes: a line can't go across it.
    if (chunk.start !== at + rest.length) {
      at = chunk.start
      rest = Buffer.alloc(0)
    }
    rest = Buffer.concat([rest, chunk.bytes])
    for (let length = lineLength(rest); length > 0; length = lineLength(rest)) {
      yield lineOf(rest, at, length)
      at += length
      rest = rest.subarray(length)
    }
    await setImmediate() // Reads are synchronous; others get their turn between chunks.
  }
  if (withUnfinished && rest.length > 0) yield lineOf(rest, at, rest.length)
}

/** Bytes of the first whole line or piece, its newline included; 0 when there is none yet. */
function lineLength(bytes: Buffer): number {
  const newline = bytes.subarray(0, lineMax + 1).indexOf(0x0a)
  if (newline >= 0) return newline + 1
  if (bytes.length <= lineMax) return 0
  let cut = lineMax
  while (cut > lineMax - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut-- // Not inside a character.
  return cut
}

function lineOf(bytes: Buffer, start: number, length: number): Line {
  return { text: bytes.toString('utf8', 0, length).replace(/\r?\n$/, ''), start, end: start + length }
}

/** Where the last `limit` lines begin, or the page's bytes before the end, whichever is later. */
async function findTail(directory: string, limit: number): Promise<number> {
  const { start, end } = boundsOf(directory)
  const oldest = Math.max(start, end - pageBytesMax)
  let newlines = 0
  for (let to = end; to > oldest; ) {
    const from = Math.max(oldest, to - chunkBytes)
    const chunk = readAt(directory, from, to - from)
    if (chunk === null) break
    for (let index = chunk.bytes.length - 1; index >= 0; index--) {
      if (chunk.bytes[index] !== 0x0a || chunk.start + index === end - 1) continue
      if (++newlines === limit) return chunk.start + index + 1
    }
    to = Math.min(from, chunk.start)
    await setImmediate()
  }
  return oldest
}

async function readMatchingTail(directory: string, keyword: string, limit: number, ended: boolean): Promise<LogPage> {
  const { start, end } = boundsOf(directory)
  const found: Line[] = []
  let nextOffset = end
  for await (const line of readLines(directory, start, ended)) {
    nextOffset = line.end
    if (!matches(line, keyword)) continue
    found.push(line)
    if (found.length > limit) found.shift()
  }
  return { lines: found.map(line => line.text), offset: found[0]?.start ?? nextOffset, nextOffset }
}
