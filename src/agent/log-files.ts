// The files of one service process's log: `current.log`, which the process itself appends to, and what was rotated out
// of it, each named by the offset of its first byte. Offsets count from the first byte ever written, so they survive
// rotation. All steps that a reader could see are synchronous: a reader in this process never sees half of one.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

export interface Segment {
  path: string
  start: number
  size: number
}

export const currentName = 'current.log'
const copyBytes = 2 ** 20

/** Oldest first; the current file is last. */
export function listSegments(directory: string): Segment[] {
  if (!existsSync(directory)) return [] // Swept away while somebody read it.
  const names = readdirSync(directory).filter(name => /^\d+\.log$/.test(name))
  const rotated = names.map(name => segmentOf(join(directory, name), Number.parseInt(name, 10)))
  rotated.sort((a, b) => a.start - b.start)
  const last = rotated.at(-1)
  return [...rotated, segmentOf(join(directory, currentName), last === undefined ? 0 : last.start + last.size)]
}

function segmentOf(path: string, start: number): Segment {
  return { path, start, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0 }
}

export function boundsOf(directory: string): { start: number; end: number } {
  const segments = listSegments(directory)
  const last = segments.at(-1)
  return { start: segments[0]?.start ?? 0, end: last === undefined ? 0 : last.start + last.size }
}

/** At most `length` bytes from `offset`, or from the oldest kept byte after it; null at the end. */
export function readAt(directory: string, offset: number, length: number): { start: number; bytes: Buffer } | null {
  const segment = listSegments(directory).find(({ start, size }) => start + size > offset)
  if (segment === undefined) return null
  const start = Math.max(offset, segment.start)
  const bytes = readFrom(segment.path, start - segment.start, Math.min(length, segment.start + segment.size - start))
  return bytes.length === 0 ? null : { start, bytes }
}

function readFrom(path: string, position: number, length: number): Buffer {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.allocUnsafe(length)
    return bytes.subarray(0, readSync(fd, bytes, 0, length, position))
  } finally {
    closeSync(fd)
  }
}

/**
 * Moves the current file's bytes to a rotated one and cuts it to nothing: the process goes on writing to the same file.
 * What it writes between the last read and the cut, some microseconds, is lost; the price of logs that outlive us.
 */
export async function rotate(directory: string, keepBytes: number): Promise<void> {
  const current = listSegments(directory).at(-1)
  if (current === undefined || current.size === 0) return
  const copying = join(directory, 'rotating')
  const from = openSync(current.path, 'r+')
  const to = openSync(copying, 'w', 0o600)
  try {
    // A flood larger than all that is kept: its beginning would be pruned at once, so it is not copied.
    const skipped = Math.max(0, current.size - keepBytes)
    let position = skipped
    while (fstatSync(from).size - position > copyBytes && position < skipped + 2 * keepBytes) {
      position += copy(from, to, position)
      await setImmediate()
    }
    while (fstatSync(from).size > position) position += copy(from, to, position)
    renameSync(copying, join(directory, `${String(current.start + skipped).padStart(16, '0')}.log`))
    ftruncateSync(from, 0)
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

function copy(from: number, to: number, position: number): number {
  const chunk = Buffer.allocUnsafe(copyBytes)
  const count = readSync(from, chunk, 0, copyBytes, position)
  writeSync(to, chunk, 0, count)
  return count
}

/** A crash between the rename and the cut leaves the same bytes in two files: the rotation is undone. */
export function repairRotation(directory: string): void {
  rmSync(join(directory, 'rotating'), { force: true })
  const segments = listSegments(directory)
  const [rotated, current] = [segments.at(-2), segments.at(-1)]
  if (rotated === undefined || current === undefined || rotated.size === 0 || current.size < rotated.size) return
  const sameAt = (position: number) => {
    const length = Math.min(4096, rotated.size - position)
    return readFrom(rotated.path, position, length).equals(readFrom(current.path, position, length))
  }
  if (sameAt(0) && sameAt(Math.max(0, rotated.size - 4096))) rmSync(rotated.path)
}

/** Drops the oldest rotated files until the rest fits; never the newest, which holds the current file's offset. */
export function prune(directory: string, keepBytes: number): void {
  const rotated = listSegments(directory).slice(0, -1)
  let sum = rotated.reduce((bytes, { size }) => bytes + size, 0)
  for (const { path, size } of rotated.slice(0, -1)) {
    if (sum <= keepBytes) return
    rmSync(path, { force: true })
    sum -= size
  }
}
