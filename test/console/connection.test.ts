// The console's hold on the stream of what changes: when it is given up, and where it goes on.
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Change } from '../../console/live/concerns.ts'

interface Held {
  open(): void
  close(): void
}
interface Heard {
  onChanges(changes: readonly Change[]): void
  onReady(begun: string): void
  onRefused(): void
}

// Named by a variable: the compiler must not take the browser's sources into the types of Node.
const [source, sign] = ['../../console/live/connection.ts', '../../console/live/connected.ts']
const { isConnected } = (await import(sign ?? '')) as { isConnected(): boolean }
const { Connection } = (await import(source ?? '')) as { Connection: new (heard: Heard) => Held }

/** In place of the browser's: says what it is told to. */
class Source {
  static readonly all: Source[] = []
  readonly url: string
  closed = false
  readonly #listeners = new Map<string, (event: { data: string; lastEventId: string }) => void>()
  constructor(url: string) {
    this.url = url
    Source.all.push(this)
  }
  addEventListener(name: string, listener: (event: { data: string; lastEventId: string }) => void) {
    this.#listeners.set(name, listener)
  }
  close() {
    this.closed = true
  }
  say(name: string, data: object, lastEventId = '') {
    this.#listeners.get(name)?.({ data: JSON.stringify(data), lastEventId })
  }
}

beforeEach(() => {
  Source.all.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('EventSource', Source)
  onTestFinished(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
})

function connect() {
  const heard = { onChanges: vi.fn(), onReady: vi.fn(), onRefused: vi.fn() }
  const connection = new Connection(heard)
  onTestFinished(() => connection.close())
  connection.open()
  return heard
}

test('a stream that does not begin is given up, and tried anew', () => {
  const heard = connect()
  vi.advanceTimersByTime(19_000)
  expect(Source.all).toHaveLength(1)
  vi.advanceTimersByTime(2_000)
  expect(Source.all.map(({ closed }) => closed)).toEqual([true, false])
  Source.all[1]?.say('ready', { resumed: false }, '7')
  expect(heard.onReady).toHaveBeenCalledWith('first')
  expect(isConnected()).toBe(true)
  // Once it has begun it may be silent for as long as nothing happens.
  vi.advanceTimersByTime(3_600_000)
  expect(Source.all).toHaveLength(2)
})

test('a server whose database is silent is left, and asked for what was missed once it is back', () => {
  const heard = connect()
  Source.all[0]?.say('ready', { resumed: false }, '7')
  Source.all[0]?.say('changes', { changes: [] }, '9')
  Source.all[0]?.say('end', { because: 'database' })
  expect(isConnected()).toBe(false)
  vi.advanceTimersByTime(1_000)
  expect(Source.all[1]?.url).toBe('/v1/events/stream?after=9')
  // Refused while it lasts: again, with longer pauses.
  for (let refused = 1; refused <= 5; refused++) {
    Source.all.at(-1)?.say('error', {})
    vi.advanceTimersByTime(10_000)
  }
  expect(Source.all).toHaveLength(7)
  Source.all[6]?.say('ready', { resumed: true }, '12')
  expect(heard.onReady).toHaveBeenLastCalledWith('resumed')
})
