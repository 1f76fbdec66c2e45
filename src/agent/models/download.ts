// One try to bring a file onto a machine: from where an earlier one was cut, if the file is still the same. Refuses what no
// further try would mend (`ModelUnavailable`); every other error is worth one.
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { messageOf } from '../../lib/errors.ts'
import { sizeText } from '../../lib/size-text.ts'
import type { CachedFile, ModelCache, SourceNote } from './model-cache.ts'
import { noRoomText, type Room } from './room.ts'
import { unavailable } from './web.ts'

export interface Progress {
  receivedBytes: number
  totalBytes: number | null
}

export interface DownloadPlan {
  cache: ModelCache
  key: string
  /** What the file must have. */
  sha256: string | null
  /** What is here from an earlier fetch: asked whether it is still so. */
  known: SourceNote | null
  /** Asks the server, with these headers beside its own. */
  ask(headers: Record<string, string>): Promise<IncomingMessage>
  /** Room for so many bytes more, after what is in no use has gone. */
  makeRoom(bytes: number): Promise<Room>
  idleMs: number
  progress: Progress
}

/** The file, once it is whole and its hash is right; null: what is known is still so. */
export async function download(plan: DownloadPlan): Promise<CachedFile | null> {
  const { cache, key } = plan
  const begun = await cache.partNote(key)
  const have = await sizeOf(cache.part(key))
  const resumes = have > 0 && begun !== null && (begun.validator !== null || plan.sha256 !== null)
  const answer = await plan.ask(resumes ? rangeHeaders(have, begun.validator) : sinceHeaders(plan.known))
  answer.setTimeout(plan.idleMs, () => answer.destroy(new Error(`no byte for ${plan.idleMs} ms`)))
  try {
    const status = answer.statusCode ?? 0
    if (status === 304 && plan.known !== null && !resumes) return null
    const offset = status === 206 && resumes ? have : 0
    await checkAnswer(plan, answer, offset)
    return await receive(plan, answer, offset)
  } finally {
    answer.destroy()
  }
}

const rangeHeaders = (have: number, validator: string | null): Record<string, string> => ({
  range: `bytes=${have}-`,
  ...(validator === null ? {} : { 'if-range': validator }),
})

const sinceHeaders = (known: SourceNote | null): Record<string, string> =>
  known === null || known.etag === null ? {} : { 'if-none-match': known.etag }

/** 408, 425 and 429 ask to come again. */
const again = new Set([408, 425, 429])

async function checkAnswer({ cache, key }: DownloadPlan, answer: IncomingMessage, offset: number): Promise<void> {
  const status = answer.statusCode ?? 0
  if (status === 416 || (status === 206 && rangeStart(answer) !== offset)) {
    await cache.dropPart(key)
    throw new Error('the server has another file than the one that was begun: beginning anew')
  }
  if (status !== 200 && status !== 206) {
    const said = `the server answered ${status}${await codeOf(answer)}`
    throw status >= 300 && status < 500 && !again.has(status) ? unavailable(said) : new Error(said)
  }
  const encoding = answer.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw unavailable(`the server sends it compressed (${encoding}): serve the file as it is`)
}

/** An object store says in its XML what is wrong: a word, in brackets. */
async function codeOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1')
    if (text.length > 4_096) break
  }
  const [, code] = /<Code>(\w{1,60})<\/Code>/.exec(text) ?? []
  return code === undefined ? '' : ` (${code})`
}

function rangeStart({ headers }: IncomingMessage): number | null {
  const [, start] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? []
  return start === undefined ? null : Number(start)
}

/** null where the server does not say. */
function totalOf({ headers }: IncomingMessage, offset: number): number | null {
  const length = headers['content-length']
  return length === undefined ? null : offset + Number(length)
}

async function receive(plan: DownloadPlan, answer: IncomingMessage, offset: number): Promise<CachedFile> {
  const { cache, key, progress } = plan
  const etag = answer.headers.etag ?? null
  const totalBytes = totalOf(answer, offset)
  progress.receivedBytes = offset
  progress.totalBytes = totalBytes
  if (offset === 0) {
    await cache.dropPart(key)
    await cache.notePart(key, { validator: validatorOf(etag, answer.headers['last-modified']), etag })
  }
  const room = await plan.makeRoom(totalBytes === null ? 0 : totalBytes - offset)
  const hash = createHash('sha256')
  if (offset > 0) await hashStart(cache.part(key), hash, offset)
  await write(plan, answer, hash, { offset, totalBytes, room })
  const sha256 = hash.digest('hex')
  if (plan.sha256 !== null && sha256 !== plan.sha256) {
    await cache.dropPart(key)
    const message = `its bytes have the SHA-256 ${sha256}, not ${plan.sha256}`
    // A file that was put together of two may be wrong where each was right.
    throw offset > 0 ? new Error(`${message}: beginning anew`) : unavailable(message)
  }
  return cache.keep(key, {
    sha256,
    bytes: progress.receivedBytes,
    etag: offset > 0 ? ((await cache.partNote(key))?.etag ?? null) : etag,
  })
}

/** A weak ETag says nothing of bytes. */
function validatorOf(etag: string | null, lastModified: string | undefined): string | null {
  if (etag === null) return lastModified ?? null
  return etag.startsWith('W/') ? null : etag
}

interface Receiving {
  offset: number
  totalBytes: number | null
  room: Room
}

async function write(plan: DownloadPlan, answer: IncomingMessage, hash: Hash, receiving: Receiving): Promise<void> {
  const { progress, cache, key } = plan
  const { offset, totalBytes, room } = receiving
  let file: FileHandle | null = null
  try {
    file = await open(cache.part(key), offset > 0 ? 'r+' : 'w', 0o600)
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (progress.receivedBytes + chunk.length - offset > room.freeBytes) {
        throw unavailable(noRoomText(progress.receivedBytes + chunk.length, room))
      }
      await writeAll(file, chunk, progress.receivedBytes)
      hash.update(chunk)
      progress.receivedBytes += chunk.length
    }
    if (totalBytes !== null && progress.receivedBytes !== totalBytes) {
      throw new Error(`cut after ${progress.receivedBytes} of ${totalBytes} bytes`)
    }
    await file.sync()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    const size = totalBytes === null ? '' : ` of ${sizeText(totalBytes)}`
    throw unavailable(`the disk was full after ${sizeText(progress.receivedBytes)}${size} (${messageOf(error)})`)
  } finally {
    await file?.close()
  }
}

/** A disk that is nearly full takes a part. */
async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written)
    written += bytesWritten
  }
}

async function hashStart(path: string, hash: Hash, bytes: number): Promise<void> {
  for await (const chunk of createReadStream(path, { end: bytes - 1 })) hash.update(chunk as Buffer)
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )
