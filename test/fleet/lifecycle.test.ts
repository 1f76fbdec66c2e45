// A machine from the order to its release: phases, running time, stock and the driver's book, on real PostgreSQL.
import { expect, test } from 'vitest'
import { releaseMachines, startMachines, stopMachines } from '../../src/fleet/machines.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { releaseReservations, reservationsOn } from '../../src/fleet/reservation.ts'
import {
  aFleet,
  allocated,
  aRunningMachine,
  bookDifference,
  eventsOf,
  type Fleet,
  intervals,
  orderMachines,
  phasesOf,
  reserveOn,
} from './fleet-fixtures.ts'

const release = (fleet: Fleet, machineIds: string[], force = false) =>
  fleet.tx(tx =>
    releaseMachines(tx, fleet.clock.now(), { machineIds, actor: fleet.actor, reason: 'no longer needed', force }),
  )

test('an ordered machine comes to run, and its time is counted from then', async () => {
  const fleet = await aFleet({ driver: { provisionMs: 5_000 } })
  const [id = ''] = await orderMachines(fleet, 1)
  expect(await fleet.machine(id)).toMatchObject({ phase: 'pending', address: null })
  await fleet.settle()
  expect(await fleet.machine(id)).toMatchObject({ phase: 'provisioning', driverRef: 'sim-0', runningAt: null })
  expect(await intervals(fleet, id)).toEqual([])
  await fleet.pass({ seconds: 8 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', address: '10.0.0.1', runningAt: fleet.clock.now() })
  expect(await intervals(fleet, id)).toEqual([[8, null]])
  expect(await eventsOf(fleet, id)).toEqual(['created', 'provisioning', 'running'])
})

test('the request to the driver stands in the outbox before it is made, and is settled by its outcome', async () => {
  const fleet = await aFleet({ driver: { provisionMs: 5_000 } })
  const [id = ''] = await orderMachines(fleet, 1)
  await fleet.settle()
  const effect = () => fleet.db.selectFrom('outbox').select(['effectId', 'outcome']).execute()
  expect(await effect()).toEqual([{ effectId: `machine:${id}:provision`, outcome: null }])
  await fleet.pass({ seconds: 8 })
  expect(await effect()).toEqual([{ effectId: `machine:${id}:provision`, outcome: 'running' }])
})

test('a refused machine is failed with the reason, holds no stock and never ran', async () => {
  const fleet = await aFleet()
  const [, second = ''] = await orderMachines(fleet, 3)
  fleet.driver.inject({ do: 'refuse', refusal: 'InsufficientStock' }, 1)
  await fleet.settle()
  expect(await phasesOf(fleet)).toEqual({ running: 2, failed: 1 })
  expect(await fleet.machine(second)).toMatchObject({
    phase: 'failed',
    holdsStock: false,
    failure: { code: 'InsufficientStock' },
  })
  expect(await allocated(fleet)).toBe(2)
  expect(await intervals(fleet, second)).toEqual([])
})

test('a machine that does not come up goes back to the driver before the stock does', async () => {
  const fleet = await aFleet({ driver: { releaseMs: 10_000 } })
  const [id = ''] = await orderMachines(fleet, 1)
  fleet.driver.inject({ do: 'fail' })
  await fleet.settle()
  expect(await fleet.machine(id)).toMatchObject({ phase: 'failed', holdsStock: true })
  expect(await allocated(fleet)).toBe(1)
  for (let seconds = 0; seconds < 20; seconds += 4) await fleet.pass({ seconds: 4 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'failed', holdsStock: false })
  expect(await allocated(fleet)).toBe(0)
  expect(await bookDifference(fleet)).toEqual({ leaked: [], missing: [] })
})

test('a failed machine is purged on request', async () => {
  const fleet = await aFleet()
  const [id = ''] = await orderMachines(fleet, 1)
  fleet.driver.inject({ do: 'refuse', refusal: 'CreateFailed' })
  await fleet.settle()
  await release(fleet, [id])
  await fleet.settle()
  expect((await fleet.machine(id)).phase).toBe('released')
  expect(await allocated(fleet)).toBe(0)
})

test.each([
  true,
  false,
])('a call whose outcome is unknown is asked again and makes one machine (made: %s)', async made => {
  const fleet = await aFleet()
  const [id = ''] = await orderMachines(fleet, 1)
  fleet.driver.inject({ do: 'time_out', made })
  await fleet.settle()
  expect(await fleet.machine(id)).toMatchObject({ phase: 'provisioning', failure: null })
  await fleet.pass({ seconds: 2 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running' })
  expect(fleet.driver.size).toBe(1)
})

test('running time ends with the accepted release, however slow the teardown', async () => {
  const fleet = await aFleet({ driver: { releaseMs: 60_000 } })
  const id = await aRunningMachine(fleet)
  await fleet.pass({ seconds: 100 })
  await release(fleet, [id])
  expect(await intervals(fleet, id)).toEqual([[0, 100]])
  await fleet.pass({ seconds: 30 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'releasing', holdsStock: true })
  for (let seconds = 0; seconds < 60; seconds += 10) await fleet.pass({ seconds: 10 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'released', holdsStock: false })
  expect(await intervals(fleet, id)).toEqual([[0, 100]])
  expect(await allocated(fleet)).toBe(0)
  expect(await eventsOf(fleet, id)).toEqual(['created', 'provisioning', 'running', 'release_accepted', 'released'])
  const open = await fleet.db.selectFrom('outbox').select('effectId').where('settledAt', 'is', null).execute()
  expect(open).toEqual([])
})

test('a machine in use is not released, unless by force, which waits for its service instances to end', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1', 'si-2')
  const refused = await release(fleet, [id]).catch(error => error)
  expect(refused).toMatchObject({ code: 'MachineNotEmpty', details: { machines: [{ machineId: id, reserved: 2 }] } })
  expect((await fleet.machine(id)).phase).toBe('running')

  await release(fleet, [id], true)
  await fleet.settle()
  const reservations = await reservationsOn(fleet.db, [id])
  expect(reservations.map(one => one.revokedAt !== null)).toEqual([true, true])
  expect((await fleet.machine(id)).phase).toBe('releasing')
  expect(fleet.driver.size).toBe(1)

  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-1', 'si-2']))
  await fleet.settle()
  expect((await fleet.machine(id)).phase).toBe('released')
  expect(fleet.driver.size).toBe(0)
})

test('releasing several is all or none', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const [other = ''] = await orderMachines(fleet, 1, 'ord-2')
  await reserveOn(fleet, id, 'si-1')
  await expect(release(fleet, [other, id])).rejects.toMatchObject({ code: 'MachineNotEmpty' })
  await expect(release(fleet, [other, 'eas-i-unknown'])).rejects.toMatchObject({ code: 'MachineNotFound' })
  expect((await fleet.machine(other)).phase).toBe('pending')
  await release(fleet, [other])
  await release(fleet, [other])
  await fleet.settle()
  expect((await fleet.machine(other)).phase).toBe('released')
})

test('a release while the driver is being asked leaves no machine behind', async () => {
  const fleet = await aFleet()
  const [id = ''] = await orderMachines(fleet, 1)
  const provision = fleet.driver.provision.bind(fleet.driver)
  fleet.driver.provision = async requests => {
    await release(fleet, [id]) // Accepted between our question and the answer.
    return provision(requests)
  }
  await fleet.settle()
  await fleet.pass({ seconds: 31 })
  expect((await fleet.machine(id)).phase).toBe('released')
  expect(await intervals(fleet, id)).toEqual([])
  expect(await allocated(fleet)).toBe(0)
  expect(await bookDifference(fleet)).toEqual({ leaked: [], missing: [] })
})

test('a stop counts at once and revokes what runs there; a start opens a new interval', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await fleet.pass({ seconds: 50 })
  const stop = { machineIds: [id], because: 'arrears' as const, actor: fleet.actor }
  expect(await fleet.tx(tx => stopMachines(tx, fleet.clock.now(), stop))).toEqual([id])
  expect(await fleet.tx(tx => stopMachines(tx, fleet.clock.now(), stop))).toEqual([])
  expect(await fleet.machine(id)).toMatchObject({ phase: 'stopped', stoppedBecause: 'arrears' })
  expect((await reservationsOn(fleet.db, [id])).map(one => one.revokedAt)).toEqual([fleet.clock.now()])
  expect((await reserveOn(fleet, id, 'si-2')).refused).toMatchObject([{ because: 'not_running' }])

  await fleet.pass({ seconds: 50 })
  expect(await fleet.tx(tx => startMachines(tx, fleet.clock.now(), { machineIds: [id], actor: fleet.actor }))).toEqual([
    id,
  ])
  await fleet.settle()
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', stoppedBecause: null })
  expect(await intervals(fleet, id)).toEqual([
    [0, 50],
    [100, null],
  ])
  expect(fleet.driver.size).toBe(1)
})

test('stopped and started within one instant, it has one interval', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  for (let times = 0; times < 3; times++) {
    await fleet.tx(tx =>
      stopMachines(tx, fleet.clock.now(), { machineIds: [id], because: 'expired', actor: fleet.actor }),
    )
    await fleet.tx(tx => startMachines(tx, fleet.clock.now(), { machineIds: [id], actor: fleet.actor }))
    await fleet.settle()
  }
  expect(await intervals(fleet, id)).toEqual([[0, null]])
})

