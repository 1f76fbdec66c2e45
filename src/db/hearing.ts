// Hears what transactions of any process notify on a channel of PostgreSQL, over a connection of its own. A nudge, no more: what
// is notified while the connection is away is lost, so whoever hears also looks by a timer. (Behind a pooler that gives a
// connection to each transaction nothing is heard: pooler.ts.)
import pg from 'pg'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'

export interface HearingOptions {
  connectionString: string
  channels: readonly string[]
  log: Logger
  /** Something was notified on a channel; null: it may have been on any, while the connection was away. */
  onHeard(channel: string | null): void
}

const pauseMs = 2_000

export class Hearing {
  readonly #options: HearingOptions
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: HearingOptions) {
    this.#options = options
  }

  /** Ends when it hears, or when it has failed and the next try is set; it never rejects. */
  async start(): Promise<void> {
    const { connectionString, channels, log, onHeard } = this.#options
    const client = new pg.Client({ connectionString, application_name: 'berth-hearing', keepAlive: true })
    this.#client = client
    client.on('notification', ({ channel }) => onHeard(channel))
    client.on('error', () => {}) // 'end' follows.
    client.on('end', () => this.#again(client))
    try {
      await client.connect()
      for (const channel of channels) await client.query(`listen ${client.escapeIdentifier(channel)}`)
      onHeard(null)
    } catch (error) {
      log.warn(
        { channels, error: messageOf(error) },
        'changes of other processes are not heard of at once; trying again',
      )
      await client.end().catch(() => {})
      this.#again(client)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  #again(client: pg.Client): void {
    if (this.#stopped || client !== this.#client) return
    this.#client = null
    this.#timer = setTimeout(() => void this.start(), pauseMs)
  }
}
