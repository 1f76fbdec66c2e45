// Logs of pods. While a pod is there its node keeps its output; whenever somebody reads, and from the moment it is told to end
// until it has, what is new is taken over into files like the agent's. So logs have offsets and a retention after the end.
// What a pod wrote that somebody else deleted is lost from where it was read last.
import { closeSync, writeSync } from 'node:fs'
import type { LogPage, LogQuery } from '../../agent/protocol.ts'
import type { Clock } from '../../lib/clock.ts'
import { Refusal } from '../../lib/errors.ts'
import { TakenLogs } from '../taken-logs.ts'
import { isApiError } from './api/api-error.ts'
import type { ApiServer, PodLogQuery } from './api/api-server.ts'
import { containerName, fetchContainerName } from './pod-labels.ts'
import type { Pod } from './pod-objects.ts'

/** What has been taken over: of this pod, and so many runs of it, up to the message with this stamp, and so many of those with it. */
interface Taken {
  pod: string
  restartCount: number
  stamp: string
  count: number
}

const followedLines = 500
/** At one reading. */
const bytesMax = 10 * 2 ** 20
/** How long the last words of one that was told to end are waited for, once it is gone. */
const lastWordsMs = 5_000

export class PodLogs {
  readonly #api: ApiServer
  readonly #logs: TakenLogs<Taken>
  readonly #tails = new Map<string, { done: Promise<void>; abort: AbortController }>()

  constructor(api: ApiServer, directory: string, clock: Clock) {
    this.#api = api
    this.#logs = new TakenLogs(directory, clock)
  }

