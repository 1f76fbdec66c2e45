// What a plan costs: counted, not timed, as how often it looks at a field of a service instance.
import { expect, test } from 'vitest'
import { anInstance, aSnapshot, running } from '../../../test/services/rollout-fixtures.ts'
import type { ServiceInstance } from '../service-instance.ts'
import { planService } from './rollout.ts'

const noRoom = { code: 'NoRoom', message: 'needs more' }
const waiting = { phase: 'waiting', version: 2, machineId: null, waitingReason: noRoom } as const

const cases: [string, Parameters<typeof aSnapshot>[0], (n: number) => ServiceInstance[]][] = [
  ['nothing to do', {}, () => []],
  ['an update of all, one at once', { version: 2 }, () => []],
  ['an update of all at once', { version: 2, maxSurge: 10_000 }, () => []],
  ['a drain of all', { machines: { m1: 'move' } }, () => []],
  ['the end of all', { replicas: 0 }, () => []],
  [
    'an update for which there is no room at all',
    { version: 2, maxSurge: 10_000, maxUnavailable: 0 },
    n => Array.from({ length: n }, (_, index) => anInstance(`r${index}`, { ...waiting, replacesId: `i${index}` })),
  ],
]

/** Looks for each instance of a service of so many. */
function looksEach(count: number, change: Parameters<typeof aSnapshot>[0], more: ServiceInstance[]): number {
  let looks = 0
  const counted = (instance: ServiceInstance): ServiceInstance =>
    new Proxy(instance, {
      get(target, name) {
        looks++
        return Reflect.get(target, name)
      },
    })
  const own = Array.from({ length: count }, (_, index) => anInstance(`i${index}`))
  const words = Object.fromEntries(own.map(({ id }) => [id, running()]))
  planService(aSnapshot({ replicas: count, words, ...change, instances: [...own, ...more].map(counted) }))
  return looks / count
}

test.each(cases)('%s costs each instance the same in a service of 100 and of 3,000', (_, change, more) => {
  const few = looksEach(100, change, more(100))
  // What is put in order is compared more often the more there is: as the logarithm, and no more.
  expect(looksEach(3_000, change, more(3_000))).toBeLessThan(few * 2)
})
