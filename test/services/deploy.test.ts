import { describe, expect, it } from 'vitest'
import { deleteGroup } from '../../src/fleet/resource-groups.ts'
import {
  deleteService,
  deployService,
  scaleService,
  startService,
  stopService,
  updateService,
} from '../../src/services/deploy.ts'
import { servicesInGroup } from '../../src/services/group-services.ts'
import { followServiceLogs, serviceLogs } from '../../src/services/logs.ts'
import { getService } from '../../src/services/services.ts'
import { newestKey } from '../../src/services/traffic/service-keys.ts'
import { aServiceJson, eventKinds, reserved, type Services, someServices } from './services-fixtures.ts'

const statusOf = async (services: Services, name = 'digits') => {
  const { status, reason } = await getService(services.fleet, services.actor.accountId, { name })
  return { status, reason }
}

const aContainer = (change: object): object => ({ containers: [{ image: 'acme/digits', ...change }] })

describe('a deployment', () => {
  it('runs on machines of its group, is probed, routed, and answers', async () => {
    const services = await someServices()
    const { service, warnings } = await deployService(services.ctx, services.actor, aServiceJson({}, { instance: 3 }))
    expect(service).toMatchObject({ status: 'Creating', replicas: 3, version: 1, regionId: 'region-a' })
    expect(warnings).toEqual([])
    await services.settle()
    expect(await statusOf(services)).toEqual({ status: 'Running', reason: '3 of 3 instances are running' })
    const instances = await services.instances('digits')
    expect(services.gateways.endpoints('digits').sort()).toEqual(instances.map(one => one.id).sort())
    // Packed onto one machine.
    expect(new Set(instances.map(one => one.machineId)).size).toBe(1)
    const { port } = instances[0] ?? {}
    expect(await (await fetch(`http://127.0.0.1:${port}/x`)).json()).toMatchObject({ path: '/x' })
    expect(await eventKinds(services, 'service%')).toEqual([
      'service.deployed',
      ...Array(3).fill('service_instance.created'),
      ...Array(3).fill('service_instance.placed'),
      ...Array(3).fill('service_instance.ready'),
      'service.settled',
    ])
  })

  it('keeps its access key sealed, and hands it to gateways and to its owner', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson())
    await services.settle()
    const key = await newestKey(services.ctx, services.actor.accountId, { service: { name: 'digits' } })
    expect(key).toMatch(/^easg_[0-9a-z]{32}$/)
    expect([...services.gateways.routes.values()][0]?.accessKeys).toEqual([key])
    const row = await services.fleet.db.selectFrom('serviceKeys').select('cipher').executeTakeFirstOrThrow()
    expect(row.cipher.toString('latin1')).not.toContain(key)
  })

  it('keeps the login of its image’s registry sealed, and out of what people see', async () => {
    const services = await someServices()
    const { ctx, actor, runtime } = services
    const logins: (string | null | undefined)[] = []
    const ensure = runtime.ensure.bind(runtime)
    runtime.ensure = launch => {
      logins.push(launch.registryAuth)
      return ensure(launch)
    }
    const [first, second] = ['ana:one', 'ana:two'].map(login => Buffer.from(login).toString('base64'))
    const json = aServiceJson({ containers: [{ image: 'acme/digits:1' }], dockerAuth: first })
    const { service } = await deployService(ctx, actor, json)
    expect(JSON.stringify(service)).not.toContain(first)
    await services.settle()
    const update = async (change: object) => {
      const { service: updated } = await updateService(ctx, actor, { name: 'digits' }, change)
      await services.settle()
      return updated.version
    }
    // A login alone makes no version; one that is not named stays, one that is emptied is gone.
    expect(await update({ dockerAuth: second })).toBe(1)
    expect(await update({ containers: [{ image: 'acme/digits:2' }] })).toBe(2)
    expect(await update({ containers: [{ image: 'acme/digits:3' }], dockerAuth: '' })).toBe(3)
    expect(logins).toEqual([first, second, undefined])
    const stored = JSON.stringify(await services.fleet.db.selectFrom('serviceVersions').selectAll().execute())
    expect(stored).not.toContain(first)
    expect(await eventKinds(services, 'service.image%')).toEqual(['service.image_login_changed'])
  })

  it('waits with numbers while there is no room, and goes on by itself when there is', async () => {
    const services = await someServices({ machines: 1 })
    await deployService(services.ctx, services.actor, aServiceJson({}, { instance: 2, cpu: 5 }))
    await services.settle()
    const reason = '1 of 2 instances are running; needs 2 more vCPU on one machine'
    expect(await statusOf(services)).toEqual({ status: 'Waiting', reason })
    await scaleService(services.ctx, services.actor, { name: 'digits' }, 1)
    await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'other', cpu: 3 }))
    await services.settle()
    expect([await statusOf(services), await statusOf(services, 'other')]).toMatchObject([
      { status: 'Running' },
      { status: 'Running' },
    ])
  })

  it('gives each its own cards', async () => {
    const services = await someServices({ machines: 1 })
    await deployService(services.ctx, services.actor, aServiceJson({}, { instance: 3, gpu: 1, gpu_memory: 20 }))
    await services.settle()
    const cards = (await services.instances('digits')).map(one => one.gpuIndexes)
    expect(cards.filter(one => one.length > 0).sort()).toEqual([[0], [1]])
    expect((await statusOf(services)).reason).toContain('needs 1 more GPU on one machine')
  })

  it.each([
    ['by machine where each has its own', 'simulated', [[0], [0], [1], [1]]],
    ['once for all slices of a host', 'process', [[0], [1], [2], [3]]],
  ] as const)('numbers cards %s', async (_name, engine, cards) => {
    const services = await someServices({ machines: 2 })
    await services.fleet.db.updateTable('regions').set({ engine }).execute()
    for (const name of ['one', 'two'])
      await deployService(services.ctx, services.actor, aServiceJson({}, { name, instance: 2, gpu: 1 }))
    await services.settle()
    const all = [...(await services.instances('one')), ...(await services.instances('two'))]
    expect(all.map(one => one.gpuIndexes).sort()).toEqual(cards)
  })

  it.each([
    ['an unknown group', { resource: 'eas-r-none' }, 'GroupNotFound'],
    ['an unknown workspace', { workspace_id: 'ws-none' }, 'WorkspaceNotFound'],
    ['a field that is wrong', { instance: -1 }, 'InvalidServiceConfig'],
  ])('refuses %s and changes nothing', async (_name, metadata, code) => {
    const services = await someServices({ machines: 0 })
    await expect(deployService(services.ctx, services.actor, aServiceJson({}, metadata))).rejects.toMatchObject({
      code,
    })
    expect(await eventKinds(services, 'service%')).toEqual([])
    expect(await services.fleet.db.selectFrom('services').select('id').execute()).toEqual([])
  })

  it('refuses an image where processes run, naming the field and the way out', async () => {
    const services = await someServices({ machines: 0 })
    await services.fleet.db.updateTable('regions').set({ engine: 'process' }).execute()
    const json = aServiceJson({ containers: [{ image: 'nginx', port: 80 }] })
    await expect(deployService(services.ctx, services.actor, json)).rejects.toMatchObject({
      code: 'EngineNotSupported',
      message: expect.stringContaining('Docker'),
      details: { field: 'containers[0].image' },
    })
  })

  it.each([
    ['a command without an image', { containers: [{ command: './serve' }] }, 'containers[0].image', 'Name the image'],
    ['the built-in model server', { processor: 'onnx', model_path: '/m.onnx' }, 'processor', 'engine is process'],
  ])('refuses %s where containers run, naming the field and the way out', async (_name, config, field, wayOut) => {
    const services = await someServices({ machines: 0 })
    await services.fleet.db.updateTable('regions').set({ engine: 'docker' }).execute()
    const { containers: _, ...json } = aServiceJson() as Record<string, unknown>
    await expect(deployService(services.ctx, services.actor, { ...json, ...config })).rejects.toMatchObject({
      code: 'EngineNotSupported',
      message: expect.stringContaining(wayOut),
      details: { field },
    })
  })

  it('takes the built-in model server where containers run, if the operator has named its image and the model is fetched', async () => {
    const services = await someServices({ machines: 0 })
    await services.fleet.db.updateTable('regions').set({ engine: 'docker' }).execute()
    const { containers: _, ...json } = aServiceJson() as Record<string, unknown>
    const installation = { buckets: [], storage: [], modelServerImages: { docker: 'registry.test/berth:1' } }
    const ctx = { ...services.ctx, installation }
    const onnx = (path: string) => ({ ...json, processor: 'onnx', model_path: path })
    const refused = { code: 'EngineNotSupported', details: { field: 'model_path' } }
    await expect(deployService(ctx, services.actor, onnx('/m.onnx'))).rejects.toMatchObject(refused)
    const { service } = await deployService(ctx, services.actor, onnx('https://models.test/m.onnx'))
    expect(service.name).toBe('digits')
  })

  it.each([
    ['a command without an image', { containers: [{ command: './serve' }] }, 'containers[0].image'],
    ['a model of a node', { processor: 'onnx', model_path: '/m.onnx' }, 'model_path'],
    ['a model in a store', { processor: 'onnx', model_path: 's3://models/m.onnx' }, 'model_path'],
    ['cards by variable', aContainer({ env: [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }] }), 'containers[0].env'],
  ])('refuses %s on Kubernetes, naming the field', async (_name, config, field) => {
    const services = await someServices({ machines: 0 })
    await services.fleet.db.updateTable('regions').set({ engine: 'kubernetes' }).execute()
    const { containers: _, ...json } = aServiceJson() as Record<string, unknown>
    const installation = {
      buckets: ['models'],
      storage: [],
      modelServerImages: { kubernetes: 'registry.test/berth:1' },
    }
    const ctx = { ...services.ctx, installation }
    const refused = { code: 'EngineNotSupported', details: { field } }
    await expect(deployService(ctx, services.actor, { ...json, ...config })).rejects.toMatchObject(refused)
    const without = { ...services.ctx, installation: { ...installation, modelServerImages: {} } }
    const onnx = { ...json, processor: 'onnx', model_path: 'https://models.test/m.onnx' }
    const noImage = { code: 'EngineNotSupported', details: { field: 'processor' } }
    await expect(deployService(without, services.actor, onnx)).rejects.toMatchObject(noImage)
  })

  it('refuses a name that is taken; of two at once one gets it', async () => {
    const services = await someServices()
    const both = await Promise.allSettled([1, 2].map(() => deployService(services.ctx, services.actor, aServiceJson())))
    expect(both.map(one => one.status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(deployService(services.ctx, services.actor, aServiceJson())).rejects.toMatchObject({
      code: 'ServiceNameTaken',
    })
  })

  it('finds the group by its name and keeps the id', async () => {
    const services = await someServices()
    const { service } = await deployService(services.ctx, services.actor, aServiceJson({}, { resource: 'Main' }))
    expect(service.groupId).toBe('eas-r-1')
  })

  it('is not found by another account', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson())
    const other = { accountId: 'acc-2', name: 'user:usr-2' }
    await expect(getService(services.fleet, 'acc-2', { name: 'digits' })).rejects.toMatchObject({
      code: 'ServiceNotFound',
    })
    await expect(stopService(services.ctx, other, { name: 'digits' })).rejects.toMatchObject({
      code: 'ServiceNotFound',
    })
    await expect(serviceLogs(services.ctx, other, { name: 'digits' })).rejects.toMatchObject({
      code: 'ServiceNotFound',
    })
  })
})

