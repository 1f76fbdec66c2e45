// An action that names its preview does what that preview said, or is refused.
import { expect, test } from 'vitest'
import { cordonMachine, drainMachine, wishMachines } from '../../src/fleet/machine-wishes.ts'
import { actionAsPreviewed, type PreviewRequest, previewChange } from '../../src/insight/preview.ts'
import { armFault } from '../../src/lib/fault.ts'
import { deleteService, deployService, scaleService, stopService, updateService } from '../../src/services/deploy.ts'
import { previewIdOf } from '../../src/services/impact/as-previewed.ts'
import { impactOnService, type ServiceAssumption } from '../../src/services/impact/impact.ts'
import { changeAsPreviewed } from '../../src/services/impact/service-as-previewed.ts'
import { checkUpdate } from '../../src/services/impact/update-impact.ts'
import { aServiceJson, eventKinds, type Services, someServices, untilWaiting } from '../services/services-fixtures.ts'

const ctxOf = ({ ctx }: Services) => ({ ...ctx, billingZone: 'Asia/Shanghai', operatorContact: 'ops@example.org' })

async function deploy(services: Services, name: string, metadata: object): Promise<string> {
  await deployService(services.ctx, services.actor, aServiceJson({}, { name, ...metadata }))
  await services.settle()
  return (await services.instances(name))[0]?.machineId ?? ''
}

/** A drain that was looked at, to be done later. */
async function aDrainShown(services: Services, machineId: string) {
  const request: PreviewRequest = { action: 'drain', machineIds: [machineId] }
  const { previewId } = await previewChange(ctxOf(services), services.actor, request)
  const before = actionAsPreviewed(ctxOf(services), services.actor, request, previewId)
  return () => wishMachines(services.ctx, services.actor, 'drain', [machineId], before)
}

test('an action is done as it was shown while requests come and go, and refused once it would come out otherwise', async () => {
  const services = await someServices({ machines: 3 })
  const machineId = await deploy(services, 'digits', { cpu: 4 })
  const drain = await aDrainShown(services, machineId)
  const [other = ''] = services.machineIds.filter(id => id !== machineId)
  await cordonMachine(services.ctx, services.actor, other)
  const before = await eventKinds(services, '%')
  await expect(drain()).rejects.toMatchObject({ code: 'WorldChanged', details: { field: 'previewId' } })
  expect(await eventKinds(services, '%')).toEqual(before)
  const again = await aDrainShown(services, machineId)
  const [instance] = await services.instances('digits')
  services.gateways.inFlight.set(instance?.id ?? '', 3)
  services.gateways.obey()
  await services.settle()
  await expect(again()).resolves.toMatchObject([{ drain: { phase: 'draining' } }])
})

test('room that another service is about to give back is told of, and a drain that was shown without it is refused', async () => {
  const services = await someServices({ machines: 2 })
  const machineId = await deploy(services, 'large', { cpu: 6 })
  const room = await deploy(services, 'other', { cpu: 6 })
  expect(room).not.toBe(machineId)
  const drain = await aDrainShown(services, machineId)
  // Asked for, and not yet begun.
  await deleteService(services.ctx, services.actor, { name: 'other' })
  await expect(drain()).rejects.toMatchObject({ code: 'WorldChanged' })
  const request: PreviewRequest = { action: 'drain', machineIds: [machineId] }
  const { services: told } = await previewChange(ctxOf(services), services.actor, request)
  expect(told).toMatchObject([{ name: 'large', instances: [{ fate: 'moves', toMachineId: room, noRoom: null }] }])
})

