// What a preview says is what the action then does: the two are the same decisions.
import { expect, test } from 'vitest'
import { cancelDrain, cordonMachine, drainMachine, wishMachines } from '../../src/fleet/machine-wishes.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { type PreviewRequest, previewChange } from '../../src/insight/preview.ts'
import { deployService, scaleService, stopService, updateService } from '../../src/services/deploy.ts'
import { impactOnService } from '../../src/services/impact/impact.ts'
import { checkUpdate } from '../../src/services/impact/update-impact.ts'
import { aServiceJson, type Services, someServices } from '../services/services-fixtures.ts'

const preview = ({ ctx, actor }: Services, request: PreviewRequest) =>
  previewChange({ ...ctx, billingZone: 'Asia/Shanghai', operatorContact: 'ops@example.org' }, actor, request)

/** 8 vCPU a machine; what is deployed first fills the first machine first. */
async function deploy(services: Services, name: string, metadata: object): Promise<void> {
  await deployService(services.ctx, services.actor, aServiceJson({}, { name, ...metadata }))
  await services.settle()
}

const endedOf = async (services: Services, name: string) =>
  (await services.fleet.db.selectFrom('serviceInstances').selectAll().where('phase', '=', 'ended').execute())
    .filter(row => row.id.startsWith(name))
    .map(row => row.id)

test('a drain of two machines moves what the preview said, to where it said, and nothing onto the other', async () => {
  const services = await someServices({ machines: 5 })
  await deploy(services, 'digits', { cpu: 3, instance: 5 })
  const before = await services.instances('digits')
  const machineIds = [...new Set(before.map(one => one.machineId ?? ''))].slice(0, 2)
  const said = await preview(services, { action: 'drain', machineIds })
  expect(said.machines.map(({ places, refusal }) => ({ places, refusal }))).toEqual([
    { places: 'drain', refusal: null },
    { places: 'drain', refusal: null },
  ])
  expect(said.groups).toEqual([{ groupId: 'eas-r-1', openMachines: 5, openMachinesAfter: 3 }])
  expect(said.services).toMatchObject([{ name: 'digits', replicas: 5, running: 5, runningAfter: 5, floor: 4 }])
  const moves = said.services.flatMap(({ instances }) => instances)
  const there = before.filter(one => machineIds.includes(one.machineId ?? ''))
  expect(there.length).toBeGreaterThan(2)
  expect(moves.map(move => move.serviceInstanceId).sort()).toEqual(there.map(one => one.id).sort())
  await wishMachines(services.ctx, services.actor, 'drain', machineIds)
  await services.settle()
  const receipts = await Promise.all(
    machineIds.map(id => drainView(services.fleet.db, 'acc-1', id, services.fleet.clock.now(), null)),
  )
  const whither = receipts.flatMap(view => view?.receipt.whither ?? [])
  expect(new Map(whither.map(one => [one.serviceInstanceId, `${one.from} → ${one.to}`]))).toEqual(
    new Map(moves.map(one => [one.serviceInstanceId, `${one.machineId} → ${one.toMachineId}`])),
  )
})

test('what finds no room is said beforehand in the words that the drain then waits with', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'large', { cpu: 6, instance: 2 })
  const machineId = (await services.instances('large'))[0]?.machineId ?? ''
  const said = await preview(services, { action: 'drain', machineIds: [machineId] })
  const [move] = said.services[0]?.instances ?? []
  expect(move).toMatchObject({ fate: 'moves', toMachineId: null, noRoom: { code: 'NoRoom' } })
  await drainMachine(services.ctx, services.actor, machineId)
  await services.settle()
  const view = await drainView(services.fleet.db, 'acc-1', machineId, services.fleet.clock.now(), null)
  expect(view).toMatchObject({ phase: 'blocked', moves: [{ waitsFor: { noRoom: move?.noRoom } }] })
  // The drain that waits is previewed as it stands: the same one, for want of the same room.
  const forced = await preview(services, { action: 'forceDrain', machineIds: [machineId] })
  expect(forced.services).toMatchObject([
    { name: 'large', running: 2, runningAfter: 1, floor: 1, instances: [{ fate: 'stops', noRoom: move?.noRoom }] },
  ])
})

