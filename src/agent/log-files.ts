// The files of one service process's log. The process itself appends to `current.log`, so we may neither move that file
// nor cut it without a chance to lose what is written at that moment. So on Linux its beginning is given back to the
// file system in place (a hole, `fallocate`); nothing is lost and nothing is copied. Where that does not work, its bytes
// are copied to a rotated file, named by the offset of its first byte, and it is cut.
// Offsets count from the first byte ever written. All steps that a reader could see are synchronous.
import { execFile } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface Segment {
  path: string
  /** The offset of its first kept byte, and where in the file that byte is: behind the hole, if it has one. */
  start: number
  position: number
  size: number
}

export const currentName = 'current.log'
const holeName = 'hole-bytes'
const copyBytes = 2 ** 20
const blockBytes = 4096

/** Oldest first; the current file is last. */
export function listSegments(directory: string): Segment[] {
  if (!existsSync(directory)) return [] // Swept away while somebody read it.
  const names = readdirSync(directory).filter(name => /^\d+\.log$/.test(name))
  const rotated = names.map(name => segmentOf(join(directory, name), Number.parseInt(name, 10), 0))
  rotated.sort((a, b) => a.start - b.start)
  const last = rotated.at(-1)
  const base = last === undefined ? 0 : last.start + last.size
  return [...rotated, segmentOf(join(directory, currentName), base, readHole(directory))]
}

function segmentOf(path: string, base: number, hole: number): Segment {
  const length = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const position = hole <= length ? hole : 0 // Shorter than its hole: the service has cut the file itself.
  return { path, start: base + position, position, size: length - position }
}

function readHole(directory: string): number {
  try {
    return Number(readFileSync(join(directory, holeName), 'utf8'))
  } catch {
    return 0
  }
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
  const position = segment.position + start - segment.start
  const bytes = readFrom(segment.path, position, Math.min(length, segment.start + segment.size - start))
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

/** Gives back all but the last `keepBytes` of the current file, in place. False where that does not work. */
export async function punch(directory: string, keepBytes: number): Promise<boolean> {
  const current = listSegments(directory).at(-1)
  if (current === undefined) return true
  const end = current.position + Math.max(0, current.size - keepBytes)
  const hole = end - (end % blockBytes)
  if (hole <= current.position) return true
  const args = ['--punch-hole', '--offset', '0', '--length', String(hole), current.path]
  try {
    // Written first: a reader must take no byte of the hole for a byte of the log.
    const path = join(directory, holeName)
    writeFileSync(`${path}.new`, String(hole))
    renameSync(`${path}.new`, path)
    await promisify(execFile)('fallocate', args)
    return true
  } catch {
    return false
  }
}

/**
 * Moves the current file's bytes to a rotated one and cuts it to nothing: the process goes on writing to the same file.
 * What it writes between the last read and the cut is lost, so this is only for where `punch` does not work.
 */
export async function rotate(directory: string, keepBytes: number): Promise<void> {
  const current = listSegments(directory).at(-1)
  if (current === undefined || current.size === 0) return
  const copying = join(directory, 'rotating')
  const from = openSync(current.path, 'r+')
  const to = openSync(copying, 'w', 0o600)
  try {
    // A flood larger than all that is kept: its beginning would be pruned at once, so it is not copied.
    const first = current.position + Math.max(0, current.size - keepBytes)
    let position = first
    while (fstatSync(from).size - position > copyBytes && position < first + 2 * keepBytes) {
      position += copy(from, to, position)
      await setImmediate()
    }
    while (fstatSync(from).size > position) position += copy(from, to, position)
    const start = current.start + first - current.position
    renameSync(copying, join(directory, `${String(start).padStart(16, '0')}.log`))
    rmSync(join(directory, holeName), { force: true })
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
