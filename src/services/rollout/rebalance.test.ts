// One that a rebalance of its group wants elsewhere: it moves as by a restart, or stays.
import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, dos, gone, running } from '../../../test/services/rollout-fixtures.ts'
import { planService } from './rollout.ts'

describe('a wish to move', () => {
  const wished = anInstance('a', { moveTo: 'm2' })
  const words = { a: running(), b: running(), r: running() }
  const replacement = anInstance('r', { machineId: 'm2', replacesId: 'a' })
  const waiting = { phase: 'waiting', machineId: null, replacesId: 'a' } as const
  const noRoom = anInstance('r', { ...waiting, waitingReason: {} })

  it('has a replacement made first, within the surge, and goes once that one serves', () => {
    const two = [wished, anInstance('b', { moveTo: 'm2' })]
    expect(dos(planService(aSnapshot({ instances: two, words, replicas: 2 })))).toEqual(['create for a'])
    expect(dos(planService(aSnapshot({ instances: [wished, replacement], words })))).toEqual(['leave a rebalanced'])
    const slow = anInstance('r', { ...waiting, phase: 'starting', machineId: 'm2' })
    const starting = { ...words, r: running({ ready: false }) }
    expect(dos(planService(aSnapshot({ instances: [wished, slow], words: starting })))).toEqual([])
  })

  it('lapses where there is no room by then, or the replacement ends: what serves stays, however many could go', () => {
    const spared = { replicas: 1, maxUnavailable: 1 }
    const withdrawn = planService(aSnapshot({ instances: [wished, noRoom], words, ...spared }))
    expect(dos(withdrawn)).toEqual(['stay a', 'end r Withdrawn'])
    const started = anInstance('r', { ...waiting, phase: 'starting', machineId: 'm2' })
    const crashed = { ...words, r: gone('Exited') }
    expect(dos(planService(aSnapshot({ instances: [wished, started], words: crashed })))).toEqual([
      'end r Exited',
      'stay a',
    ])
  })

  it('lapses for a drain, whose replacement waits on for any machine', () => {
    const draining = { machines: { m1: 'move', m2: 'stay' } } as const
    const plan = planService(aSnapshot({ instances: [wished, noRoom], words, ...draining }))
    expect(dos(plan)).toEqual(['stay a', 'place r'])
  })

  it('waits while its region is frozen', () => {
    expect(dos(planService(aSnapshot({ instances: [wished], words, frozen: true })))).toEqual([])
  })
})