test('a forced drain stops what the preview said, the last replica of a service among it', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'wide', { cpu: 4, instance: 3 })
  await deploy(services, 'lonely', { cpu: 4 })
  const machineId = (await services.instances('lonely'))[0]?.machineId ?? ''
  const [held] = await services.instances('lonely')
  services.gateways.inFlight.set(held?.id ?? '', 2)
  await drainMachine(services.ctx, services.actor, machineId)
  await services.settle()
  const said = await preview(services, { action: 'forceDrain', machineIds: [machineId] })
  expect(said.services).toMatchObject([
    { name: 'lonely', running: 1, runningAfter: 0, floor: 1, instances: [{ fate: 'stops', inFlight: 4 }] },
    { name: 'wide', running: 3, runningAfter: 2, floor: 2, instances: [{ fate: 'stops', inFlight: 0 }] },
  ])
  await wishMachines(services.ctx, services.actor, 'forceDrain', [machineId], { reason: 'the power goes' })
  await services.settle()
  await services.pass(40, 10)
  // Cut off, and the gateways have said so.
  services.gateways.inFlight.clear()
  services.gateways.obey()
  await services.pass(20, 10)
  const stopped = said.services.flatMap(({ instances }) => instances.map(one => one.serviceInstanceId))
  const ended = [...(await endedOf(services, 'lonely')), ...(await endedOf(services, 'wide'))]
  expect(ended).toEqual(expect.arrayContaining(stopped))
})

test('a drain called back leaves what has not moved, and lifts its own hold alone', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'large', { cpu: 6, instance: 2 })
  const machineId = (await services.instances('large'))[0]?.machineId ?? ''
  await cordonMachine(services.ctx, services.actor, machineId, { reason: 'noisy fan' })
  await drainMachine(services.ctx, services.actor, machineId, { reason: 'new disk' })
  await services.settle()
  const said = await preview(services, { action: 'cancelDrain', machineIds: [machineId] })
  expect(said.machines).toMatchObject([{ lifts: [{ reason: 'new disk' }], remaining: [{ reason: 'noisy fan' }] }])
  expect(said.groups).toMatchObject([{ openMachines: 1, openMachinesAfter: 1 }])
  const after = await cancelDrain(services.ctx, services.actor, machineId)
  expect(after.holds.map(hold => hold.id)).toEqual(said.machines[0]?.remaining.map(hold => hold.id))
  expect(said.services.flatMap(({ running, runningAfter }) => running - runningAfter)).toEqual([0])
})

test('every action refuses, keeps or changes exactly the machines that its preview said', async () => {
  const services = await someServices({ machines: 5 })
  const { ctx, actor, machineIds } = services
  const [plain = '', mine = '', billed = '', draining = '', drained = ''] = machineIds
  await deploy(services, 'digits', { cpu: 6, instance: 5 })
  const lose = async () => {
    await cordonMachine(ctx, actor, mine, { reason: 'mine' })
    await cordonMachine(ctx, { ...actor, name: 'system:expiry' }, billed, { ownerKind: 'billing', reason: 'arrears' })
    await drainMachine(ctx, actor, draining)
    await services.settle()
  }
  await lose()
  await scaleService(ctx, actor, { name: 'digits' }, 4)
  await services.settle()
  await drainMachine(ctx, actor, drained)
  await services.settle()
  for (const action of ['extendDrain', 'forceDrain', 'cancelDrain', 'drain', 'cordon', 'uncordon'] as const) {
    const said = await preview(services, { action, machineIds: [plain, mine, billed, draining, drained] })
    for (const { machineId, refusal, unchanged, remaining, places } of said.machines) {
      const before = await services.fleet.machine(machineId)
      const done = wishMachines(ctx, actor, action, [machineId], { reason: 'as previewed' })
      if (refusal) await expect(done, `${action} ${machineId}`).rejects.toMatchObject(refusal)
      else {
        const after = await done
        expect(after[0]?.generation, `${action} ${machineId}`).toBe(before.generation + (unchanged ? 0 : 1))
        expect(after[0]?.holds).toHaveLength(remaining.length + (places === null ? 0 : 1))
      }
    }
    expect(
      new Set(said.machines.map(({ refusal, unchanged }) => `${refusal?.code} ${unchanged}`)).size,
    ).toBeGreaterThan(1)
  }
})