test('from the look to the commit nothing that the preview told of can be changed by others', async () => {
  const services = await someServices({ machines: 3 })
  const machineId = await deploy(services, 'digits', { cpu: 4 })
  const drain = await aDrainShown(services, machineId)
  const order: string[] = []
  const { ctx, actor, machineIds } = services
  const changes: Promise<unknown>[] = []
  armFault('fleet.wish.before-commit', {
    do: 'call',
    call: async () => {
      const [other = ''] = machineIds.filter(id => id !== machineId)
      const note = (what: string, change: Promise<unknown>) => changes.push(change.then(() => order.push(what)))
      note('cordoned', cordonMachine(ctx, actor, other))
      note('scaled', scaleService(ctx, actor, { name: 'digits' }, 2))
      note('deployed', deployService(ctx, actor, aServiceJson({}, { name: 'another' })))
      // Each of them now waits for a lock, as PostgreSQL says.
      await services.fleet.db.connection().execute(db => untilWaiting(db, changes.length))
      order.push('drained')
    },
  })
  await drain()
  await Promise.all(changes)
  expect(order[0]).toBe('drained')
  expect(order.toSorted()).toEqual(['cordoned', 'deployed', 'drained', 'scaled'])
})

test('what is on its way out already is in no impact, and no action is refused because it has ended', async () => {
  const services = await someServices({ machines: 2, runtime: { stopMs: 10_000 } })
  const { ctx, actor, fleet } = services
  const machineId = await deploy(services, 'digits', { instance: 2 })
  await scaleService(ctx, actor, { name: 'digits' }, 1)
  await services.settle()
  const cordon: PreviewRequest = { action: 'cordon', machineIds: [machineId] }
  const shown = await previewChange(ctxOf(services), actor, cordon)
  const key = { name: 'digits' }
  const assumed = { desired: 'stopped' as const }
  const stop = await impactOnService(ctx.db, actor.accountId, key, assumed, fleet.clock.now())
  expect(shown.machines).toMatchObject([{ serviceInstances: 2 }])
  await services.pass(20, 10)
  const left = (await services.instances('digits')).filter(one => one.phase !== 'ended')
  expect(stop.instances.map(one => one.serviceInstanceId)).toEqual(left.map(one => one.id))
  const { previewId } = shown
  await wishMachines(ctx, actor, 'cordon', [machineId], actionAsPreviewed(ctxOf(services), actor, cordon, previewId))
  await stopService(ctx, actor, key, changeAsPreviewed(ctx, actor, key, assumed, previewIdOf(stop)))
  expect((await previewChange(ctxOf(services), actor, cordon)).machines).toMatchObject([{ serviceInstances: 1 }])
})

test('stopping a service that was scaled since is refused', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'digits', { instance: 2 })
  const { ctx, actor } = services
  const key = { name: 'digits' }
  const assumed = { desired: 'stopped' as const }
  const show = async () => previewIdOf(await impactOnService(ctx.db, actor.accountId, key, assumed, ctx.clock.now()))
  const stop = (id: string) => stopService(ctx, actor, key, changeAsPreviewed(ctx, actor, key, assumed, id))
  const first = await show()
  await scaleService(ctx, actor, key, 3)
  await services.settle()
  await expect(stop(first)).rejects.toMatchObject({ code: 'WorldChanged' })
  expect(await stop(await show())).toMatchObject({ desired: 'stopped' })
  await expect(drainMachine(ctx, actor, services.machineIds[0] ?? '')).resolves.toBeDefined()
})

test('what is being deleted is previewed as the action would answer: refused, unless nothing is asked of it', async () => {
  const services = await someServices({ machines: 2 })
  await deploy(services, 'digits', { instance: 2 })
  const { ctx, actor } = services
  const key = { name: 'digits' }
  await deleteService(ctx, actor, key)
  const look = (assumed: ServiceAssumption) => impactOnService(ctx.db, actor.accountId, key, assumed, ctx.clock.now())
  const refused = { code: 'ServiceDeleting' }
  await expect(look({ replicas: 1 })).rejects.toMatchObject(refused)
  await expect(scaleService(ctx, actor, key, 1)).rejects.toMatchObject(refused)
  const changed = { containers: [{ command: 'serve v2' }] }
  await expect(checkUpdate(ctx, actor, key, changed)).rejects.toMatchObject(refused)
  await expect(updateService(ctx, actor, key, changed)).rejects.toMatchObject(refused)
  await expect(look({ desired: 'deleted' })).resolves.toMatchObject({ running: 2, runningAfter: 0 })
  await expect(deleteService(ctx, actor, key)).resolves.toMatchObject({ desired: 'deleted' })
})
