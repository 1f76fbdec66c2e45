import { expect, test } from 'vitest'
import { freshDb } from '../postgres.ts'
import { liveYear } from './metering-year.ts'

test('every postpaid minute is billed once, by billers that are killed, two at once and days late', async () => {
  const [calm, wild] = [await freshDb(), await freshDb()]
  try {
    const result = await liveYear({ seed: 7, machines: 20, days: 15, kills: 10 }, calm, wild)
    expect(result.wrong).toEqual([])
    expect(result.unpaired).toBe(0)
    expect(result.kills).toBe(10)
    expect(result.minutes).toBeGreaterThan(10_000)
  } finally {
    await calm.close()
    await wild.close()
  }
})
