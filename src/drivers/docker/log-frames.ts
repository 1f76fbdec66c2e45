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

/** Lines of both streams as they are finished; what is unfinished at the end is given then. */
export async function* linesOfFrames(frames: AsyncIterable<Frame>): AsyncGenerator<string> {
  const unfinished = new Map<number, Buffer>()
  for await (const { stream, message } of frames) {
    const bytes = Buffer.concat([unfinished.get(stream) ?? Buffer.alloc(0), message])
    const whole = bytes.at(-1) === newline || bytes.length > lineMax
    if (whole) yield* splitLines(bytes)
    unfinished.set(stream, whole ? Buffer.alloc(0) : bytes)
  }
  for (const bytes of unfinished.values()) if (bytes.length > 0) yield* splitLines(bytes)
}

const splitLines = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\n')
    .map(line => line.replace(/\r$/, ''))
