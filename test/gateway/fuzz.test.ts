import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'

test("nothing is passed on that Node's parser frames otherwise (`npm run fuzz:gateway`, 20,000 inputs of it)", () => {
  const inputs = 20_000
  const { passed, refused, differing } = fuzz({ seed: 'gateway-heads', inputs })
  expect(differing).toEqual([])
  // The fuzzer reaches both sides: many inputs get through, many are refused.
  expect(passed).toBeGreaterThan(inputs / 8)
  expect(refused).toBeGreaterThan(inputs / 4)
})
