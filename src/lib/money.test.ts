import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fenMax, formatFen, formatMicros, parseMicros, parseYuan, roundHalfUpToFen, splitByWeight } from './money.ts'

describe('rounding to fen', () => {
  it('is half-up, away from zero on either side', () => {
    const cases: [micros: bigint, fen: bigint][] = [
      [4_999n, 0n],
      [5_000n, 1n],
      [14_999n, 1n],
      [15_000n, 2n],
      [-4_999n, 0n],
      [-5_000n, -1n],
    ]
    for (const [micros, fen] of cases) expect(roundHalfUpToFen(micros)).toBe(fen)
    // 0.06 an hour for 5 minutes is exactly half a fen.
    expect(roundHalfUpToFen(60_000n * 5n, 60n)).toBe(1n)
    expect(roundHalfUpToFen(60_000n * 4n, 60n)).toBe(0n)
  })

  it('is never further than half a fen from what is exact', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(1n, 10n ** 6n), (micros, per) => {
        const off = 2n * (roundHalfUpToFen(micros, per) * 10_000n * per - micros)
        expect(off <= 10_000n * per && off >= -10_000n * per).toBe(true)
      }),
    )
  })
})

describe('a split', () => {
  it('sums to its total to the last fen, no part further than a fen from its share', () => {
    const weights = fc.array(fc.bigInt(0n, 10n ** 9n), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 12n), weights, (total, parts) => {
        const sum = parts.reduce((a, b) => a + b, 0n)
        fc.pre(sum > 0n)
        const split = splitByWeight(total, parts)
        expect(split.reduce((a, b) => a + b, 0n)).toBe(total)
        for (const [index, weight] of parts.entries()) {
          const off = (split[index] ?? 0n) * sum - total * weight
          expect(off < sum && off > -sum).toBe(true)
        }
      }),
    )
  })

  it('gives the odd fen to the largest remainder, and the earlier of two alike', () => {
    expect(splitByWeight(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n])
    expect(splitByWeight(100n, [1n, 2n, 3n])).toEqual([17n, 33n, 50n])
  })
})

describe('money as people write it', () => {
  it('is read and shown to the fen, whatever the size', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 16n), 10n ** 16n), fen => parseYuan(formatFen(fen)) === fen))
    expect(formatFen(-5n)).toBe('-0.05')
    expect(formatFen(fenMax)).toBe('92233720368547758.07')
    expect(['12', '12.5', ' 12.34 '].map(parseYuan)).toEqual([1200n, 1250n, 1234n])
    expect(['', '1e3', '1.234', '1,000', '٣', '0x10', '.5'].map(parseYuan)).toEqual(Array(7).fill(null))
  })

  it('is a unit price in micro-yuan', () => {
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 16n), micros => parseMicros(formatMicros(micros)) === micros))
    expect([123n, 1_500_000n, 60_000n].map(formatMicros)).toEqual(['0.000123', '1.50', '0.06'])
    expect(['-1', '1.1234567', ''].map(parseMicros)).toEqual([null, null, null])
  })
})
