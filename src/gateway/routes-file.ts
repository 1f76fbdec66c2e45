// The last good routes on disk, so that a gateway starts and serves without control: one snapshot line, then the changes
// since. A change is appended before it is acknowledged; a torn last line was never acknowledged and is left out. The file
// holds access keys: mode 0600.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ServiceRoute } from '../services/routes/route.ts'
import { toLine } from './json-lines.ts'
import type { ToGateway } from './protocol.ts'

export type RouteMessage = Extract<ToGateway, { type: 'snapshot' | 'change' }>

const changesMin = 1_000

export class RoutesFile {
  readonly #path: string
  #changes = 0

  constructor(path: string) {
    this.#path = path
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  }

  /** What was written, in order; nothing where there is no usable file. */
  read(): RouteMessage[] {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch {
      return []
    }
    const messages: RouteMessage[] = []
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    for (const line of whole.split('\n')) {
      if (line === '') continue
      try {
        messages.push(JSON.parse(line))
      } catch {
        break
      }
    }
    return messages[0]?.type === 'snapshot' ? messages : []
  }

  /** Replaces the file at once: a reader sees the old or the new one, never half of it. */
  writeSnapshot(generation: number, services: ServiceRoute[]): void {
    const temporary = `${this.#path}.new`
    writeFileSync(temporary, toLine({ type: 'snapshot', generation, services }), { mode: 0o600 })
    renameSync(temporary, this.#path)
    this.#changes = 0
  }

  /** Appends a change; true when the file has grown enough to be written anew. */
  append(change: RouteMessage, services: number): boolean {
    appendFileSync(this.#path, toLine(change), { mode: 0o600 })
    return ++this.#changes > changesMin + services
  }
}
