// Logs of containers. While a container is there the engine keeps its output, in bounds that its body states; whenever
// somebody reads, and last before it is removed, what is new is taken over into files like the agent's. So logs have offsets
// and a retention after the end, and a service that floods its log costs the engine's process time and not ours.
import { closeSync, fstatSync, ftruncateSync, writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { boundsOf } from '../../agent/log-files.ts'
import type { LogPage, LogQuery } from '../../agent/protocol.ts'
import type { Clock } from '../../lib/clock.ts'
import { isRefusal, Refusal } from '../../lib/errors.ts'
import { TakenLogs } from '../taken-logs.ts'
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

export class ContainerLogs {
  readonly #engine: DockerEngine
  readonly #logs: TakenLogs<Taken>

  constructor(engine: DockerEngine, directory: string, clock: Clock) {
    this.#engine = engine
    this.#logs = new TakenLogs(directory, clock)
  }

  /** Takes over what is new of this container; nothing if it is not there. */
  take(id: string, name: string): Promise<void> {
    return this.#logs.inTurn(id, () => this.#take(id, name))
  }

  async page(id: string, name: string, query: LogQuery): Promise<LogPage> {
    // What was taken over can be read without the engine.
    await this.take(id, name).catch(error => {
      if (!isRefusal(error, 'DockerAway') || !this.#logs.files.has(id)) throw error
    })
    if (this.#logs.files.has(id)) return this.#logs.files.page(id, query)
    throw new Refusal('ServiceInstanceNotFound', `no logs are kept of ${id}`, { field: 'id' })
  }

  /** The last lines and those that come, until the container has ended. */
  async *follow(id: string, name: string, signal: AbortSignal): AsyncGenerator<string> {
    try {
      const res = await this.#engine.logs(name, { follow: 1, tail: followedLines }, signal)
      if (res === null) yield* this.#logs.files.follow(id, {}, signal)
      else yield* linesOfFrames(framesOf(res))
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /** A line of our own, of one that never ran. */
  note(id: string, text: string): void {
    this.#logs.note(id, text)
    this.#logs.files.end(id)
  }

  /** From now its retention runs. */
  end(id: string, live: ReadonlySet<string>): void {
    this.#logs.end(id, () => live)
  }

  async #take(id: string, name: string): Promise<void> {
    const taken = this.#logs.taken(id) ?? nothingTaken
    const since = taken.second === '' ? {} : { since: instantOf(taken.second).epochMilliseconds / 1_000 }
    const res = await this.#engine.logs(name, { timestamps: 1, ...since })
    if (res === null) return
    const fd = this.#logs.files.open(id, null)
    try {
      // What was written and not noted before a crash is taken over once more.
      const surplus = Math.max(0, boundsOf(this.#logs.directoryOf(id)).end - taken.end)
      if (surplus > 0) ftruncateSync(fd, Math.max(0, fstatSync(fd).size - surplus))
      this.#logs.noteTaken(id, await copy(res, fd, taken))
    } finally {
      closeSync(fd)
    }
    await this.#logs.files.rotateIfLong(id)
  }
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
