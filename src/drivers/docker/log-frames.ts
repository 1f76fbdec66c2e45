// The engine's log stream: frames of a header (which of stdout and stderr, how long) and one message each. A message is a
// line, or a piece of 16 KiB of a longer one.

export interface Frame {
  stream: number
  message: Buffer
}

const headerBytes = 8
const newline = 0x0a
/** A longer line is given in pieces, as the agent's reader does. */
const lineMax = 64 * 1024

export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = frameEnd(rest); end <= rest.length; end = frameEnd(rest)) {
      yield { stream: rest[0] ?? 0, message: rest.subarray(headerBytes, end) }
      rest = rest.subarray(end)
    }
  }
}

const frameEnd = (bytes: Buffer): number =>
  bytes.length < headerBytes ? Number.POSITIVE_INFINITY : headerBytes + bytes.readUInt32BE(4)

/** A message that was asked for with its time (`2026-03-01T12:00:00.123456789Z text`): in which second it came, and what. */
export function splitStamp(message: Buffer): { second: string; text: Buffer } {
  return { second: message.toString('latin1', 0, secondLength), text: message.subarray(message.indexOf(' ') + 1) }
}

const secondLength = '2026-03-01T12:00:00'.length

/** Pieces of a line put together, so that a line of the other stream does not come between them. */
export class Joined {
  readonly #unfinished = new Map<number, Buffer>()

  /** What is whole with this: lines, or a piece of one that is too long. Nothing while more must come. */
  add(stream: number, text: Buffer): Buffer {
    const bytes = Buffer.concat([this.#unfinished.get(stream) ?? nothing, text])
    const whole = bytes.at(-1) === newline || bytes.length > lineMax
    this.#unfinished.set(stream, whole ? nothing : bytes)
    return whole ? bytes : nothing
  }

  rest = (): Buffer[] => [...this.#unfinished.values()].filter(({ length }) => length > 0)
}

const nothing = Buffer.alloc(0)

/** Lines of both streams as they are finished; what is unfinished at the end is given then. */
export async function* linesOfFrames(frames: AsyncIterable<Frame>): AsyncGenerator<string> {
  const joined = new Joined()
  for await (const { stream, message } of frames) {
    const bytes = joined.add(stream, message)
    if (bytes.length > 0) yield* splitLines(bytes)
  }
  for (const bytes of joined.rest()) yield* splitLines(bytes)
}

const splitLines = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\n')
    .map(line => line.replace(/\r$/, ''))
