// Where heads are put together: one space for all connections, since what a socket takes at once is not needed any longer, and
// a buffer for each head is most of what the garbage collector had to do.

const spaceBytes = 64 * 1024
/** What is larger has a buffer of its own. */
const largestBytes = 32 * 1024

export class WriteSpace {
  #space = new ArrayBuffer(spaceBytes)
  #at = 0
  #last: Buffer | null = null

  /** So many bytes to write into: nobody else's, unless they are given back. */
  take(size: number): Buffer {
    if (size > largestBytes) return Buffer.allocUnsafeSlow(size)
    if (this.#at + size > spaceBytes) {
      this.#space = new ArrayBuffer(spaceBytes)
      this.#at = 0
    }
    this.#last = Buffer.from(this.#space, this.#at, size)
    this.#at += size
    return this.#last
  }

  /** Nobody needs them any longer. Where others were taken since, they are left to the collector, with their space. */
  giveBack(taken: Buffer): void {
    if (taken !== this.#last) return
    this.#at -= taken.length
    this.#last = null
  }
}