test('all machines of a wish or none: one that refuses keeps the others as they are', async () => {
  const services = await someServices({ machines: 2 })
  const { ctx, actor, machineIds } = services
  const [first = '', second = ''] = machineIds
  await cordonMachine(ctx, { ...actor, name: 'system:expiry' }, second, { ownerKind: 'billing', reason: 'arrears' })
  await cordonMachine(ctx, actor, first)
  const refused = wishMachines(ctx, actor, 'uncordon', [first, second])
  await expect(refused).rejects.toMatchObject({ code: 'MachineHeld', details: { machines: [{ machineId: second }] } })
  expect((await services.fleet.machine(first)).holds).toHaveLength(1)
  await expect(wishMachines(ctx, actor, 'cordon', [first, 'eas-i-nope'])).rejects.toMatchObject({
    code: 'MachineNotFound',
  })
})

test('a service says what stopping it or scaling it in ends, and that is what ends', async () => {
  const services = await someServices({ machines: 2 })
  const { ctx, actor, fleet } = services
  const key = { name: 'digits' }
  await deploy(services, 'digits', { instance: 3 })
  const scaled = await impactOnService(fleet.db, 'acc-1', key, { replicas: 1 }, fleet.clock.now())
  expect(scaled).toMatchObject({ running: 3, runningAfter: 1, instances: [{ fate: 'finishes' }, { fate: 'finishes' }] })
  await scaleService(ctx, actor, key, 1)
  await services.settle()
  const idsOf = (impact: typeof scaled) => impact.instances.map(one => one.serviceInstanceId).sort()
  expect((await endedOf(services, 'digits')).sort()).toEqual(idsOf(scaled))
  const stopped = await impactOnService(fleet.db, 'acc-1', key, { desired: 'stopped' }, fleet.clock.now())
  expect(stopped).toMatchObject({ running: 1, runningAfter: 0, instances: [{ fate: 'stops' }] })
  await stopService(ctx, actor, key)
  await services.settle()
  expect((await endedOf(services, 'digits')).sort()).toEqual([...idsOf(scaled), ...idsOf(stopped)].sort())
})

test('an update of what does not serve yet says that all of them start anew at once, and so they do', async () => {
  const services = await someServices({ machines: 2, runtime: { startMs: 60_000 } })
  const { ctx, actor } = services
  await deploy(services, 'digits', { instance: 3 })
  const changed = { containers: [{ command: 'serve v2' }] }
  const { impact } = await checkUpdate(ctx, actor, { name: 'digits' }, changed)
  expect(impact).toMatchObject({ maxSurge: 1, replaced: 3, started: 0, ended: 0, wanted: 3, fits: 3, shortage: null })
  await updateService(ctx, actor, { name: 'digits' }, changed)
  await services.settle()
  expect((await services.instances('digits')).map(one => one.version)).toEqual([2, 2, 2])
})

test('a drain of a machine that is lost says that what is there serves no more', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'digits', { cpu: 6, instance: 2 })
  const machineId = (await services.instances('digits'))[0]?.machineId ?? ''
  services.fleet.driver.lose(machineId)
  while ((await services.fleet.machine(machineId)).lostAt === null) await services.pass(5, 5)
  const said = await preview(services, { action: 'drain', machineIds: [machineId] })
  expect(said.services).toMatchObject([{ running: 2, runningAfter: 1, instances: [{ fate: 'stops' }] }])
  await drainMachine(services.ctx, services.actor, machineId)
  await services.pass(90, 10)
  expect(services.gateways.endpoints('digits')).toHaveLength(1)
})
