import { expect, test } from 'vitest'
import { framesOf, linesOfFrames, splitStamp } from './log-frames.ts'

function frame(stream: number, text: string): Buffer {
  const message = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(message.length, 4)
  return Buffer.concat([header, message])
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const whole = Buffer.concat([
  ...[frame(1, 'hello\n'), frame(2, '警告\n'), frame(1, 'a line in '), frame(2, 'between\n'), frame(1, 'pieces\r\n')],
  ...[frame(1, ''), frame(1, 'the last')],
])

test.each([1, 2, 7, 8, 9, 1_000])('lines of both streams are told apart, in chunks of %i bytes', async size => {
  const lines = await Array.fromAsync(linesOfFrames(framesOf(cut(whole, size))))
  expect(lines).toEqual(['hello', '警告', 'between', 'a line in pieces', 'the last'])
})

test('a line without end is given in pieces', async () => {
  const endless = Buffer.concat(Array.from({ length: 9 }, () => frame(1, 'x'.repeat(16_384))))
  const lines = await Array.fromAsync(linesOfFrames(framesOf(cut(endless, 5_000))))
  expect(lines.map(line => line.length)).toEqual([81_920, 65_536])
})

test('a message is split from its time', () => {
  const { second, text } = splitStamp(Buffer.from('2026-03-01T12:00:00.123456789Z a b\n'))
  expect([second, text.toString()]).toEqual(['2026-03-01T12:00:00', 'a b\n'])
})
