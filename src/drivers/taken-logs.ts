// Logs that something else keeps while a process is there: a container engine, the node of a pod. What is new is taken over into
// files like the agent's, so that logs have offsets and a retention after the end. How far is noted beside them.
import { closeSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Logs, logDefaults } from '../agent/logs.ts'
import type { Clock } from '../lib/clock.ts'

const sweepEveryMs = 600_000

/** `Taken`: up to where the log of a process has been taken over. */
export class TakenLogs<Taken extends object> {
  readonly files: Logs
  readonly #directory: string
  readonly #clock: Clock
  readonly #turns = new Map<string, Promise<void>>()
  #sweptMs: number

  constructor(directory: string, clock: Clock) {
    this.files = new Logs(directory, logDefaults, clock)
    this.#directory = directory
    this.#clock = clock
    this.#sweptMs = clock.monotonicMs()
  }

  /** Of one process one after the other. */
  inTurn(id: string, take: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(id) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(take)
    this.#turns.set(id, turn)
    const clear = () => this.#turns.get(id) === turn && this.#turns.delete(id)
    turn.then(clear, clear)
    return turn
  }

  /** null: nothing yet, as far as can be read. */
  taken(id: string): Taken | null {
    try {
      return JSON.parse(readFileSync(this.#path(id), 'utf8')) as Taken
    } catch {
      return null
    }
  }

  noteTaken(id: string, taken: Taken): void {
    writeFileSync(`${this.#path(id)}.new`, JSON.stringify(taken), { mode: 0o600 })
    renameSync(`${this.#path(id)}.new`, this.#path(id))
  }

  directoryOf = (id: string): string => join(this.#directory, id)

  /** A line of our own, of one that never ran. */
  note(id: string, text: string): void {
    closeSync(this.files.open(id, null))
    this.files.note(id, text)
  }

  /** From now its retention runs. Now and then what is past its time goes; `live` is never touched. */
  end(id: string, live: () => ReadonlySet<string>): void {
    this.files.end(id)
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#sweptMs < sweepEveryMs) return
    this.#sweptMs = nowMs
    this.files.sweep(live())
  }

  #path = (id: string): string => join(this.directoryOf(id), 'taken.json')
}
