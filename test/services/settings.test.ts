// A change by which nothing about the processes of a service changes: what runs goes on as the new version.
import { expect, it } from 'vitest'
import { deployService, updateService, useServiceVersion } from '../../src/services/deploy.ts'
import { checkUpdate, checkVersionUse } from '../../src/services/impact/update-impact.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, type Services, someServices } from './services-fixtures.ts'

const key = { name: 'digits' }

async function deployed(instances: number): Promise<Services> {
  const services = await someServices()
  await deployService(services.ctx, services.actor, aServiceJson({}, { instance: instances }))
  await services.settle()
  return services
}

/** The instances, and what the gateways have of the service. */
async function seen(services: Services) {
  const instances = await services.instances('digits')
  const [route] = services.gateways.routes.values()
  return {
    ids: instances.map(one => one.id).sort(),
    versions: instances.map(one => one.version),
    rateLimit: route?.limits.rateLimit,
    bodyMax: route?.limits.bodyMax,
    status: (await getService(services.fleet, 'acc-1', key)).status,
  }
}

const gatewayPolicy = { rate_limit: { enable: true, limit: 5 } }

it.each<[string, object, object]>([
  ['a rate limit', { metadata: { rpc: { rate_limit: 5 } } }, { rateLimit: 5 }],
  ['a limit of the body', { metadata: { rpc: { max_body_mib: 1 } } }, { bodyMax: 2 ** 20 }],
  ['a limit of the gateway policy', { networking: { gateway_policy: gatewayPolicy } }, { rateLimit: 5 }],
])('%s reaches the gateways and restarts nothing; neither does the way back', async (_name, json, limits) => {
  const services = await deployed(2)
  const { ctx, actor } = services
  const before = await seen(services)
  const { impact } = await checkUpdate(ctx, actor, key, json)
  expect(impact).toMatchObject({ effect: 'settings', version: 2, replaced: 0, started: 0, wanted: 0 })
  const { service } = await updateService(ctx, actor, key, json)
  expect(service).toMatchObject({ version: 2, rollout: null, status: 'Running' })
  await services.settle()
  expect(await seen(services)).toEqual({ ...before, versions: [2, 2], ...limits })
  expect(await checkVersionUse(ctx, actor, key, 1)).toMatchObject({ effect: 'settings', replaced: 0 })
  await useServiceVersion(ctx, actor, key, 1)
  await services.settle()
  expect(await seen(services)).toEqual(before)
})

it('with another count, only the count changes', async () => {
  const services = await deployed(1)
  const before = await seen(services)
  const json = { metadata: { instance: 2, rpc: { rate_limit: 5 } } }
  expect((await checkUpdate(services.ctx, services.actor, key, json)).impact).toMatchObject({
    ...{ effect: 'settings', replicas: 2, replaced: 0, started: 1 },
  })
  const { service } = await updateService(services.ctx, services.actor, key, json)
  expect(service.status).toBe('Scaling')
  await services.settle()
  const after = await seen(services)
  expect(after).toMatchObject({ versions: [2, 2], rateLimit: 5, status: 'Running' })
  expect(after.ids).toEqual(expect.arrayContaining(before.ids))
})

it('in the middle of an update, the update goes on, and back is the version before it', async () => {
  const services = await deployed(2)
  const { ctx, actor, runtime } = services
  runtime.inject('never_ready')
  await updateService(ctx, actor, key, { containers: [{ command: 'serve v2' }] })
  await services.settle()
  const [newcomer] = (await services.instances('digits')).filter(one => one.version === 2)
  const { service } = await updateService(ctx, actor, key, { metadata: { rpc: { rate_limit: 5 } } })
  expect(service).toMatchObject({ version: 3, rollout: { kind: 'update', fromVersion: 1 } })
  await services.settle()
  expect((await seen(services)).rateLimit).toBe(5)
  const now = await services.instances('digits')
  expect(now.find(one => one.id === newcomer?.id)).toMatchObject({ version: 3, status: 'Starting' })
  expect(now.filter(one => one.version === 1)).toHaveLength(2)
})
