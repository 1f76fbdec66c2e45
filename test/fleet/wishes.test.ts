// Cordon, uncordon and drain: wishes with an owner beside the phase, and what may be done when.
import { expect, test } from 'vitest'
import { isOverdue } from '../../src/fleet/drain.ts'
import type { MachineAction } from '../../src/fleet/machine.ts'
import { displayStatus, machineRefusals } from '../../src/fleet/machine.ts'
import {
  cancelDrain,
  cordonMachine,
  drainMachine,
  extendDrain,
  forceDrain,
  uncordonMachine,
} from '../../src/fleet/machine-wishes.ts'
import { listDrains, releaseMachines } from '../../src/fleet/machines.ts'
import { releaseReservations, reservationsOn } from '../../src/fleet/reservation.ts'
import {
  addAccount,
  aFleet,
  aRunningMachine,
  eventsOf,
  type Fleet,
  orderMachines,
  reserveOn,
} from './fleet-fixtures.ts'

const status = async (fleet: Fleet, id: string) => displayStatus(await fleet.machine(id), fleet.clock.now())

test('a cordoned machine takes no new placement, and what runs there stays', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  const cordoned = await cordonMachine(fleet.ctx, fleet.actor, id, { reason: 'kernel update' })
  expect(cordoned.holds).toMatchObject([{ ownerKind: 'person', owner: 'user:usr-1', reason: 'kernel update' }])
  expect(await status(fleet, id)).toBe('Ready-SchedulingDisabled')
  expect((await reserveOn(fleet, id, 'si-2')).refused).toMatchObject([{ because: 'held' }])
  await fleet.settle()
  expect(await reservationsOn(fleet.db, [id])).toMatchObject([{ serviceInstanceId: 'si-1', revokedAt: null }])

  await cordonMachine(fleet.ctx, fleet.actor, id, { reason: 'again' })
  expect((await fleet.machine(id)).holds).toHaveLength(1)
  await uncordonMachine(fleet.ctx, fleet.actor, id)
  expect(await status(fleet, id)).toBe('Ready')
  expect((await reserveOn(fleet, id, 'si-2')).granted).toEqual(['si-2'])
})

test('a hold with an expiry ends by itself', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const expiresAt = fleet.clock.now().add({ hours: 1 })
  await cordonMachine(fleet.ctx, fleet.actor, id, { ownerKind: 'plan', expiresAt })
  expect((await reserveOn(fleet, id, 'si-1')).refused).toHaveLength(1)
  fleet.clock.advance({ hours: 1 })
  expect(await status(fleet, id)).toBe('Ready')
  expect((await reserveOn(fleet, id, 'si-1')).granted).toEqual(['si-1'])
})

test('uncordon lifts what people and plans hold, whoever they are, and cancels their drain', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await cordonMachine(fleet.ctx, { ...fleet.actor, name: 'user:usr-2' }, id)
  await cordonMachine(fleet.ctx, fleet.actor, id, { ownerKind: 'plan' })
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, fleet.actor, id)
  expect((await fleet.machine(id)).holds).toHaveLength(3)
  const after = await uncordonMachine(fleet.ctx, fleet.actor, id)
  expect(after).toMatchObject({ holds: [], drain: { phase: 'cancelled' } })
  expect(await uncordonMachine(fleet.ctx, fleet.actor, id)).toMatchObject({ holds: [] })
})

test.each([
  'billing',
  'health',
] as const)('uncordon is refused while %s holds the machine, and says so', async ownerKind => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await cordonMachine(fleet.ctx, fleet.actor, id, { reason: 'mine' })
  await cordonMachine(fleet.ctx, { ...fleet.actor, name: 'system:expiry' }, id, {
    ownerKind,
    reason: 'ends at 10:00',
  })
  await expect(uncordonMachine(fleet.ctx, fleet.actor, id)).rejects.toMatchObject({
    code: 'MachineHeld',
    message: expect.stringContaining(`${ownerKind}: ends at 10:00 (system:expiry)`),
  })
  expect((await fleet.machine(id)).holds).toHaveLength(2)
})

