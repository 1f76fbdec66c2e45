// A way to PostgreSQL that can be cut where it hurts most: right after a COMMIT was handed on, so that it is done, or not, and
// who asked for it never learns which.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Reads what clients send to PostgreSQL, message by message: all but the first have a type before their length. */
class ClientMessages {
  #rest = Buffer.alloc(0)
  #skip = 0
  #started = false
  /** What it said first: its user, its database, what it calls itself. */
  hello = ''

  /** Whether the bytes end with a COMMIT by itself. */
  endsWithCommit(bytes: Buffer): boolean {
    let last = ''
    let data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      const skipped = Math.min(this.#skip, data.length)
      data = data.subarray(skipped)
      this.#skip -= skipped
      const head = this.#started ? 5 : 4
      if (data.length < head) break
      const length = data.readInt32BE(head - 4) + head - 4
      const type = this.#started ? String.fromCharCode(data[0] ?? 0) : ''
      if (type === 'Q' && length < 64) {
        if (data.length < length) break
        last = data.toString('latin1', head, length - 1)
      } else last = ''
      if (!this.#started) this.hello = data.toString('latin1', 0, length)
      this.#started = true
      this.#skip = length
    }
    this.#rest = Buffer.from(data)
    return last.toLowerCase() === 'commit'
  }
}

export class CuttingProxy {
  /** Commits that were cut. */
  cuts = 0
  readonly #socketPath: string
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #onCommit: (() => void) | null = null
  #whose = ''

  constructor(socketPath: string) {
    this.#socketPath = socketPath
    this.#server = createServer(client => this.#accept(client))
  }

  async listen(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', () => resolve()))
  }

  get url(): string {
    return `postgresql://berth@127.0.0.1:${(this.#server.address() as AddressInfo).port}/berth`
  }

  /**
   * The next COMMIT, of anybody or of those who call themselves so, is handed on and cut; resolves then, or once the time is over,
   * with whether one came.
   */
  cutNext(
    withinMs: number,
    { atOnce = () => {}, whose = '' }: { atOnce?: () => void; whose?: string } = {},
  ): Promise<boolean> {
    this.#whose = whose
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#onCommit = null
        resolve(false)
      }, withinMs)
      this.#onCommit = () => {
        clearTimeout(timer)
        this.#onCommit = null
        this.cuts++
        atOnce()
        resolve(true)
      }
    })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#open) socket.destroy()
    await closed
  }

  #accept(client: Socket): void {
    const server = connect(this.#socketPath)
    const messages = new ClientMessages()
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      this.#open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#open.delete(socket))
    }
    client.on('data', (bytes: Buffer) => {
      const isCommit = messages.endsWithCommit(bytes)
      if (!isCommit || this.#onCommit === null || !messages.hello.includes(this.#whose)) {
        server.write(bytes)
        return
      }
      // What it says to that reaches nobody.
      server.end(bytes)
      client.destroy()
      this.#onCommit()
    })
    server.on('data', (bytes: Buffer) => {
      if (!client.destroyed) client.write(bytes)
    })
    client.on('close', () => server.end())
    server.on('close', () => client.destroy())
  }
}
