// Heads on their way out. Those that are made in one turn of the event loop are written together at its end: whoever waits for
// them is woken once for several, and waking is much of what a small message costs. No more than a few wait for each other.
import type { Socket } from 'node:net'
import { WriteSpace } from './write-space.ts'

const togetherMax = 16

export class Sending {
  readonly space = new WriteSpace()
  /** In the order in which they were made; of each socket's messages in one turn, the first holds the others back. */
  readonly #sockets: Socket[] = []
  readonly #parts: Buffer[] = []
  #scheduled = false
  readonly #atEnd = (): void => {
    this.#scheduled = false
    this.flush()
  }

  /** A whole message, made in `space`. False: the socket takes no more for now. */
  send(socket: Socket, message: Buffer): boolean {
    socket.cork()
    const flowing = socket.write(message)
    this.#sockets.push(socket)
    this.#parts.push(message)
    if (this.#sockets.length >= togetherMax) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#atEnd)
    }
    return flowing
  }

  /** The first of a message that goes on: at once, since what follows it may not be held back. */
  begin(socket: Socket, first: Buffer): boolean {
    if (socket.writableCorked > 0) this.flush()
    const flowing = socket.write(first)
    if (socket.writableLength === 0) this.space.giveBack(first)
    return flowing
  }

  /** Before what takes longer than a message: none is to wait for it. */
  flush(): void {
    if (this.#sockets.length === 0) return
    for (const socket of this.#sockets) socket.uncork()
    for (let index = 0; index < this.#sockets.length; index++) {
      if ((this.#sockets[index] as Socket).writableLength === 0) this.space.giveBack(this.#parts[index] as Buffer)
    }
    this.#sockets.length = 0
    this.#parts.length = 0
  }
}
