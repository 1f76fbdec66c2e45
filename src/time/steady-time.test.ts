// The wall clock against the time since boot: what is a jump, and when time is believed again (Q26).
import { describe, expect, test } from 'vitest'
import { firstState, nextState, type Reading, type TimeState } from './steady-time.ts'

const start = Temporal.Instant.from('2026-03-01T00:00:00Z')
/** `passed` minutes of real time, on a clock that is `off` minutes off. */
const reading = (passed: number, off = 0): Reading => ({
  wall: start.add({ minutes: passed + off }),
  sinceBootMs: passed * 60_000,
})
const day = 1_440

/** Looks every minute from `from` until `until`; answers the state at the end. */
function look(state: TimeState, from: number, until: number, off: number): TimeState {
  for (let passed = from; passed <= until; passed++) state = nextState(state, reading(passed, off))
  return state
}

describe('time', () => {
  const begun = firstState(reading(0), null, null)

  test('that passes in step with the time since boot is steady, for a night of sleep too', () => {
    expect(nextState(begun, reading(8 * 60)).is).toBe('steady')
    expect(nextState(begun, reading(365 * day)).is).toBe('steady')
  })

  test('that is slewed little by little stays steady, however far it gets', () => {
    let state = begun
    for (let n = 1; n <= 100; n++) state = nextState(state, reading(n * 10, n * 4))
    expect(state.is).toBe('steady')
  })

  test.each([
    ['an hour back', -60, 'behind'],
    ['a year forward', 365 * day, 'ahead'],
    ['six minutes forward', 6, 'ahead'],
  ])('set %s is paused, and steady again once it is set right', (_, off, reason) => {
    const paused = nextState(begun, reading(1, off))
    expect(paused).toMatchObject({ is: 'paused', reason })
    expect(nextState(paused, reading(10, off)).is).toBe('paused')
    expect(nextState(paused, reading(11, 0)).is).toBe('steady')
  })

  test('set a year forward is not believed however long it stands', () => {
    expect(look(begun, 1, 3 * day, 365 * day).is).toBe('paused')
  })

  test('set forward by less than a day is believed after an hour', () => {
    expect(look(begun, 1, 60, 120).is).toBe('paused')
    expect(look(begun, 1, 62, 120).is).toBe('steady')
  })

  test('set back is believed once it has passed where it was', () => {
    expect(look(begun, 1, 59, -60).is).toBe('paused')
    expect(look(begun, 1, 61, -60).is).toBe('steady')
  })

  test('that jumps again while it is paused is believed an hour after the last jump', () => {
    const once = look(begun, 1, 50, 120)
    const twice = look(once, 51, 70, 240)
    expect(twice.is).toBe('paused')
    expect(look(twice, 71, 112, 240).is).toBe('steady')
  })
})

describe('after a boot', () => {
  test('a clock behind what was seen is paused until it has caught up', () => {
    const paused = firstState(reading(0), start.add({ minutes: 30 }), null)
    expect(paused).toMatchObject({ is: 'paused', reason: 'behind' })
    expect(look(paused, 1, 29, 0).is).toBe('paused')
    expect(look(paused, 1, 31, 0).is).toBe('steady')
  })

  test('a week in which nobody ran is no jump', () => {
    expect(firstState(reading(0), start.subtract({ hours: 7 * 24 }), null).is).toBe('steady')
  })

  test('a clock that was not believed is still not', () => {
    const yearAhead = start.add({ hours: 365 * 24 })
    const state = firstState(reading(5, 365 * day), start, yearAhead)
    expect(state).toMatchObject({ is: 'paused', reason: 'ahead' })
    expect(firstState(reading(5), start, yearAhead).is).toBe('steady')
  })
})
