// An engine with a cordon of its own: what Berth holds is cordoned there, what somebody cordons there is held here; and what
// others take of a machine there is not placed on.
import { expect, test } from 'vitest'
import type { MachineDriver, MachineHold, RunningMachine } from '../../src/fleet/driver.ts'
import { cordonMachine, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { freeCapacity } from '../../src/fleet/reservation.ts'
import { aFleet, aRunningMachine, eventsOf, type Fleet, reserveOn } from './fleet-fixtures.ts'

/** The simulated driver, in an engine in which others do things, too. */
async function openEngine() {
  const fleet = await aFleet()
  const shown: MachineHold[] = []
  const word: Pick<RunningMachine, 'cordoned' | 'usable'> = {}
  const engine: MachineDriver = {
    stock: (...offer) => fleet.driver.stock(...offer),
    provision: requests => fleet.driver.provision(requests),
    release: machines => fleet.driver.release(machines),
    list: () => fleet.driver.list(),
    observe: async machines => {
      const seen = await fleet.driver.observe(machines)
      return seen.map(one => (one.state === 'running' ? { ...one, ...word } : one))
    },
    showHolds: async machines => {
      shown.splice(0, shown.length, ...machines)
    },
  }
  fleet.ctx.machineDriver = () => engine
  const id = await aRunningMachine(fleet)
  const look = () => fleet.pass({ seconds: 31 })
  return { fleet, id, word, look, shown: () => shown.map(({ heldBecause }) => heldBecause) }
}

const holdsOf = async (fleet: Fleet, id: string) =>
  (await fleet.machine(id)).holds.map(({ ownerKind, owner }) => `${ownerKind} ${owner}`)

const cordoned = { by: 'kubernetes', reason: 'its node n is cordoned' }

test('a cordon in the engine is a hold by the engine, until it is lifted there', async () => {
  const { fleet, id, word, look } = await openEngine()
  word.cordoned = cordoned
  await look()
  expect(await holdsOf(fleet, id)).toEqual(['health kubernetes'])
  await look()
  expect(await holdsOf(fleet, id)).toEqual(['health kubernetes'])
  const refused = uncordonMachine(fleet.ctx, fleet.actor, id)
  await expect(refused).rejects.toThrow('health: its node n is cordoned (kubernetes)')
  expect((await reserveOn(fleet, id, 'eas-si-1')).refused).toMatchObject([{ because: 'held' }])
  delete word.cordoned
  await look()
  expect(await holdsOf(fleet, id)).toEqual([])
  const events = await eventsOf(fleet, id)
  expect(events.filter(kind => kind.startsWith('engine'))).toEqual(['engine_cordoned', 'engine_uncordoned'])
})

test('a machine that its driver has seen change is looked at before its time', async () => {
  const { fleet, id, word } = await openEngine()
  await fleet.pass({ seconds: 31 })
  word.cordoned = cordoned
  await fleet.settle()
  expect(await holdsOf(fleet, id)).toEqual([])
  const seen = [id]
  fleet.ctx.takeMachineChanges = () => seen.splice(0)
  await fleet.settle()
  expect(await holdsOf(fleet, id)).toEqual(['health kubernetes'])
})

test('what Berth holds is shown to the engine, and its own cordon is not', async () => {
  const { fleet, id, word, look, shown } = await openEngine()
  await look()
  expect(shown()).toEqual([null])
  await cordonMachine(fleet.ctx, fleet.actor, id, { reason: 'kernel update' })
  await fleet.settle()
  expect(shown()).toEqual([expect.stringContaining('person: kernel update')])
  word.cordoned = cordoned
  await look()
  await look()
  expect(shown()).toEqual([expect.not.stringContaining('kubernetes')])
  expect(await holdsOf(fleet, id)).toEqual(['person user:usr-1', 'health kubernetes'])
})

test("a loss and a return leave the engine's hold as it is", async () => {
  const { fleet, id, word, look } = await openEngine()
  word.cordoned = cordoned
  await look()
  fleet.driver.lose(id)
  await look()
  fleet.driver.restore(id)
  await look()
  expect(await holdsOf(fleet, id)).toEqual(['health kubernetes'])
})

test('what others take is not placed on, and comes back with their end', async () => {
  const { fleet, id, word, look } = await openEngine()
  const free = async () => {
    const [machine] = await freeCapacity(fleet.db, fleet.groupId, fleet.clock.now())
    return machine && [machine.freeCpuMilli, machine.freeMemoryMib, machine.freeGpuCount]
  }
  word.usable = { cpuMilli: 20_000, memoryMib: 40_000, gpuCount: 2 }
  await look()
  expect(await free()).toEqual([8_000, 32_768, 2])
  word.usable = { cpuMilli: 500, memoryMib: 40_000, gpuCount: 1 }
  await look()
  expect(await free()).toEqual([500, 32_768, 1])
  expect((await reserveOn(fleet, id, 'eas-si-1')).refused).toMatchObject([{ because: 'no_room' }])
  delete word.usable
  await look()
  expect(await free()).toEqual([8_000, 32_768, 2])
  expect((await eventsOf(fleet, id)).filter(kind => kind === 'usable_changed')).toHaveLength(2)
})
