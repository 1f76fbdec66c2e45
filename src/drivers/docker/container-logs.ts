// Logs of containers. While a container is there the engine keeps its output, in bounds that its body states; whenever
// somebody reads, and last before it is removed, what is new is taken over into files like the agent's. So logs have offsets
// and a retention after the end, and a service that floods its log costs the engine's process time and not ours.
import { closeSync, fstatSync, ftruncateSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { boundsOf } from '../../agent/log-files.ts'
import { Logs, logDefaults } from '../../agent/logs.ts'
import type { LogPage, LogQuery } from '../../agent/protocol.ts'
import type { Clock } from '../../lib/clock.ts'
import { isRefusal, Refusal } from '../../lib/errors.ts'
import type { DockerEngine } from './engine.ts'
import { framesOf, Joined, linesOfFrames, splitStamp } from './log-frames.ts'

/** What has been taken over: of the messages from this second on, the first so many; so many bytes in all. */
interface Taken {
  second: string
  count: number
  end: number
}

const nothingTaken: Taken = { second: '', count: 0, end: 0 }
const followedLines = 500
const sweepEveryMs = 600_000

export class ContainerLogs {
  readonly #engine: DockerEngine
  readonly #directory: string
  readonly #logs: Logs
  readonly #clock: Clock
  /** One at a time for each. */
  readonly #taking = new Map<string, Promise<void>>()
  #sweptMs: number

  constructor(engine: DockerEngine, directory: string, clock: Clock) {
    this.#engine = engine
    this.#directory = directory
    this.#logs = new Logs(directory, logDefaults, clock)
    this.#clock = clock
    this.#sweptMs = clock.monotonicMs()
  }

  /** Takes over what is new of this container; nothing if it is not there. */
  take(id: string, name: string): Promise<void> {
    const before = this.#taking.get(id) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(() => this.#take(id, name))
    this.#taking.set(id, turn)
    const clear = () => this.#taking.get(id) === turn && this.#taking.delete(id)
    turn.then(clear, clear)
    return turn
  }

  async page(id: string, name: string, query: LogQuery): Promise<LogPage> {
    // What was taken over can be read without the engine.
    await this.take(id, name).catch(error => {
      if (!isRefusal(error, 'DockerAway') || !this.#logs.has(id)) throw error
    })
    if (this.#logs.has(id)) return this.#logs.page(id, query)
    throw new Refusal('ServiceInstanceNotFound', `no logs are kept of ${id}`, { field: 'id' })
  }

  /** The last lines and those that come, until the container has ended. */
  async *follow(id: string, name: string, signal: AbortSignal): AsyncGenerator<string> {
    try {
      const res = await this.#engine.logs(name, { follow: 1, tail: followedLines }, signal)
      if (res === null) yield* this.#logs.follow(id, {}, signal)
      else yield* linesOfFrames(framesOf(res))
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** A line of our own, of one that never ran. */
  note(id: string, text: string): void {
    closeSync(this.#logs.open(id, null))
    this.#logs.note(id, text)
    this.#logs.end(id)
  }

  /** From now its retention runs. */
  end(id: string, live: ReadonlySet<string>): void {
    this.#logs.end(id)
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#sweptMs < sweepEveryMs) return
    this.#sweptMs = nowMs
    this.#logs.sweep(live)
  }

  async #take(id: string, name: string): Promise<void> {
    const taken = this.#read(id)
    const since = taken.second === '' ? {} : { since: instantOf(taken.second).epochMilliseconds / 1_000 }
    const res = await this.#engine.logs(name, { timestamps: 1, ...since })
    if (res === null) return
    const fd = this.#logs.open(id, null)
    try {
      // What was written and not noted before a crash is taken over once more.
      const surplus = Math.max(0, boundsOf(join(this.#directory, id)).end - taken.end)
      if (surplus > 0) ftruncateSync(fd, Math.max(0, fstatSync(fd).size - surplus))
      this.#write(id, await copy(res, fd, taken))
    } finally {
      closeSync(fd)
    }
    await this.#logs.rotateIfLong(id)
  }

  #read(id: string): Taken {
    try {
      return JSON.parse(readFileSync(this.#taken(id), 'utf8')) as Taken
    } catch {
      return nothingTaken
    }
  }

  #write(id: string, taken: Taken): void {
    writeFileSync(`${this.#taken(id)}.new`, JSON.stringify(taken), { mode: 0o600 })
    renameSync(`${this.#taken(id)}.new`, this.#taken(id))
  }

  #taken = (id: string): string => join(this.#directory, id, 'taken.json')
}

/**
 * Appends what is new. The engine stamps messages before it stores them, so they are not in the order of their stamps; but
 * they keep the order in which they are stored. So we ask again from a second before the last, and leave out as many as we had.
 */
async function copy(res: IncomingMessage, fd: number, before: Taken): Promise<Taken> {
  const seconds = new Map<string, number>()
  const joined = new Joined()
  let { end } = before
  let had = before.count
  const write = (text: Buffer) => {
    if (text.length > 0) writeSync(fd, text)
    end += text.length
  }
  for await (const { stream, message } of framesOf(res)) {
    const { second, text } = splitStamp(message)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
    if (had-- <= 0) write(joined.add(stream, text))
  }
  for (const text of joined.rest()) write(text)
  const last = [...seconds.keys()].sort().at(-1)
  if (last === undefined) return { ...before, end }
  const second = instantOf(last).subtract({ seconds: 1 }).toString().slice(0, last.length)
  const counted = [...seconds].filter(([key]) => key >= second)
  return { second, count: counted.reduce((sum, [, count]) => sum + count, 0), end }
}

const instantOf = (second: string): Temporal.Instant => Temporal.Instant.from(`${second}Z`)