test('a drain is over when no reservation is left, and not before', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1', 'si-2')
  const draining = await drainMachine(fleet.ctx, fleet.actor, id, { reason: 'disk swap' })
  expect(draining.drain).toMatchObject({
    phase: 'draining',
    reason: 'disk swap',
    deadlineAt: fleet.clock.now().add({ hours: 1 }),
  })
  expect((await reserveOn(fleet, id, 'si-3')).refused).toMatchObject([{ because: 'held' }])
  await fleet.pass({ minutes: 5 })
  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-1']))
  await fleet.settle()
  expect((await fleet.machine(id)).drain?.phase).toBe('draining')
  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-2']))
  await fleet.settle() // Woken by the last one: no time has passed.
  expect((await fleet.machine(id)).drain).toMatchObject({ phase: 'drained', endedAt: fleet.clock.now() })
  expect(await status(fleet, id)).toBe('Ready-SchedulingDisabled')
  await uncordonMachine(fleet.ctx, fleet.actor, id)
  expect(await status(fleet, id)).toBe('Ready')
})

test('an empty machine is drained at once; asking again keeps that drain, and after an uncordon begins a new one', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await drainMachine(fleet.ctx, fleet.actor, id)
  await fleet.settle()
  await drainMachine(fleet.ctx, fleet.actor, id)
  await fleet.settle()
  expect((await listDrains(fleet.db, id)).map(drain => drain.phase)).toEqual(['drained'])
  await uncordonMachine(fleet.ctx, fleet.actor, id)
  await drainMachine(fleet.ctx, fleet.actor, id)
  await fleet.settle()
  expect((await listDrains(fleet.db, id)).map(drain => drain.phase)).toEqual(['drained', 'drained'])
})

test('past its deadline a drain is overdue and kills nothing', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, fleet.actor, id, { deadlineSeconds: 60 })
  await fleet.pass({ hours: 3 })
  expect((await fleet.machine(id)).drain?.phase).toBe('draining')
  expect(await reservationsOn(fleet.db, [id])).toMatchObject([{ revokedAt: null }])
})

test('only force revokes, with a name and a reason, and still waits for the end', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await expect(forceDrain(fleet.ctx, fleet.actor, id, { reason: 'no' })).rejects.toMatchObject({
    code: 'NoDrainUnderWay',
  })
  await drainMachine(fleet.ctx, fleet.actor, id)
  await expect(forceDrain(fleet.ctx, fleet.actor, id, { reason: ' ' })).rejects.toMatchObject({ code: 'InvalidReason' })
  await forceDrain(fleet.ctx, fleet.actor, id, { reason: 'the rack loses power' })
  await fleet.settle()
  expect(await reservationsOn(fleet.db, [id])).toMatchObject([{ revokedAt: fleet.clock.now() }])
  expect((await fleet.machine(id)).drain?.phase).toBe('draining')
  await fleet.tx(tx => releaseReservations(tx, fleet.clock.now(), ['si-1']))
  await fleet.settle()
  expect((await fleet.machine(id)).drain).toMatchObject({ phase: 'drained', force: true })
  expect(await eventsOf(fleet, id)).toEqual([
    ...['created', 'provisioning', 'running'],
    ...['drain_started', 'drain_forced', 'reservations_revoked', 'drained'],
  ])
})

test('a cancelled drain lifts its own hold and leaves a cordon placed apart', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await cordonMachine(fleet.ctx, fleet.actor, id, { reason: 'apart' })
  const first = await drainMachine(fleet.ctx, fleet.actor, id)
  const again = await drainMachine(fleet.ctx, fleet.actor, id, { reason: 'again' })
  expect(again.drain?.id).toBe(first.drain?.id)
  const after = await cancelDrain(fleet.ctx, fleet.actor, id)
  expect(after).toMatchObject({ drain: { phase: 'cancelled' }, holds: [{ reason: 'apart' }] })
  await expect(cancelDrain(fleet.ctx, fleet.actor, id)).rejects.toMatchObject({ code: 'NoDrainUnderWay' })
})

test('a drain that billing placed is not called back by people', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, { ...fleet.actor, name: 'system:expiry' }, id, { ownerKind: 'billing' })
  await expect(cancelDrain(fleet.ctx, fleet.actor, id)).rejects.toMatchObject({ code: 'MachineHeld' })
  await expect(uncordonMachine(fleet.ctx, fleet.actor, id)).rejects.toMatchObject({ code: 'MachineHeld' })
})

test('a machine lost while it drains ends the drain and does not come back schedulable', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, fleet.actor, id)
  fleet.driver.lose(id)
  await fleet.pass({ seconds: 30 })
  expect((await fleet.machine(id)).drain?.phase).toBe('aborted')
  expect(await status(fleet, id)).toBe('NotReady-SchedulingDisabled')
  fleet.driver.restore(id)
  await fleet.pass({ seconds: 30 })
  expect(await status(fleet, id)).toBe('Ready-SchedulingDisabled')
})

