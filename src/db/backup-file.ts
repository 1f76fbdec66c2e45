// The form of a backup file: a magic line, a gzip body of frames, and the SHA-256 of all that comes before it.
//
// A frame is one letter, the payload's length (four bytes, big-endian) and the payload:
//   H header (JSON)   T table (JSON)   D rows in COPY's text form   E rows of the table (JSON)   S sequences (JSON)   Z end
// The checksum finds damage, truncation and carelessness; it is no signature. The file holds the installation's secret
// key, so it is made 0600 and must be kept like a password.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { DatabaseRefusal } from './database-refusal.ts'

const magic = Buffer.from('BERTH BACKUP 1\n')
const checksumBytes = 32
const maxFrameBytes = 64 * 1024 * 1024

export interface BackupHeader {
  /** When its snapshot was taken. */
  takenAt: string
  migrations: { name: string; sha256: string }[]
  /** Base64 of the key that encrypts the secrets in the tables. */
  secretKey: string
}

export interface TableFrame {
  table: string
  columns: string[]
}

export type Frame =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: TableFrame }
  | { kind: 'rows'; data: Buffer }
  | { kind: 'table end'; rows: number }
  | { kind: 'sequences'; sequences: { name: string; lastValue: string }[] }
  | { kind: 'end' }

const letters = { header: 'H', table: 'T', rows: 'D', 'table end': 'E', sequences: 'S', end: 'Z' } as const

function encode(frame: Frame): Buffer {
  const { kind, ...rest } = frame
  const payload = frame.kind === 'rows' ? frame.data : Buffer.from(JSON.stringify(rest))
  const head = Buffer.alloc(5)
  head.write(letters[kind], 'latin1')
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function decode(letter: string, payload: Buffer): Frame {
  if (letter === letters.rows) return { kind: 'rows', data: payload }
  const kind = Object.entries(letters).find(([, own]) => own === letter)?.[0]
  if (kind === undefined) throw new Error(`unknown frame ${JSON.stringify(letter)}`)
  return { kind, ...JSON.parse(payload.toString('utf8')) } as Frame
}

const unreadable = (file: string, why: string): Refusal =>
  new Refusal<DatabaseRefusal>(
    'BackupUnreadable',
    `${file} can't be restored: ${why}; take another copy of the backup`,
    {
      field: 'file',
      file,
    },
  )

/** Writes the frames to a new file, complete or absent. */
export async function writeBackupFile(file: string, frames: AsyncIterable<Frame>): Promise<void> {
  if (existsSync(file)) {
    throw new Refusal<DatabaseRefusal>('BackupUnwritable', `${file} exists already: name a new file`, {
      field: 'file',
      file,
    })
  }
  const partial = `${file}.partial-${process.pid}`
  try {
    const hash = createHash('sha256').update(magic)
    await pipeline(
      encodeAll(frames),
      createGzip({ level: 6 }),
      body => sealed(body, hash),
      createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }),
    )
    await rename(partial, file)
    const dir = await open(dirname(file), 'r')
    await dir.sync().finally(() => dir.close())
  } catch (error) {
    await rm(partial, { force: true })
    if (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) {
      throw new Refusal<DatabaseRefusal>('BackupUnwritable', `cannot write ${file}: ${messageOf(error)}`, {
        field: 'file',
        file,
      })
    }
    throw error
  }
}

async function* encodeAll(frames: AsyncIterable<Frame>): AsyncGenerator<Buffer> {
  for await (const frame of frames) yield encode(frame)
}

async function* sealed(body: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  yield magic
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  yield hash.digest()
}

/** Reads the whole file once and refuses it unless its form and its checksum are right. */
export async function verifyBackupFile(file: string): Promise<void> {
  const size = await stat(file).then(
    found => found.size,
    error => {
      throw unreadable(file, messageOf(error))
    },
  )
  if (size < magic.length + checksumBytes) throw unreadable(file, 'it is no backup of Berth')
  const hash = createHash('sha256')
  let start: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { end: size - checksumBytes - 1 }) as AsyncIterable<Buffer>) {
    if (start.length < magic.length) start = Buffer.concat([start, chunk.subarray(0, magic.length)])
    hash.update(chunk)
  }
  if (!start.subarray(0, magic.length).equals(magic)) throw unreadable(file, 'it is no backup of Berth')
  const handle = await open(file, 'r')
  try {
    const { buffer } = await handle.read(Buffer.alloc(checksumBytes), 0, checksumBytes, size - checksumBytes)
    if (!hash.digest().equals(buffer)) throw unreadable(file, 'it is cut off or was changed (its checksum is wrong)')
  } finally {
    await handle.close()
  }
}

/** The frames of a verified file, a few at a time. */
export async function* readBackupFile(file: string): AsyncGenerator<Frame> {
  const size = (await stat(file)).size
  const raw = createReadStream(file, { start: magic.length, end: size - checksumBytes - 1 })
  let rest: Buffer = Buffer.alloc(0)
  let ended = false
  const unzipped = createGunzip()
  // pipe() does not forward errors, and a stream that stops silently would wait for ever.
  raw.once('error', error => unzipped.destroy(error)).pipe(unzipped)
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      while (rest.length >= 5) {
        const length = rest.readUInt32BE(1)
        if (length > maxFrameBytes) throw new Error('a frame is too long')
        if (rest.length < 5 + length) break
        const frame = decode(rest.toString('latin1', 0, 1), rest.subarray(5, 5 + length))
        rest = rest.subarray(5 + length)
        ended = frame.kind === 'end'
        yield frame
      }
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw unreadable(file, messageOf(error))
  } finally {
    raw.destroy()
  }
  if (!ended || rest.length > 0) throw unreadable(file, 'it ends too early')
}
