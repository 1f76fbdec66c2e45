// What the engine can't tell of a container, kept on disk for whoever starts after us: whether it was ever ready, and what
// we have done to it. One file each, replaced as a whole; one that is lost or unreadable costs only the knowledge.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cause } from './outcome.ts'

export interface Note {
  readyAt: string | null
  cause: Cause | null
  stop: { askedAt: string; drainMs: number | null; graceMs: number; signalledAt: string | null } | null
}

export class Notes {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  read(id: string): Note {
    try {
      return JSON.parse(readFileSync(this.#of(id), 'utf8')) as Note
    } catch {
      return { readyAt: null, cause: null, stop: null }
    }
  }

  write(id: string, note: Note): void {
    writeFileSync(`${this.#of(id)}.new`, JSON.stringify(note), { mode: 0o600 })
    renameSync(`${this.#of(id)}.new`, this.#of(id))
  }

  remove(id: string): void {
    rmSync(this.#of(id), { force: true })
  }

  #of = (id: string): string => join(this.#directory, `${id}.json`)
}
