import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkChecker } from './chunked.ts'

const hex = (size: number): string => size.toString(16)

test('however a body is cut into pieces, its end is found at the same byte', () => {
  const chunk = fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.array(fc.nat(200), { maxLength: 8 }), (chunks, cuts) => {
      const framed = chunks.map(part => `${hex(part.length)};a=b\r\n${part}\r\n`).join('')
      const bytes = Buffer.from(`${framed}0\r\nX-T: 1\r\n\r\nGET /next`, 'latin1')
      const end = bytes.length - 'GET /next'.length
      const checker = new ChunkChecker()
      let at = 0
      for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
        const until = Math.min(cut, bytes.length)
        if (!checker.done && until > at) at = checker.feed(bytes, at, until)
      }
      expect([checker.done, at]).toEqual([true, end])
      expect(checker.bodyBytes).toBe(chunks.join('').length)
    }),
  )
})

test('a checker that was reset starts anew', () => {
  const checker = new ChunkChecker()
  const bytes = Buffer.from('3\r\nabc\r\n0\r\n\r\n')
  for (let i = 0; i < 2; i++) {
    checker.reset()
    expect(checker.feed(bytes, 0, bytes.length)).toBe(bytes.length)
    expect([checker.done, checker.bodyBytes]).toEqual([true, 3])
  }
})

test('a chunk may be as large as 12 hexadecimal digits say, and no larger', () => {
  const feed = (text: string) => new ChunkChecker().feed(Buffer.from(text), 0, text.length)
  expect(feed('ffffffffffff\r\n')).toBe(14)
  expect(feed('fffffffffffff\r\n')).toBe(-1)
})

test('trailers end somewhere', () => {
  const long = Buffer.from(`0\r\n${'X-T: 1\r\n'.repeat(2_000)}\r\n`)
  expect(new ChunkChecker().feed(long, 0, long.length)).toBe(-1)
})
