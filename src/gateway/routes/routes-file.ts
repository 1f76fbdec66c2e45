// The last good routes on disk, so that a gateway starts and serves without control: a snapshot in parts, a line each, then the
// changes since. A change is appended before it is acknowledged; a torn last line was never acknowledged and is cut off. The
// file is written anew a part at a time, between requests, into another that takes its place when it is whole; what changes
// meanwhile follows the parts. It holds access keys: mode 0600.
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { ServiceRoute } from '../../services/routes/route.ts'
import { toLine } from '../control/json-lines.ts'
import type { ToGateway } from '../control/protocol.ts'

export type RouteMessage = Extract<ToGateway, { type: 'snapshot' | 'change' }>

const changesMin = 1_000
/** Services of one part: a millisecond's work. */
const partServices = 100

interface Rewriting {
  file: number
  generation: number
  services: readonly ServiceRoute[]
  written: number
  /** What it replaces is no more than a part of what was told: changes are not for that file. */
  replaces: boolean
  /** Changes that came since it was begun. */
  pending: string[]
  onEnd(error: unknown): void
}
const nameOfFile = /^routes-.+\.ndjson$/

export class RoutesFile {
  readonly #path: string
  #changes = 0
  #rewriting: Rewriting | null = null

  constructor(path: string) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  }

  /**
   * What was written last, here or by another gateway of this directory, whose place this one may take; `own`: it stands here.
   */
  readNewest(): { messages: RouteMessage[]; own: boolean } {
    const directory = dirname(this.#path)
    const names = readdirSync(directory).filter(name => nameOfFile.test(name))
    let newest = { path: this.#path, generation: lastGenerationIn(this.#path) }
    for (const path of names.map(name => join(directory, name))) {
      const generation = lastGenerationIn(path)
      if (generation > newest.generation) newest = { path, generation }
    }
    if (newest.path === this.#path) return { messages: this.read(), own: true }
    return { messages: messagesIn(textOf(newest.path)).messages, own: false }
  }

  /** What was written here, in order, and the end of the file where what can be read of it ends; nothing where there is no usable file. */
  read(): RouteMessage[] {
    const text = textOf(this.#path)
    const { messages, end } = messagesIn(text)
    if (messages.length === 0) return []
    if (end < text.length) truncateSync(this.#path, Buffer.byteLength(text.slice(0, end)))
    this.#changes = messages.filter(message => message.type === 'change').length
    return messages
  }

  /** Whether a snapshot of control's is being written: nothing is kept of it, nor of what followed, until it is. */
  get replacing(): boolean {
    return this.#rewriting?.replaces === true
  }

  /**
   * Writes all anew, and gives up one that is under way. `replaces`: it is another state than that of the file and its
   * changes, not the same in fewer lines. `onEnd` is told the error that left the old file in its place, or null.
   */
  rewrite(
    generation: number,
    services: readonly ServiceRoute[],
    replaces: boolean,
    onEnd: (error: unknown) => void,
  ): void {
    if (this.#rewriting !== null) this.#giveUp(this.#rewriting)
    try {
      const file = openSync(this.#temporary, 'w', 0o600)
      this.#rewriting = { file, generation, services, written: 0, replaces, pending: [], onEnd }
    } catch (error) {
      onEnd(error)
      return
    }
    this.#step(this.#rewriting)
  }

  /** Appends a change; true when the file has grown enough to be written anew. */
  append(change: RouteMessage, services: number): boolean {
    const line = toLine(change)
    const rewriting = this.#rewriting
    rewriting?.pending.push(line)
    if (rewriting?.replaces === true) return false
    try {
      appendFileSync(this.#path, line, { mode: 0o600 })
    } catch (error) {
      // A part of the line may be there, and would spoil what follows: the next change is reason to write all anew.
      this.#changes = Number.POSITIVE_INFINITY
      throw error
    }
    return ++this.#changes > changesMin + services && rewriting === null
  }

  /** What is being written is written to its end, at once. */
  finish(): void {
    while (this.#rewriting !== null) this.#writePart(this.#rewriting)
  }

  get #temporary(): string {
    return `${this.#path}.new`
  }

  #step(rewriting: Rewriting): void {
    if (this.#rewriting !== rewriting) return
    this.#writePart(rewriting)
    setImmediate(() => this.#step(rewriting))
  }

  #writePart(rewriting: Rewriting): void {
    const { file, generation, services, written } = rewriting
    try {
      const part = services.slice(written, written + partServices)
      rewriting.written += part.length
      const more = rewriting.written < services.length
      writeSync(file, toLine({ type: 'snapshot', generation, services: part, ...(more ? { more } : {}) }))
      if (more) return
      for (const line of rewriting.pending) writeSync(file, line)
      closeSync(file)
      renameSync(this.#temporary, this.#path)
    } catch (error) {
      this.#giveUp(rewriting)
      rewriting.onEnd(error)
      return
    }
    this.#rewriting = null
    this.#changes = rewriting.pending.length
    rewriting.onEnd(null)
  }

  #giveUp({ file }: Rewriting): void {
    this.#rewriting = null
    try {
      closeSync(file)
      rmSync(this.#temporary, { force: true })
    } catch {
      // The next one begins with an empty file anyway.
    }
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** All that can be read, and where in the text it ends. */
function messagesIn(text: string): { messages: RouteMessage[]; end: number } {
  const messages: RouteMessage[] = []
  let end = 0
  for (let from = 0, to = text.indexOf('\n'); to !== -1; from = to + 1, to = text.indexOf('\n', from)) {
    try {
      messages.push(JSON.parse(text.slice(from, to)))
    } catch {
      break
    }
    end = to + 1
  }
  return messages[0]?.type === 'snapshot' ? { messages, end } : { messages: [], end: 0 }
}

/** Of its last whole line; the lines before it are read only where it is the newest. */
function lastGenerationIn(path: string): number {
  const text = textOf(path)
  const end = text.lastIndexOf('\n')
  if (end === -1) return -1
  try {
    return (JSON.parse(text.slice(text.lastIndexOf('\n', end - 1) + 1, end)) as RouteMessage).generation
  } catch {
    return -1
  }
}
