// Brings models onto machines. Whoever asks for what is on its way shares the way; who asks for what is there gets it, once
// the server has said that it is still so (or, where its hash is given, at once). A cut is followed by another try, with
// pauses that grow; a server that is away does not keep a model from starting that the machine has already.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import { isRefusal, messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { type FetchedUrl, shownUrl } from '../../lib/model-url.ts'
import { download, type Progress } from './download.ts'
import { type CachedFile, ModelCache } from './model-cache.ts'
import type { FetchLimits, ModelSettings } from './model-settings.ts'
import { objectAddress, signedHeaders, storeOf } from './object-store.ts'
import { noRoomText, type Room, roomOn } from './room.ts'
import { openAnswer, type Resolve, systemResolve, unavailable } from './web.ts'

export interface FetchState extends Progress {
  /** The model's URL as it may be shown. */
  url: string
  /** Tries that failed in a row, and why the last did. */
  failures: number
  problem: string | null
}

export interface ModelFetcherOptions {
  settings: ModelSettings
  limits: FetchLimits
  clock: Clock
  log: Logger
  resolve?: Resolve
  room?: (machineDir: string, reserveBytes: number) => Promise<Room>
}

interface Flight {
  state: FetchState
  file: Promise<CachedFile>
  waiting: number
  stop: AbortController
}

export class ModelFetcher {
  readonly #options: Required<ModelFetcherOptions>
  readonly #flights = new Map<string, Flight>()
  /** How many use a file: such a one stays. */
  readonly #holders = new Map<string, number>()

  constructor(options: ModelFetcherOptions) {
    this.#options = { resolve: systemResolve, room: roomOn, ...options }
  }

  /**
   * The path of the file on this machine, held until it is released. `begin` is told the state, which changes as bytes come.
   * `signal` gives up this call alone.
   */
  async fetch(
    machineDir: string,
    source: FetchedUrl,
    signal: AbortSignal,
    begin: (state: FetchState) => void,
  ): Promise<string> {
    for (;;) {
      const path = await this.#board(machineDir, source, signal, begin)
      this.hold(path)
      // Between its arrival and our hold it may have gone to make room for another.
      if (existsSync(path)) return path
      this.release(path)
    }
  }

