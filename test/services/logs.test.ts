// Whose log is read where nobody says whose: the newest service instance's of which there is one.
import { expect, test } from 'vitest'
import { armFault } from '../../src/lib/fault.ts'
import { deployService, updateService } from '../../src/services/deploy.ts'
import { followServiceLogs, serviceLogs } from '../../src/services/logs.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { aServiceJson, type Services, someServices } from './services-fixtures.ts'

/** Version 1 serves; the one in its place has its machine, and has not been launched there. */
async function oneToCome(services: Services): Promise<{ before: string; coming: string }> {
  const { ctx, actor, fleet } = services
  await deployService(ctx, actor, aServiceJson())
  await services.settle()
  const before = (await services.instances('digits'))[0]?.id ?? ''
  fleet.clock.advance({ seconds: 1 })
  await updateService(ctx, actor, { name: 'digits' }, { containers: [{ command: 'serve v2' }] })
  armFault('services.act.before-launch', { do: 'throw' })
  for (let round = 0; round < 5; round++) {
    await reconcileServices(ctx)
    const coming = (await services.instances('digits')).find(one => one.id !== before && one.machineId !== null)
    if (coming) return { before, coming: coming.id }
  }
  throw new Error('nothing came')
}

test('the newest that has not begun yet has no log: the one before is read and followed', async () => {
  const services = await someServices()
  const { ctx, actor } = services
  const { before, coming } = await oneToCome(services)
  const page = await serviceLogs(ctx, actor, { name: 'digits' })
  expect([page.serviceInstanceId, page.lines[0]]).toEqual([before, expect.stringMatching(/^launched on /)])
  const followed = await followServiceLogs(ctx, actor, { name: 'digits' }, {}, AbortSignal.abort())
  expect(await Array.fromAsync(followed)).toEqual([])
  await expect(serviceLogs(ctx, actor, { name: 'digits' }, { serviceInstanceId: coming })).rejects.toMatchObject({
    ...{ code: 'ServiceInstanceNotFound', message: `no log is kept of ${coming}` },
  })
  await services.pass(70, 10)
  expect(await serviceLogs(ctx, actor, { name: 'digits' })).toMatchObject({ serviceInstanceId: coming })
})

test('what has run without a log that is kept is told from what has never run', async () => {
  const services = await someServices()
  const { ctx, actor } = services
  await deployService(ctx, actor, aServiceJson())
  const refused = () => serviceLogs(ctx, actor, { name: 'digits' }).catch(error => error.message)
  expect(await refused()).toBe('digits has run no instance yet')
  await services.settle()
  const [instance] = await services.instances('digits')
  services.runtime.vanish(instance?.id ?? '')
  expect(await refused()).toBe(`no log is kept of ${instance?.id}`)
})
