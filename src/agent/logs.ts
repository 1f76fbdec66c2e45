// The logs of all service processes: a directory each, rotated while it runs, kept after it ended for a stated time and
// within a stated total, oldest end first.
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { boundsOf, currentName, listSegments, prune, punch, repairRotation, rotate } from './log-files.ts'
import { followLines, readPage } from './log-lines.ts'
import type { LogPage, LogQuery } from './protocol.ts'
import type { RunAs } from './spawn.ts'

export interface LogOptions {
  /** Of one service, `files` times `fileBytes` are kept at most, and one file's length less after each rotation. */
  fileBytes: number
  files: number
  /** Default `in-place`, and `copy` where the file system can't. */
  rotation?: 'in-place' | 'copy'
  /** After the end. */
  retainHours: number
  /** Of all ended ones together. */
  totalBytes: number
}

export const logDefaults: LogOptions = { fileBytes: 10 * 2 ** 20, files: 5, retainHours: 7 * 24, totalBytes: 2 ** 30 }
const endedName = 'ended-at'

export class Logs {
  readonly #directory: string
  readonly #options: LogOptions
  readonly #clock: Clock
  #canPunch: boolean

  constructor(directory: string, options: LogOptions, clock: Clock) {
    this.#directory = directory
    this.#options = options
    this.#clock = clock
    this.#canPunch = options.rotation !== 'copy' && process.platform === 'linux'
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const id of readdirSync(directory)) repairRotation(this.#of(id))
  }

  /** A descriptor for the process's stdout and stderr; the caller closes its own copy. */
  open(id: string, owner: RunAs | null): number {
    mkdirSync(this.#of(id), { recursive: true, mode: 0o700 })
    rmSync(join(this.#of(id), endedName), { force: true })
    const path = join(this.#of(id), currentName)
    const fd = openSync(path, 'a', 0o600)
    chmodSync(path, 0o600)
    // Programs that open /dev/stdout or /dev/stderr by name need the file to be theirs.
    if (owner !== null) chownSync(path, owner.uid, owner.gid)
    return fd
  }

  /** A line of the agent's own at the end of the log, for what the program could not say itself. */
  note(id: string, text: string): void {
    const fd = openSync(join(this.#of(id), currentName), 'a', 0o600)
    writeFileSync(fd, `${text}\n`)
    closeSync(fd)
  }

  async rotateIfLong(id: string): Promise<void> {
    const { fileBytes, files } = this.#options
    const { start, end } = boundsOf(this.#of(id))
    const current = listSegments(this.#of(id)).at(-1)
    const keepBytes = fileBytes * (files - 1)
    if (this.#canPunch) {
      if (end - start >= fileBytes * files) this.#canPunch = await punch(this.#of(id), keepBytes)
    } else if (current !== undefined && current.size >= fileBytes) {
      await rotate(this.#of(id), keepBytes)
      prune(this.#of(id), keepBytes)
    }
  }

  has(id: string): boolean {
    return existsSync(this.#of(id))
  }

  end(id: string): void {
    if (this.has(id)) writeFileSync(join(this.#of(id), endedName), this.#clock.now().toString())
  }

  page(id: string, query: LogQuery): Promise<LogPage> {
    return readPage(this.#of(id), query, this.#hasEnded(id))
  }

  follow(id: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<string> {
    return followLines(this.#of(id), query, () => this.#hasEnded(id), signal)
  }

  /** Removes what is past its time, then the oldest ended until the rest fits. `live` are never touched. */
  sweep(live: ReadonlySet<string>): void {
    const oldest = this.#clock.now().subtract({ hours: this.#options.retainHours })
    const kept = readdirSync(this.#directory).flatMap(id => {
      if (live.has(id)) return []
      if (!this.#hasEnded(id)) this.end(id) // Nobody saw its end: its time begins now.
      const endedAt = this.#endedAt(id)
      if (Temporal.Instant.compare(endedAt, oldest) < 0) return this.#remove(id)
      const { start, end } = boundsOf(this.#of(id))
      return [{ id, endedAt, bytes: end - start }]
    })
    kept.sort((a, b) => Temporal.Instant.compare(b.endedAt, a.endedAt))
    let sum = 0
    for (const { id, bytes } of kept) {
      sum += bytes
      if (sum > this.#options.totalBytes) this.#remove(id)
    }
  }

  #hasEnded(id: string): boolean {
    return existsSync(join(this.#of(id), endedName)) || !this.has(id)
  }

  #endedAt(id: string): Temporal.Instant {
    try {
      return Temporal.Instant.from(readFileSync(join(this.#of(id), endedName), 'utf8'))
    } catch {
      return this.#clock.now()
    }
  }

  #remove(id: string): [] {
    rmSync(this.#of(id), { recursive: true, force: true })
    return []
  }

  #of(id: string): string {
    return join(this.#directory, id)
  }
}
