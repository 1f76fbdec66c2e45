// Whatever happens in whatever order: the rollout never takes away what serves without something that serves for it, never
// stops what has requests in flight, and always gets where it should once the world is calm.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.ts'

type Event = (world: ModelWorld) => void

const pick = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(1, items.length)]

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Event>(() => {}) },
  fc.nat(2).map<Event>(n => world => {
    const machine = pick(world.machines, n)
    if (machine) machine.verdict = machine.verdict === 'stay' ? 'move' : 'stay'
  }),
  fc.integer({ min: 0, max: 4 }).map<Event>(replicas => world => {
    world.replicas = replicas
  }),
  fc.boolean().map<Event>(broken => world => {
    world.update()
    if (broken) world.brokenVersion = world.version
  }),
  fc.constant<Event>(world => world.resume()),
  fc.tuple(fc.nat(7), fc.nat(4)).map<Event>(([n, gap]) => world => {
    const one = pick(
      world.instances.filter(it => it.phase === 'ready' || it.phase === 'starting'),
      n,
    )
    if (one) world.restartProcess(one.id, gap === 0)
  }),
  fc.nat(7).map<Event>(n => world => {
    const process = pick([...world.processes.values()], n)
    if (process) process.healthy = !process.healthy
  }),
  fc.nat(7).map<Event>(n => world => {
    const process = pick([...world.processes.values()], n)
    if (process) process.broken = true
  }),
  fc.nat(1).map<Event>(n => world => {
    const gateway = pick([...world.gateways.values()], n)
    if (gateway) gateway.silent = !gateway.silent
  }),
  fc.tuple(fc.nat(7), fc.nat(2)).map<Event>(([n, count]) => world => {
    const one = pick(world.serving(), n)
    if (one) world.inFlight.set(one.id, count)
  }),
)

const histories = fc.record({
  slots: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  events: fc.array(events, { minLength: 20, maxLength: 100, size: 'max' }),
})

function run({ slots, events: history }: { slots: number[]; events: Event[] }): ModelWorld {
  const world = new ModelWorld(slots)
  for (const event of history) {
    event(world)
    world.step()
  }
  return world
}

/** Everything heals: nothing is drained, broken or silent, and the requests end. */
function calm(world: ModelWorld): void {
  world.update()
  for (const machine of world.machines) machine.verdict = 'stay'
  for (const gateway of world.gateways.values()) gateway.silent = false
  for (const process of world.processes.values()) process.healthy = true
  world.inFlight.clear()
  for (let round = 0; round < 700; round++) world.step()
}

describe('the rollout, whatever happens', () => {
  it('never takes away what serves, nor stops what is at work', () => {
    fc.assert(
      fc.property(histories, history => {
        expect(run(history).violations).toEqual([])
      }),
      { numRuns: 1_500, seed: 1 },
    )
  })

  it('gets there once the world is calm, as far as there is room', () => {
    fc.assert(
      fc.property(histories, history => {
        const world = run(history)
        calm(world)
        const room = world.machines.reduce((sum, machine) => sum + machine.slots, 0)
        expect(world.violations).toEqual([])
        expect(world.serving()).toHaveLength(Math.min(world.replicas, room))
        // The last one of a full group stays on its version: that is asked of a person.
        const outdated = world.serving().filter(one => one.version !== world.version)
        if (room > world.replicas || world.replicas === 0) expect(outdated).toEqual([])
        else expect(outdated.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 150, seed: 1 },
    )
  })
})
