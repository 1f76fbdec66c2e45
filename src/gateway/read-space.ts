// Where the bytes of a connection are read, over and over: a new buffer for each read is half of what a large answer costs.
// Small messages and idle connections have a small buffer each; a large answer borrows a large one while it lasts.

const smallBytes = 16 * 1024
const largeBytes = 128 * 1024
const sparesMax = 32
const spares: Buffer[] = []

export class ReadSpace {
  /** Where the next bytes go. */
  buffer: Buffer
  #small: Buffer

  constructor() {
    this.#small = Buffer.allocUnsafeSlow(smallBytes)
    this.buffer = this.#small
  }

  /** `count` bytes were read. `kept`: somebody still has them. `goesOn`: more of the same message will come. */
  next(count: number, kept: boolean, goesOn: boolean): void {
    const { buffer } = this
    const large = buffer !== this.#small
    if (kept && !large) this.#small = Buffer.allocUnsafeSlow(smallBytes)
    if (!goesOn) {
      if (large && !kept && spares.length < sparesMax) spares.push(buffer)
      this.buffer = this.#small
    } else if (large ? kept : count === buffer.length) {
      this.buffer = spares.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
    } else if (kept) this.buffer = this.#small
  }
}