test('a release ends the drain', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, fleet.actor, id)
  const options = { machineIds: [id], actor: fleet.actor, reason: '', force: true }
  await fleet.tx(tx => releaseMachines(tx, fleet.clock.now(), options))
  expect((await fleet.machine(id)).drain?.phase).toBe('aborted')
  expect(await status(fleet, id)).toBe('Deleting')
})

test('another account sees and changes nothing', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await addAccount(fleet.db, 'acc-2', fleet.clock.now())
  const stranger = { accountId: 'acc-2', name: 'user:usr-9' }
  const options = { machineIds: [id], actor: stranger, reason: '', force: true }
  const tries = [
    () => cordonMachine(fleet.ctx, stranger, id),
    () => uncordonMachine(fleet.ctx, stranger, id),
    () => drainMachine(fleet.ctx, stranger, id),
    () => fleet.tx(tx => releaseMachines(tx, fleet.clock.now(), options)),
  ]
  for (const attempt of tries) await expect(attempt()).rejects.toMatchObject({ code: 'MachineNotFound' })
  expect(await fleet.machine(id)).toMatchObject({ phase: 'running', holds: [], drain: null })
})

test.each([
  ['a control character', 'a\u0007b', 'InvalidReason', 'reason'],
  ['501 characters', 'x'.repeat(501), 'InvalidReason', 'reason'],
  ['half a character', '\ud800', 'InvalidReason', 'reason'],
])('a reason with %s is refused', async (_, reason, code, field) => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  await expect(cordonMachine(fleet.ctx, fleet.actor, id, { reason })).rejects.toMatchObject({
    code,
    details: { field },
  })
  expect((await fleet.machine(id)).holds).toEqual([])
})

test('a deadline out of range is refused', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  for (const deadlineSeconds of [-1, 0.5, 86_401, Number.NaN])
    await expect(drainMachine(fleet.ctx, fleet.actor, id, { deadlineSeconds })).rejects.toMatchObject({
      code: 'InvalidDeadline',
    })
})

test('the reasons shown beside the buttons are those of the refused calls', async () => {
  const fleet = await aFleet({ driver: { provisionMs: 60_000 } })
  const [id = ''] = await orderMachines(fleet, 1)
  await fleet.settle()
  const calls: Partial<Record<MachineAction, () => Promise<unknown>>> = {
    cordon: () => cordonMachine(fleet.ctx, fleet.actor, id),
    uncordon: () => uncordonMachine(fleet.ctx, fleet.actor, id),
    drain: () => drainMachine(fleet.ctx, fleet.actor, id),
    extendDrain: () => extendDrain(fleet.ctx, fleet.actor, id),
    cancelDrain: () => cancelDrain(fleet.ctx, fleet.actor, id),
    forceDrain: () => forceDrain(fleet.ctx, fleet.actor, id, { reason: 'because' }),
  }
  const refusals = machineRefusals(await fleet.machine(id), fleet.clock.now())
  expect(refusals.release).toBeNull()
  for (const [action, call] of Object.entries(calls)) {
    const shown = refusals[action as MachineAction]
    expect(shown?.code).toBe('MachineNotRunning')
    await expect(call()).rejects.toMatchObject({ ...shown })
  }
})

test('a drain past its deadline waits on until another one; without a drain there is none to set', async () => {
  const fleet = await aFleet()
  const id = await aRunningMachine(fleet)
  const extend = () => extendDrain(fleet.ctx, fleet.actor, id, { deadlineSeconds: 600 })
  await expect(extend()).rejects.toMatchObject({ code: 'NoDrainUnderWay' })
  await reserveOn(fleet, id, 'si-1')
  await drainMachine(fleet.ctx, fleet.actor, id, { deadlineSeconds: 60 })
  fleet.clock.advance({ seconds: 60 })
  const isLate = async () => {
    const { drain } = await fleet.machine(id)
    return drain !== null && isOverdue(drain, fleet.clock.now())
  }
  expect(await isLate()).toBe(true)
  const deadlineAt = fleet.clock.now().add({ seconds: 600 })
  expect((await extend()).drain).toMatchObject({ phase: 'draining', deadlineAt })
  expect(await isLate()).toBe(false)
  expect(await reservationsOn(fleet.db, [id])).toMatchObject([{ serviceInstanceId: 'si-1', revokedAt: null }])
  expect(await eventsOf(fleet, id)).toContain('drain_deadline_set')
  await expect(extendDrain(fleet.ctx, fleet.actor, id, { deadlineSeconds: 86_401 })).rejects.toMatchObject({
    code: 'InvalidDeadline',
  })
})
