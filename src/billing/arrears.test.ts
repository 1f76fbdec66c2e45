// Which step follows for an account, one row a case (A13).
import { expect, test } from 'vitest'
import { nextLook, nextStep, type OpenArrears, type Standing } from './arrears.ts'

const since = Temporal.Instant.from('2026-03-01T00:00:00Z')
const at = (hours: number) => since.add({ hours })
const open = (more: Partial<OpenArrears> = {}): OpenArrears => ({
  ...{ arrearsId: 'arr-1', since, stopsAt: at(24), stoppedAt: null, releasedAt: null },
  ...more,
})
const runway = (seconds: number | null) => ({ burnPerDayFen: 4_80n, seconds })
const plenty: Standing = {
  ...{ availableFen: 100_00n, runway: runway(500 * 3600), lowSince: null, arrears: null },
  ...{ running: 2, stopped: 0, told: false },
}
const stopped = { running: 0, stopped: 2, arrears: open({ stoppedAt: at(24) }), availableFen: -1n }

test.each<[string, Partial<Standing>, number, ReturnType<typeof nextStep>]>([
  ['money for long', {}, 0, 'nothing'],
  ['money for 72 hours', { runway: runway(72 * 3600) }, 0, 'nothing'],
  ['a second less', { runway: runway(72 * 3600 - 1) }, 0, 'tell_low'],
  ['low, and told', { runway: runway(60), lowSince: since }, 1, 'nothing'],
  ['low no longer', { lowSince: since }, 1, 'forget_low'],
  ['nothing is used any more', { runway: runway(null), lowSince: since }, 1, 'forget_low'],
  ['exactly nothing left', { availableFen: 0n, runway: runway(0), lowSince: since }, 1, 'nothing'],
  ['a fen is owed', { availableFen: -1n, runway: runway(0), lowSince: since }, 1, 'begin'],
  ['a fen is owed, and nobody was told before', { availableFen: -1n, runway: runway(0) }, 1, 'begin'],
  ['a fen is owed, and nothing runs', { availableFen: -1n, runway: runway(null), running: 0 }, 1, 'begin'],
  ['in grace', { availableFen: -500n, arrears: open() }, 23.9, 'nothing'],
  ['paid in grace', { availableFen: 0n, arrears: open() }, 23, 'clear'],
  ['paid in grace but for a fen', { availableFen: -1n, arrears: open() }, 23, 'nothing'],
  ['the end of grace', { availableFen: -500n, arrears: open() }, 24, 'stop'],
  ['the end of grace, with nothing to stop', { availableFen: -5n, arrears: open(), running: 0 }, 24, 'nothing'],
  ['stopped but for some', { ...stopped, running: 1, arrears: open() }, 24, 'stop'],
  ['stopped', stopped, 25, 'nothing'],
  ['one more delivered meanwhile', { ...stopped, running: 1 }, 25, 'stop'],
  ['paid but for a fen', stopped, 100, 'nothing'],
  ['paid to the fen', { ...stopped, availableFen: 0n }, 100, 'clear'],
  ['kept', { ...stopped, told: true }, 24 + 359, 'nothing'],
  ['kept long enough', { ...stopped, told: true }, 24 + 360, 'release'],
  ['kept long enough, but told too late', stopped, 24 + 360, 'nothing'],
  ['released', { ...stopped, stopped: 0, told: true }, 24 + 361, 'nothing'],
  ['paid after all was released', { ...stopped, stopped: 0, availableFen: 0n }, 24 + 361, 'clear'],
  ['paid, and not yet started again', { stopped: 2, running: 0 }, 100, 'resume'],
  ['paid, and owing again before all are started', { stopped: 2, availableFen: -1n }, 100, 'resume'],
])('%s', (_, standing, hours, step) => {
  expect(nextStep({ ...plenty, ...standing }, since.add({ minutes: hours * 60 }))).toBe(step)
})

test('an account is looked at every ten minutes, every minute where money is short', () => {
  const minutes = (standing: Partial<Standing>) =>
    since.until(nextLook({ ...plenty, ...standing }, since)).total('minutes')
  expect([minutes({}), minutes({ lowSince: since }), minutes({ availableFen: -1n })]).toEqual([10, 1, 1])
})
