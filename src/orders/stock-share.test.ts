import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type StockClaim, shareStock } from './stock-share.ts'

const all = (wanted: number): StockClaim => ({ wanted, partialOk: false, waits: false })
const part = (wanted: number): StockClaim => ({ wanted, partialOk: true, waits: false })
const waitsForAll = (wanted: number): StockClaim => ({ wanted, partialOk: false, waits: true })
const waitsForRest = (wanted: number): StockClaim => ({ wanted, partialOk: true, waits: true })

test.each<[string, number, StockClaim[], number[]]>([
  ['there is enough for everybody', 10, [all(3), part(4), waitsForAll(3)], [3, 4, 3]],
  ['nothing is there', 0, [all(1), part(1), waitsForAll(1), waitsForRest(1)], [0, 0, 0, 0]],
  ['who wants all or nothing and does not wait is passed over', 2, [all(3), all(2)], [0, 2]],
  ['who takes fewer takes what there is', 2, [part(3), all(1)], [2, 0]],
  ['who waits for all keeps its place: what there is stays for it', 6, [waitsForAll(8), part(2), all(1)], [0, 0, 0]],
  ['who paid before somebody who waits is served first', 6, [all(2), waitsForAll(8), part(2)], [2, 0, 0]],
  ['who waits for the rest takes it as it comes', 1, [waitsForRest(2), waitsForRest(2)], [1, 0]],
  ['there is exactly enough', 8, [waitsForAll(8), part(1)], [8, 0]],
  ['less than nothing is left after the operator took stock back', -3, [part(2)], [0]],
])('%s', (_name, free, claims, shares) => {
  expect(shareStock(free, claims)).toEqual(shares)
})

test('never more than there is, never more than was wanted, never a part of all or nothing', () => {
  const claim = fc.record({ wanted: fc.integer({ min: 1, max: 20 }), partialOk: fc.boolean(), waits: fc.boolean() })
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 60 }), fc.array(claim, { maxLength: 12 }), (free, claims) => {
      const shares = shareStock(free, claims)
      expect(shares.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(Math.max(0, free))
      shares.forEach((share, i) => {
        const { wanted = 0, partialOk = false } = claims[i] ?? {}
        expect(share === 0 || share === wanted || (partialOk && share > 0 && share < wanted)).toBe(true)
      })
    }),
  )
})