describe('scaling, stopping and deleting', () => {
  it('scales out and in, down to nothing and up again', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson())
    await services.settle()
    for (const replicas of [4, 2, 0, 1]) {
      const scaled = await scaleService(services.ctx, services.actor, { name: 'digits' }, replicas)
      expect(scaled).toMatchObject({ status: 'Scaling', replicas })
      await services.settle()
      expect(await statusOf(services)).toMatchObject({ status: 'Running' })
      expect([await reserved(services), services.gateways.endpoints('digits').length]).toEqual([replicas, replicas])
      expect(services.runtime.live()).toHaveLength(replicas)
    }
    for (const wrong of [-1, 1.5, 1001]) {
      const refused = scaleService(services.ctx, services.actor, { name: 'digits' }, wrong)
      await expect(refused).rejects.toMatchObject({ code: 'InvalidReplicas' })
    }
  })

  it('stops, gives everything back, and starts again', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson({}, { instance: 2 }))
    await services.settle()
    expect(await stopService(services.ctx, services.actor, { name: 'digits' })).toMatchObject({ status: 'Stopping' })
    await services.settle()
    expect(await statusOf(services)).toMatchObject({ status: 'Stopped' })
    expect([await reserved(services), services.runtime.live()]).toEqual([0, []])
    // Still known to gateways, which answer 503 with its status.
    expect([...services.gateways.routes.values()]).toMatchObject([{ name: 'digits', endpoints: [] }])
    await startService(services.ctx, services.actor, { name: 'digits' })
    await services.settle()
    expect(await statusOf(services)).toMatchObject({ status: 'Running' })
  })

  it('deletes, frees the name, and keeps the logs for the account that owned it', async () => {
    const services = await someServices()
    const { service } = await deployService(services.ctx, services.actor, aServiceJson())
    await services.settle()
    const [instance] = await services.instances('digits')
    const remaining = deleteGroup(services.ctx, services.actor, 'eas-r-1', servicesInGroup)
    await expect(remaining).rejects.toMatchObject({ code: 'GroupNotEmpty' })
    expect(await deleteService(services.ctx, services.actor, { name: 'digits' })).toMatchObject({ status: 'Deleting' })
    await expect(startService(services.ctx, services.actor, { name: 'digits' })).rejects.toMatchObject({
      code: 'ServiceDeleting',
    })
    await services.settle()
    await expect(getService(services.fleet, 'acc-1', { name: 'digits' })).rejects.toMatchObject({
      code: 'ServiceNotFound',
    })
    expect([await reserved(services), services.gateways.routes.size]).toEqual([0, 0])
    const logs = await serviceLogs(services.ctx, services.actor, { id: service.id })
    expect(logs).toMatchObject({ serviceInstanceId: instance?.id, lines: expect.arrayContaining(['stopping']) })
    expect((await deployService(services.ctx, services.actor, aServiceJson())).service.id).not.toBe(service.id)
  })

  it('follows a log until its instance has ended', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson())
    await services.settle()
    const [instance] = await services.instances('digits')
    const abort = new AbortController()
    const lines = await followServiceLogs(services.ctx, services.actor, { name: 'digits' }, {}, abort.signal)
    const seen: string[] = []
    const followed = (async () => {
      for await (const line of lines) if (seen.push(line) === 2) break
    })()
    await fetch(`http://127.0.0.1:${instance?.port}/one`)
    await fetch(`http://127.0.0.1:${instance?.port}/two`)
    await followed
    expect(seen).toEqual(['GET /one', 'GET /two'])
  })
})
