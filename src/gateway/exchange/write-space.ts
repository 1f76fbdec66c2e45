// Where heads are put together: one space for all connections, since what a socket has taken is not needed any longer, and a
// buffer for each head is most of what the garbage collector had to do.

// The global of this name is looked up anew with each use.
import { Buffer } from 'node:buffer'

const spaceBytes = 64 * 1024
/** What is larger has a buffer of its own. */
const largestBytes = 32 * 1024

export class WriteSpace {
  #space = new ArrayBuffer(spaceBytes)
  #at = 0
  /** Parts of the space that were not given back. */
  #taken = 0

  /** So many bytes to write into: nobody else's, unless they are given back. */
  take(size: number): Buffer {
    if (size > largestBytes) return Buffer.allocUnsafeSlow(size)
    if (this.#at + size > spaceBytes) {
      // The old one stays for as long as somebody needs a part of it.
      this.#space = new ArrayBuffer(spaceBytes)
      this.#at = 0
      this.#taken = 0
    }
    const part = Buffer.from(this.#space, this.#at, size)
    this.#at += size
    this.#taken++
    return part
  }

  /** Nobody needs it any longer. */
  giveBack(part: Buffer): void {
    if (part.buffer === this.#space && --this.#taken === 0) this.#at = 0
  }
}
