// The short cut of `npm run soak:wake`.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WakeStage } from './wake-laps.ts'

const stage = new WakeStage()
beforeAll(() => stage.open(), 120_000)
afterAll(() => stage.close(), 60_000)

test('200 requests at a service at zero wake it, and every one is answered, once', async () => {
  const result = await stage.laps({ laps: 1, requests: 200, queueMax: 0 })
  expect(result).toMatchObject({ sent: 200, answered: 200, refused: 0, lost: [], wrong: [] })
}, 60_000)

test('with room for 50 to wait, 50 are answered and the others are told to come again', async () => {
  const result = await stage.laps({ laps: 1, requests: 200, queueMax: 50 })
  expect(result).toMatchObject({ sent: 200, answered: 50, refused: 150, lost: [], wrong: [] })
}, 60_000)
