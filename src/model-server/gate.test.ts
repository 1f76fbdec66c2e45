import { expect, it } from 'vitest'
import { Gate } from './gate.ts'

/** Work that stays inside until it is let go. */
function works(gate: Gate, count: number) {
  const started: number[] = []
  const letGo: (() => void)[] = []
  const results = Array.from({ length: count }, (_, at) =>
    gate.pass(() => {
      started.push(at)
      return new Promise<number>(resolve => {
        letGo[at] = () => resolve(at)
      })
    }),
  )
  return { started, letGo, results }
}

it('lets so many in at a time, the next in the order they came, and refuses when the queue is full', async () => {
  const { started, letGo, results } = works(new Gate(2, 2), 5)
  await expect(results[4]).rejects.toMatchObject({ code: 'Busy' })
  expect(started).toEqual([0, 1])
  letGo[1]?.()
  await results[1]
  await expect.poll(() => started).toEqual([0, 1, 2])
  letGo[0]?.()
  await expect.poll(() => started).toEqual([0, 1, 2, 3])
  letGo[2]?.()
  letGo[3]?.()
  expect(await Promise.all(results.slice(0, 4))).toEqual([0, 1, 2, 3])
})

it('a failure frees its place', async () => {
  const gate = new Gate(1, 0)
  await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await gate.pass(async () => 'yes')).toBe('yes')
})