test('a lost machine is billed to when it was last seen, and is held until it returns', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await fleet.pass({ seconds: 30 })
  fleet.driver.lose(id)
  await fleet.pass({ seconds: 30 })
  const lost = await fleet.machine(id)
  expect(lost).toMatchObject({ phase: 'running', lostAt: fleet.clock.now() })
  expect(lost.holds).toMatchObject([{ ownerKind: 'health' }])
  expect(await intervals(fleet, id)).toEqual([[0, 30]])
  expect((await reserveOn(fleet, id, 'si-1')).refused).toMatchObject([{ because: 'lost' }])
  await fleet.pass({ seconds: 300 })
  expect(fleet.driver.size).toBe(1) // Silence is not death: it is not destroyed.

  fleet.driver.restore(id)
  await fleet.pass({ seconds: 30 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', lostAt: null, holds: [] })
  expect(await intervals(fleet, id)).toEqual([
    [0, 30],
    [390, null],
  ])
  expect((await reserveOn(fleet, id, 'si-1')).granted).toEqual(['si-1'])
  expect(await eventsOf(fleet, id)).toEqual(['created', 'provisioning', 'running', 'lost', 'returned'])
})

test('a driver without a word loses no machine', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const observe = fleet.driver.observe.bind(fleet.driver)
  fleet.driver.observe = () => Promise.reject(new Error('connection refused'))
  for (let minutes = 0; minutes < 5; minutes++) await fleet.pass({ seconds: 60 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', lostAt: null, attempts: 5 })
  fleet.driver.observe = observe
  await fleet.pass({ seconds: 60 })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', lostAt: null, attempts: 0 })
  expect(await intervals(fleet, id)).toEqual([[0, null]])
})

test('a running machine is only looked at again: no event, no new generation', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const before = await fleet.machine(id)
  fleet.clock.advance({ seconds: 30 })
  expect(await reconcileMachines(fleet.ctx)).toEqual({ found: 1, changed: 0 })
  expect(await reconcileMachines(fleet.ctx)).toEqual({ found: 0, changed: 0 })
  expect(await fleet.machine(id)).toEqual({ ...before, observedAt: fleet.clock.now() })
  expect(await eventsOf(fleet, id)).toEqual(['created', 'provisioning', 'running'])
})
