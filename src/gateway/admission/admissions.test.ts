import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AdmissionOffice, type FromDesk } from './admission-desk.ts'
import type { Bounds } from './admissions.ts'

const free: Bounds = { rateLimit: 0, maxInFlight: 0, perInstance: 0 }

function anOffice() {
  const log: string[] = []
  let nowMs = 0
  const answer = (worker: string, message: FromDesk) => {
    const verdict = message.desk === 'admitted' ? (message.instanceId ?? 'anywhere') : message.why
    log.push(`${worker}${message.ticket} ${verdict}`)
  }
  const office = new AdmissionOffice({ monotonicMs: () => nowMs }, answer)
  const ask = (worker: string, ticket: number, bounds: Partial<Bounds>, instanceIds = ['i', 'j'], atMs = 0) => {
    nowMs = atMs
    const ask = { ticket, serviceId: 's', bounds: { ...free, ...bounds }, instanceIds }
    office.onMessage(worker, { desk: 'ask', ask })
  }
  const release = (worker: string, ticket: number) => office.onMessage(worker, { desk: 'release', ticket })
  const said = () => log.splice(0).join(', ')
  return { office, ask, release, said }
}

test('a rate holds over all workers, and fills up evenly', () => {
  const { ask, said } = anOffice()
  for (const [ticket, worker] of ['a', 'b', 'a', 'b'].entries()) ask(worker, ticket, { rateLimit: 2 })
  expect(said()).toBe('a0 anywhere, b1 anywhere, a2 rate, b3 rate')
  ask('b', 4, { rateLimit: 2 }, [], 500)
  ask('a', 5, { rateLimit: 2 }, [], 500)
  expect(said()).toBe('b4 anywhere, a5 rate')
})

test('what may be in flight is counted over all workers, and what is refused takes nothing of the rate', () => {
  const { ask, release, said } = anOffice()
  const bounds = { maxInFlight: 1, rateLimit: 2 }
  ask('a', 1, bounds)
  ask('b', 1, bounds)
  release('a', 1)
  ask('b', 2, bounds)
  expect(said()).toBe('a1 anywhere, b1 full, b2 anywhere')
})

test('an instance gets no more than its own at once; the rest waits in order, and the freest instance is next', () => {
  const { ask, release, said } = anOffice()
  const bounds = { perInstance: 1, maxInFlight: 4 }
  for (const [ticket, worker] of ['a', 'b', 'a', 'b', 'a'].entries()) ask(worker, ticket, bounds)
  expect(said()).toBe('a0 i, b1 j, a4 full')
  release('b', 1)
  expect(said()).toBe('a2 j')
  release('b', 3) // Given up while it waited.
  release('a', 0)
  ask('b', 9, bounds)
  expect(said()).toBe('b9 i')
})

test('a worker that ends gives its places to those that wait elsewhere', () => {
  const { office, ask, said } = anOffice()
  for (const ticket of [1, 2]) ask('a', ticket, { perInstance: 1 }, ['i'])
  ask('b', 1, { perInstance: 1 }, ['i'])
  expect(said()).toBe('a1 i')
  office.forget('a')
  expect(said()).toBe('b1 i')
})

test('an instance that comes is used by what waits, and where none is left nobody waits on', () => {
  const { office, ask, said } = anOffice()
  const bounds = { ...free, perInstance: 1 }
  for (const ticket of [1, 2, 3]) ask('a', ticket, bounds, ['i'])
  office.onMessage('a', { desk: 'moved', serviceId: 's', bounds, instanceIds: ['i', 'k'] })
  expect(said()).toBe('a1 i, a2 k')
  office.onMessage('a', { desk: 'moved', serviceId: 's', bounds, instanceIds: [] })
  expect(said()).toBe('a3 anywhere')
})

test('whatever comes and goes, no instance is over its own and none stands idle while somebody waits', () => {
  const step = fc.record({
    worker: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('ask', 'ask', 'release', 'forget'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 3 }), (steps, perInstance) => {
      const at = new Map<string, string>()
      const asked = new Set<string>()
      const office = new AdmissionOffice({ monotonicMs: () => 0 }, (worker, message) => {
        if (message.desk === 'refused') expect.unreachable()
        else at.set(`${worker} ${message.ticket}`, String(message.instanceId))
      })
      const bounds = { ...free, perInstance }
      for (const [ticket, { worker, what }] of steps.entries()) {
        const mine = [...asked].filter(name => name.startsWith(worker))
        if (what === 'ask') {
          asked.add(`${worker} ${ticket}`)
          const ask = { ticket, serviceId: 's', bounds, instanceIds: ['i', 'j'] }
          office.onMessage(worker, { desk: 'ask', ask })
        } else {
          for (const name of what === 'forget' ? mine : mine.slice(0, 1)) {
            asked.delete(name)
            at.delete(name)
            if (what !== 'release') continue
            office.onMessage(worker, { desk: 'release', ticket: Number(name.split(' ')[1]) })
          }
          if (what === 'forget') office.forget(worker)
        }
        const counts = ['i', 'j'].map(id => [...at.values()].filter(other => other === id).length)
        for (const count of counts) expect(count).toBeLessThanOrEqual(perInstance)
        expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(Math.min(asked.size, 2 * perInstance))
      }
    }),
  )
})
