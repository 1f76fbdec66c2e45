// The stream of what changes, kept open while the page is seen: browsers have few connections per server, and a page that
// nobody sees needs none. It comes back by itself, and is then told what it missed.
import type { Change } from './concerns.ts'
import { setConnected } from './connected.ts'

/** For the first time; from where it was; or after something was missed of which nobody says what it was. */
export type Begun = 'first' | 'resumed' | 'missed'

export interface Heard {
  onChanges(changes: readonly Change[]): void
  onReady(begun: Begun): void
  /** The server wants no more of this, or does not answer: perhaps nobody is signed in any longer. */
  onRefused(): void
}

/** A server that has not begun by then will not: its own bound is shorter. Without ours a connection that hangs is never left. */
const readyMs = 20_000
const firstPauseMs = 500
const pauseMsMax = 10_000

export class Connection {
  readonly #heard: Heard
  #source: EventSource | null = null
  #timer: number | null = null
  #lastId = ''
  #failures = 0

  constructor(heard: Heard) {
    this.#heard = heard
  }

  open(): void {
    if (this.#source !== null) return
    this.#clearTimer()
    const source = new EventSource(`/v1/events/stream${this.#lastId === '' ? '' : `?after=${this.#lastId}`}`)
    this.#source = source
    this.#timer = window.setTimeout(() => this.#again(), readyMs)
    source.addEventListener('ready', event => {
      const { resumed } = JSON.parse(event.data) as { resumed: boolean }
      const begun = this.#lastId === '' ? 'first' : resumed ? 'resumed' : 'missed'
      this.#failures = 0
      this.#clearTimer()
      this.#lastId = event.lastEventId
      setConnected(true)
      this.#heard.onReady(begun)
    })
    source.addEventListener('changes', event => {
      this.#lastId = event.lastEventId
      this.#heard.onChanges((JSON.parse(event.data) as { changes: Change[] }).changes)
    })
    source.addEventListener('end', () => this.#again())
    source.addEventListener('error', () => this.#again())
  }

  close(): void {
    this.#clearTimer()
    this.#source?.close()
    this.#source = null
    setConnected(false)
  }

  /** A browser gives up on its own after a refusal, and comes back all at once after a restart: the pause is ours. */
  #again(): void {
    this.close()
    this.#failures++
    if (this.#failures > 1) this.#heard.onRefused()
    const pauseMs = Math.min(pauseMsMax, firstPauseMs * 2 ** (this.#failures - 1))
    this.#timer = window.setTimeout(() => this.open(), pauseMs / 2 + (Math.random() * pauseMs) / 2)
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
