// Where the bytes of connections to instances are read, over and over: a new buffer for each read is half of what a large answer
// costs. Small messages are all read into one buffer, and what is passed on of them is copied; a large answer borrows a large
// buffer while it lasts, and its bytes are passed on as they lie there.

/** A piece of at most so many bytes is to be copied before it is passed on. */
export const smallBytes = 16 * 1024
const largeBytes = 128 * 1024
const sparesMax = 32
const spares: Buffer[] = []
const shared = Buffer.allocUnsafeSlow(smallBytes)

export class ReadSpace {
  /** Where the next bytes go. */
  buffer: Buffer = shared

  /** `count` bytes were read. `kept`: somebody still has them. `goesOn`: more of the same message will come. */
  next(count: number, kept: boolean, goesOn: boolean): void {
    const { buffer } = this
    const large = buffer !== shared
    if (!goesOn) {
      if (large && !kept && spares.length < sparesMax) spares.push(buffer)
      this.buffer = shared
    } else if (large ? kept : count === buffer.length) this.buffer = spares.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
  }
}