  async close(): Promise<void> {
    for (const { abort } of this.#tails.values()) abort.abort()
    await Promise.allSettled([...this.#tails.values()].map(({ done }) => done))
  }

  /** Takes over what is new of this pod; nothing if it has written nothing, or if its tail is being followed. */
  take(id: string, pod: Pod): Promise<void> {
    if (this.#tails.has(id)) return Promise.resolve()
    return this.#logs.inTurn(id, () => this.#take(id, pod))
  }

  /** Before it is told to end: from now on every line is taken over as it is written, to the last. */
  async tail(id: string, pod: Pod): Promise<void> {
    if (this.#tails.has(id) || statusOf(pod)?.state?.running === undefined) return
    await this.take(id, pod).catch(() => {})
    if (this.#tails.has(id)) return
    const abort = new AbortController()
    const done = this.#tail(id, pod, abort.signal)
      .catch(() => {}) // What a node that went away did not tell is not to be had.
      .finally(() => this.#tails.delete(id))
    this.#tails.set(id, { done, abort })
  }

  async page(id: string, pod: Pod | null, query: LogQuery): Promise<LogPage> {
    if (pod !== null) {
      await this.take(id, pod).catch(error => {
        // What was taken over can be read without the cluster.
        if (!this.#logs.files.has(id)) throw error
      })
    }
    if (this.#logs.files.has(id)) return this.#logs.files.page(id, query)
    // It is there, and has written nothing yet.
    if (pod !== null) return { lines: [], offset: 0, nextOffset: 0 }
    throw new Refusal('ServiceInstanceNotFound', `no logs are kept of ${id}`, { field: 'id' })
  }

  /** The last lines and those that come, until the container has ended. */
  async *follow(id: string, pod: Pod | null, signal: AbortSignal): AsyncGenerator<string> {
    if (pod === null || statusOf(pod)?.state?.running === undefined) yield* this.#logs.files.follow(id, {}, signal)
    else yield* this.#api.followPodLog(refOf(pod), { container: containerName, tailLines: followedLines }, signal)
  }

  /** A line of our own, of one that never ran. */
  note(id: string, text: string): void {
    this.#logs.note(id, text)
  }

  /** Once it is gone: its last words, and from now its retention runs. */
  async end(id: string, live: () => ReadonlySet<string>): Promise<void> {
    const tail = this.#tails.get(id)
    if (tail) {
      const timer = setTimeout(() => tail.abort.abort(), lastWordsMs)
      await tail.done
      clearTimeout(timer)
    }
    this.#logs.end(id, live)
  }

  async #take(id: string, pod: Pod): Promise<void> {
    const status = statusOf(pod)
    let taken = this.#taken(id, pod)
    const { restartCount = 0 } = status ?? {}
    // The run before this one, as far as it was not read: stamps go on from run to run.
    if (restartCount > taken.restartCount)
      taken = await this.#copy(id, pod, { ...taken, restartCount }, { container: containerName, previous: true })
    // One that waits for its model says why in another log.
    const { state, lastState } = status ?? {}
    const hasRun = state?.running ?? state?.terminated ?? lastState?.terminated
    const container = hasRun === undefined ? fetching(pod) : containerName
    if (container !== null) await this.#copy(id, pod, taken, { container })
  }

  async #copy(id: string, pod: Pod, taken: Taken, query: PodLogQuery): Promise<Taken> {
    const sinceTime = taken.stamp === '' ? {} : { sinceTime: secondOf(taken.stamp) }
    const asked = { ...query, ...sinceTime, timestamps: true, limitBytes: bytesMax }
    const text = await this.#api.podLog(refOf(pod), asked).catch(error => {
      // It has not begun, or its node knows it no more.
      if (isApiError(error, 400, 500)) return null
      throw error
    })
    if (text === null || text === '') return taken
    const lines = text.split('\n')
    // Cut by the bound, the last line may be half of one.
    if (lines.at(-1) === '' || Buffer.byteLength(text) >= bytesMax) lines.pop()
    const writer = new Writer(this.#logs.files.open(id, null), taken)
    try {
      for (const line of lines) writer.write(line)
    } finally {
      writer.close()
    }
    this.#logs.noteTaken(id, writer.taken)
    await this.#logs.files.rotateIfLong(id)
    return writer.taken
  }

  async #tail(id: string, pod: Pod, signal: AbortSignal): Promise<void> {
    const taken = this.#taken(id, pod)
    const sinceTime = taken.stamp === '' ? {} : { sinceTime: secondOf(taken.stamp) }
    const query = { container: containerName, timestamps: true, ...sinceTime }
    const writer = new Writer(this.#logs.files.open(id, null), taken)
    try {
      for await (const line of this.#api.followPodLog(refOf(pod), query, signal)) writer.write(line)
    } finally {
      writer.close()
      this.#logs.noteTaken(id, writer.taken)
      await this.#logs.files.rotateIfLong(id)
    }
  }

  /** Of another pod nothing counts. */
  #taken(id: string, { metadata: { uid = '' } }: Pod): Taken {
    const taken = this.#logs.taken(id)
    return taken?.pod === uid ? taken : { pod: uid, restartCount: 0, stamp: '', count: 0 }
  }
}

/** Appends what is new. Stamps grow within a run; the server counts from whole seconds, so some come again. */
class Writer {
  taken: Taken
  readonly #fd: number
  #again: number

  constructor(fd: number, taken: Taken) {
    this.#fd = fd
    this.taken = { ...taken }
    this.#again = taken.count
  }

  write(line: string): void {
    const space = line.indexOf(' ')
    const [stamp, text] = [line.slice(0, space), line.slice(space + 1)]
    const { taken } = this
    // Also what the node says in place of a log that it has no more.
    if (!/^\d{4}-\d\d-\d\dT/.test(stamp) || stamp < taken.stamp) return
    if (stamp === taken.stamp && this.#again-- > 0) return
    this.taken = { ...taken, stamp, count: stamp === taken.stamp ? taken.count + 1 : 1 }
    if (stamp !== taken.stamp) this.#again = 0
    writeSync(this.#fd, `${text}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** A node writes them in its own zone. */
const secondOf = (stamp: string): string => stamp.replace(/\.\d+/, '')
const refOf = ({ metadata: { name, namespace = '' } }: Pod) => ({ name, namespace })

const statusOf = ({ status }: Pod) => status?.containerStatuses?.find(({ name }) => name === containerName)

const fetching = ({ status }: Pod): string | null =>
  status?.initContainerStatuses?.some(({ name }) => name === fetchContainerName) ? fetchContainerName : null
