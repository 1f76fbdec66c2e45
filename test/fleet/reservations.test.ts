// Capacity under concurrency: what is granted never exceeds a machine, and a committed hold is always seen (Q49, I16–I18).
import { expect, test } from 'vitest'
import { cordonMachine, drainMachine } from '../../src/fleet/machine-wishes.ts'
import { freeCapacity, releaseReservations, reservationsOn, reserve } from '../../src/fleet/reservation.ts'
import { aFleet, aRunningMachine, type Fleet, reserveOn, runningMachines } from './fleet-fixtures.ts'

const anInstance = { cpuMilli: 0, memoryMib: 0, gpuCount: 0, gpuMemoryMib: 0 }
const ask = (fleet: Fleet, machineId: string, serviceInstanceId: string, demand: Partial<typeof anInstance>) =>
  fleet.tx(tx => reserve(tx, fleet.clock.now(), [{ serviceInstanceId, machineId, ...anInstance, ...demand }]))

test.each([
  ['cpuMilli', { cpuMilli: 1_500 }, 5], // of 8,000
  ['memoryMib', { memoryMib: 10_000 }, 3], // of 32,768
  ['gpuCount', { gpuCount: 1, gpuMemoryMib: 24_576 }, 2], // of 2
])('50 parallel reservations on one machine never exceed its %s', async (_, demand, room) => {
  const fleet = await aFleet({ max: 25 })
  const id = await aRunningMachine(fleet)
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(fleet, id, `si-${n}`, demand)))
  expect(results.flatMap(result => result.granted)).toHaveLength(room)
  expect(results.flatMap(result => result.refused.map(one => one.because))).toEqual(Array(50 - room).fill('no_room'))
  expect(await reservationsOn(fleet.db, [id])).toHaveLength(room)
})

test('one call grants in its order until the machine is full', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const names = Array.from({ length: 10 }, (_, n) => `si-${n}`)
  const result = await reserveOn(fleet, id, ...names)
  expect(result.granted).toEqual(names.slice(0, 8))
  expect(result.refused.map(one => [one.serviceInstanceId, one.because])).toEqual([
    ['si-8', 'no_room'],
    ['si-9', 'no_room'],
  ])
})

test('asking again for the same is granted once; elsewhere it is refused', async () => {
  const fleet = await aFleet()
  const [first = '', second = ''] = await runningMachines(fleet, 2)
  await reserveOn(fleet, first, 'si-1')
  expect(await reserveOn(fleet, first, 'si-1', 'si-1')).toEqual({ granted: ['si-1', 'si-1'], refused: [] })
  expect((await reserveOn(fleet, second, 'si-1')).refused).toMatchObject([{ because: 'reserved_elsewhere' }])
  expect(await reservationsOn(fleet.db, [first, second])).toHaveLength(1)
  expect((await reserveOn(fleet, 'eas-i-unknown', 'si-2')).refused).toMatchObject([{ because: 'no_machine' }])
})

test('more memory on one card than a card has is refused, whatever the cards together have', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const refused = await ask(fleet, id, 'si-1', { gpuCount: 1, gpuMemoryMib: 24_577 })
  expect(refused.refused).toMatchObject([{ because: 'no_room' }])
})

test('what is given back can be reserved again', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await ask(fleet, id, 'si-1', { cpuMilli: 8_000 })
  expect((await ask(fleet, id, 'si-2', { cpuMilli: 1 })).granted).toEqual([])
  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-1', 'si-unknown']))
  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-1']))
  expect((await ask(fleet, id, 'si-2', { cpuMilli: 8_000 })).granted).toEqual(['si-2'])
})

test('a drain that begins among parallel reservations is drained only when all that were granted are gone', async () => {
  const fleet = await aFleet({ max: 25 })
  const id = await aRunningMachine(fleet)
  const asking = Array.from({ length: 30 }, (_, n) => ask(fleet, id, `si-${n}`, { cpuMilli: 100 }))
  const draining = drainMachine(fleet.ctx, fleet.actor, id)
  const granted = (await Promise.all(asking)).flatMap(result => result.granted)
  await draining
  await fleet.settle()
  const standing = (await reservationsOn(fleet.db, [id])).map(one => one.serviceInstanceId)
  expect(standing.sort()).toEqual(granted.sort())
  expect((await fleet.machine(id)).drain?.phase).toBe(granted.length === 0 ? 'drained' : 'draining')
  await Promise.all(granted.map(one => fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), [one]))))
  await fleet.settle()
  expect((await fleet.machine(id)).drain?.phase).toBe('drained')
})

test('reserving, giving back and cordoning many machines at once ends without a deadlock', async () => {
  const fleet = await aFleet({ max: 20 })
  const ids = await runningMachines(fleet, 6)
  const small = { cpuMilli: 10, memoryMib: 10, gpuCount: 0, gpuMemoryMib: 0 }
  await Promise.all(
    Array.from({ length: 24 }, async (_, n) => {
      const order = n % 2 === 0 ? ids : ids.toReversed()
      const wanted = order.map(machineId => ({ serviceInstanceId: `si-${n}-${machineId}`, machineId, ...small }))
      await fleet.tx(tx => reserve(tx, fleet.clock.now(), wanted))
      await cordonMachine(fleet.ctx, fleet.actor, ids[n % 6] ?? '')
      const back = wanted.toReversed().map(one => one.serviceInstanceId)
      await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), back))
    }),
  )
  expect(await reservationsOn(fleet.db, ids)).toEqual([])
})

test('free capacity tells the scheduler what is left and why a machine is closed', async () => {
  const fleet = await aFleet()
  const [open = '', held = '', lost = ''] = await runningMachines(fleet, 3)
  await ask(fleet, open, 'si-1', { cpuMilli: 3_000, memoryMib: 768, gpuCount: 1, gpuMemoryMib: 1_000 })
  await cordonMachine(fleet.ctx, fleet.actor, held)
  fleet.driver.lose(lost)
  await fleet.pass({ seconds: 30 })
  const rooms = await freeCapacity(fleet.db, fleet.groupId, fleet.clock.now())
  expect(new Map(rooms.map(room => [room.machineId, room.closedBecause]))).toEqual(
    new Map([
      [open, null],
      [held, 'held'],
      [lost, 'lost'],
    ]),
  )
  expect(rooms.find(room => room.machineId === open)).toMatchObject({
    freeCpuMilli: 5_000,
    freeMemoryMib: 32_000,
    freeGpuCount: 1,
    gpuMemoryMib: 24_576,
  })
})
