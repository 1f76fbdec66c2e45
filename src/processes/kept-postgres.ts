// The embedded database under the supervisor: started, and started again when it ends by itself. Its socket stays the same,
// so those who use it only see it come back.
import { setTimeout as delay } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbedded } from '../db/embedded.ts'
import type { Logger } from '../lib/log.ts'

const pauseMs = 500

export class KeptPostgres {
  onStart: (pid: number) => void = () => {}
  readonly #dataDir: string
  readonly #log: Logger
  #server: EmbeddedPostgres
  #stopping = false

  private constructor(dataDir: string, log: Logger, server: EmbeddedPostgres) {
    this.#dataDir = dataDir
    this.#log = log
    this.#server = server
    void this.#keep()
  }

  static async start(dataDir: string, log: Logger): Promise<KeptPostgres> {
    return new KeptPostgres(dataDir, log, await startEmbedded({ dataDir, log }))
  }

  get pid(): number {
    return this.#server.pid
  }

  get url(): string {
    return this.#server.url
  }

  get adopted(): boolean {
    return this.#server.adopted
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#server.stop()
  }

  async #keep(): Promise<void> {
    while (!this.#stopping) {
      await this.#server.exited
      if (this.#stopping) return
      this.#log.warn({ pid: this.#server.pid }, 'the database ended; starting it again')
      await this.#server.stop() // It has ended; this gives the directory free.
      await this.#again()
    }
  }

  async #again(): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#server = await startEmbedded({ dataDir: this.#dataDir, log: this.#log })
        this.onStart(this.#server.pid)
        return
      } catch (error) {
        this.#log.error({ err: error }, 'the database did not come back; trying again')
        await delay(pauseMs)
      }
    }
  }
}
