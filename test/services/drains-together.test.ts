// Several machines drained at once share what their services can spare: together they take no more than one alone, unless a
// person has let one of them; and what a person lets go there is no leave for the others.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.ts'

type Event = (world: ModelWorld) => void

const machineOf = (world: ModelWorld, n: number) => world.machines[n % world.machines.length]

const events = (overrides: boolean): fc.Arbitrary<Event> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Event>(() => {}) },
    fc.nat(3).map<Event>(n => world => {
      const machine = machineOf(world, n)
      if (machine) machine.verdict = machine.verdict === 'stay' ? 'move' : 'stay'
    }),
    fc.nat(3).map<Event>(n => world => {
      const machine = machineOf(world, n)
      if (machine && overrides) machine.overridden = !machine.overridden
    }),
    fc.nat(1).map<Event>(n => world => {
      const gateway = world.gateways.get(`g${n}`)
      if (gateway) gateway.silent = !gateway.silent
    }),
    fc.tuple(fc.nat(5), fc.nat(2)).map<Event>(([n, count]) => world => {
      const one = world.serving()[n]
      if (one) world.inFlight.set(one.id, count)
    }),
  )

const histories = (overrides: boolean) =>
  fc.record({
    slots: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 2, maxLength: 4 }),
    replicas: fc.integer({ min: 1, max: 4 }),
    events: fc.array(events(overrides), { minLength: 10, maxLength: 60, size: 'max' }),
  })

/** Served before anything is drained. */
function begun(slots: number[], replicas: number): ModelWorld {
  const world = new ModelWorld(slots)
  world.replicas = replicas
  for (let round = 0; round < 10; round++) world.step()
  return world
}

describe('several drains at once', () => {
  it.each([false, true])('never take what nobody let go (overrides: %s)', overrides => {
    fc.assert(
      fc.property(histories(overrides), ({ slots, replicas, events: history }) => {
        const world = begun(slots, replicas)
        for (const event of history) {
          event(world)
          world.step()
        }
        expect(world.violations).toEqual([])
      }),
      { numRuns: 300, seed: 5 },
    )
  })

  it('of every machine that there is take nothing at all, until a person lets one go: then what is there, and no more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(3),
        (slots, replicas, n) => {
          const world = begun(slots, replicas)
          const before = world.serving().map(one => one.id)
          for (const machine of world.machines) machine.verdict = 'move'
          for (let round = 0; round < 30; round++) world.step()
          expect(world.serving().map(one => one.id)).toEqual(before)
          const index = n % slots.length
          const there = world.serving().filter(one => one.machineId === `m${index}`)
          const machine = machineOf(world, n)
          if (machine) machine.overridden = true
          for (let round = 0; round < 30; round++) world.step()
          const left = before.filter(id => !there.some(one => one.id === id))
          expect(world.serving().map(one => one.id)).toEqual(left)
          expect(world.violations).toEqual([])
        },
      ),
      { numRuns: 150, seed: 5 },
    )
  })
})