  async #board(
    machineDir: string,
    source: FetchedUrl,
    signal: AbortSignal,
    begin: (state: FetchState) => void,
  ): Promise<string> {
    const cache = new ModelCache(machineDir)
    const key = keyOf(source)
    const id = cache.part(key)
    // One that was given up still closes its files: two at once on one part would spoil it.
    while (this.#flights.get(id)?.stop.signal.aborted) await this.#flights.get(id)?.file.catch(() => {})
    const flight = this.#flights.get(id) ?? this.#begin(machineDir, cache, key, source)
    flight.waiting++
    begin(flight.state)
    try {
      const { path } = await orAborted(flight.file, signal)
      await cache.touch(path, this.#options.clock.now())
      return path
    } finally {
      flight.waiting--
      if (flight.waiting === 0) flight.stop.abort()
    }
  }

  hold(path: string): void {
    this.#holders.set(path, (this.#holders.get(path) ?? 0) + 1)
  }

  release(path: string): void {
    const left = (this.#holders.get(path) ?? 0) - 1
    if (left > 0) this.#holders.set(path, left)
    else this.#holders.delete(path)
  }

  #begin(machineDir: string, cache: ModelCache, key: string, source: FetchedUrl): Flight {
    const state: FetchState = { url: shownUrl(source), receivedBytes: 0, totalBytes: null, failures: 0, problem: null }
    const stop = new AbortController()
    const id = cache.part(key)
    const file = this.#run({ machineDir, cache, key, source, state, signal: stop.signal })
    const flight: Flight = { state, file, waiting: 0, stop }
    this.#flights.set(id, flight)
    const landed = (): void => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id)
    }
    file.then(landed, landed)
    return flight
  }

  async #run(fetch: Fetch): Promise<CachedFile> {
    const { cache, source, state, signal } = fetch
    const { limits } = this.#options
    await cache.prepare()
    const ready = source.sha256 === null ? null : await cache.find(source.sha256)
    if (ready !== null) return ready
    for (;;) {
      const before = state.receivedBytes
      try {
        return await this.#attempt(fetch)
      } catch (error) {
        if (signal.aborted) throw error
        const kept = isRefusal(error, 'ModelUnavailable') ? null : await this.#known(fetch)
        if (kept !== null) return this.#asItIs(fetch, kept.file, error)
        state.failures = state.receivedBytes > before ? 1 : state.failures + 1
        state.problem = problemOf(error)
        const isFinal = isRefusal(error, 'ModelUnavailable') || state.failures >= limits.failuresMax
        if (isFinal) throw unavailable(this.#finalText(fetch, error))
        this.#options.log.warn({ model: state.url, problem: state.problem, failures: state.failures }, 'a fetch failed')
        await sleep(pauseMs(state.failures, limits), undefined, { signal })
      }
    }
  }

  async #attempt(fetch: Fetch): Promise<CachedFile> {
    const { cache, key, source, state, machineDir } = fetch
    const known = await this.#known(fetch)
    const file = await download({
      ...{ cache, key, sha256: source.sha256, known: known?.note ?? null, progress: state },
      idleMs: this.#options.limits.idleMs,
      ask: headers => this.#ask(fetch, headers),
      makeRoom: bytes => this.#makeRoom(machineDir, cache, bytes),
    })
    if (file !== null) return file
    if (known === null) throw new Error('the server answered 304 to a question that was not asked')
    return known.file
  }

  async #known({ cache, key, source }: Fetch) {
    const note = source.sha256 === null ? await cache.source(key) : null
    const file = note === null ? null : await cache.find(note.sha256)
    return note === null || file === null ? null : { note, file }
  }

  #ask({ source, signal }: Fetch, headers: Record<string, string>) {
    const { settings, resolve, limits, clock } = this.#options
    const { allowPrivate } = settings
    const { answerMs } = limits
    if (source.kind === 'web') {
      return openAnswer({ url: new URL(source.url), headers, guard: { allowPrivate, resolve }, signal, answerMs })
    }
    const store = storeOf(settings, source)
    if (store === null) throw unavailable('the operator has named no store with this bucket under models.stores')
    const url = objectAddress(store, source)
    return openAnswer({ url, headers: signedHeaders(store, url, headers, clock.now()), guard: null, signal, answerMs })
  }

  async #makeRoom(machineDir: string, cache: ModelCache, bytes: number): Promise<Room> {
    const { room, limits } = this.#options
    const before = await room(machineDir, limits.hostReserveBytes)
    if (before.freeBytes >= bytes) return before
    const isUsed = (path: string): boolean => this.#holders.has(path) || this.#flights.has(path)
    await cache.evict(bytes - before.freeBytes, isUsed)
    const after = await room(machineDir, limits.hostReserveBytes)
    if (after.freeBytes >= bytes) return after
    throw unavailable(noRoomText(bytes, after))
  }

  #asItIs({ state }: Fetch, file: CachedFile, error: unknown): CachedFile {
    const about = { model: state.url, problem: problemOf(error) }
    this.#options.log.warn(about, 'a model could not be asked for again: the one that is here is used')
    return file
  }

  #finalText({ state }: Fetch, error: unknown): string {
    const tries = isRefusal(error, 'ModelUnavailable') ? '' : `${state.failures} tries in a row failed, the last: `
    return `the model at ${state.url} could not be fetched: ${tries}${problemOf(error)}`
  }
}

interface Fetch {
  machineDir: string
  cache: ModelCache
  key: string
  source: FetchedUrl
  state: FetchState
  signal: AbortSignal
}

/** A URL may hold a signature: on disk stands its hash. */
const keyOf = (source: FetchedUrl): string =>
  createHash('sha256')
    .update(source.kind === 'web' ? source.url : `s3://${source.bucket}/${source.key}`)
    .update(`\n${source.sha256 ?? ''}`)
    .digest('hex')

const pauseMs = (failures: number, { firstPauseMs, pauseMsMax }: FetchLimits): number =>
  Math.min(firstPauseMs * 2 ** (failures - 1), pauseMsMax)

/** Several addresses failed: Node's error then has no message of its own. */
function problemOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  return messageOf(error)
}

function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
