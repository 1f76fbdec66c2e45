// A file of lines that grows to a size, makes room for another, and is kept with a few older ones: `<path>`, `<path>.1`, … Lines
// are gathered and written in the background, one write at a time; what does not fit into the memory given to them is left out.
import { mkdirSync } from 'node:fs'
import { appendFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface RotatingFileOptions {
  bytesMax: number
  /** Beside the one that is written. */
  filesKept: number
}

const pauseMs = 200
/** Characters that wait to be written. */
const pendingMax = 1024 * 1024

export class RotatingFile {
  dropped = 0
  written = 0
  readonly #path: string
  readonly #options: RotatingFileOptions
  #lines: string[] = []
  #length = 0
  /** null: not known yet. */
  #size: number | null = null
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> | null = null

  constructor(path: string, options: RotatingFileOptions) {
    this.#path = path
    this.#options = options
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  }

  add(line: string): void {
    if (this.#length + line.length > pendingMax) {
      this.dropped++
      return
    }
    this.#lines.push(line)
    this.#length += line.length
    this.#soon()
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #soon(): void {
    if (this.#timer !== null || this.#writing !== null || this.#lines.length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#writing = this.#write().finally(() => {
        this.#writing = null
        this.#soon()
      })
    }, pauseMs)
  }

  async #write(): Promise<void> {
    const lines = this.#lines
    if (lines.length === 0) return
    this.#lines = []
    this.#length = 0
    const bytes = Buffer.from(lines.join(''))
    try {
      this.#size ??= await sizeOf(this.#path)
      if (this.#size > 0 && this.#size + bytes.length > this.#options.bytesMax) await this.#rotate()
      await appendFile(this.#path, bytes, { mode: 0o600 })
      this.#size += bytes.length
      this.written += lines.length
    } catch {
      // A disk that is full, or a directory that is gone: what is told of requests is not worth more than they are.
      this.dropped += lines.length
      this.#size = null
    }
  }

  async #rotate(): Promise<void> {
    const { filesKept } = this.#options
    const nameOf = (n: number): string => (n === 0 ? this.#path : `${this.#path}.${n}`)
    await rm(nameOf(filesKept), { force: true })
    for (let n = filesKept - 1; n >= 0; n--) {
      await rename(nameOf(n), nameOf(n + 1)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
    if (filesKept === 0) await rm(this.#path, { force: true })
    this.#size = 0
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
