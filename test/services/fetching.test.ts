// What a service instance waits for while its model comes.
import { expect, it } from 'vitest'
import { checkDeployment, deployService, updateService } from '../../src/services/deploy.ts'
import type { Fetching } from '../../src/services/driver.ts'
import { checkUpdate } from '../../src/services/impact/update-impact.ts'
import { aServiceJson, eventKinds, someServices } from './services-fixtures.ts'

const MiB = 2 ** 20
const part = (change: Partial<Fetching> = {}): Fetching => ({
  ...{
    url: 'https://models.example/m.onnx?…',
    receivedBytes: 40 * MiB,
    totalBytes: 100 * MiB,
    failures: 0,
    problem: null,
  },
  ...change,
})

it('how far it is stands in its reason until it has come', async () => {
  const services = await someServices({ runtime: { startMs: 3_000 } })
  await deployService(services.ctx, services.actor, aServiceJson())
  await services.settle()
  const [{ id = '' } = {}] = await services.instances('digits')
  const seen = async (fetching: Fetching | null) => {
    services.runtime.setFetching(id, fetching)
    await services.pass(2)
    const [one] = await services.instances('digits')
    return { status: one?.status, reason: one?.reason, code: one?.cause?.code }
  }
  const fetching = (reason: string) => ({ status: 'Starting', code: 'Fetching', reason })
  const url = 'https://models.example/m.onnx?…'
  expect(await seen(part())).toEqual(fetching(`fetching ${url}, 40 % of 100 MiB`))
  const before = (await eventKinds(services, '%')).length
  const troubled = part({ receivedBytes: 99.9 * MiB, failures: 2, problem: 'the server answered 503' })
  expect(await seen(troubled)).toEqual(
    fetching(`fetching ${url}, 99 % of 100 MiB (failed 2 times in a row, last: the server answered 503)`),
  )
  expect(await seen(part({ totalBytes: null }))).toEqual(fetching(`fetching ${url}, 40 MiB`))
  // Bytes are no events: a history of them would bury everything else.
  expect(await eventKinds(services, '%')).toHaveLength(before)
  expect(await seen(null)).toEqual({ status: 'Running', reason: '', code: undefined })
})

it('a bucket that the operator has not named is refused where it is deployed, updated and previewed', async () => {
  const services = await someServices()
  const ctx = { ...services.ctx, installation: { buckets: ['models/public'], storage: [] } }
  const { actor } = services
  const onnx = (path: string, change: object = {}) =>
    aServiceJson({ containers: undefined, processor: 'onnx', model_path: path, ...change })
  const refused = (field: string) => ({ code: 'UnsupportedServiceConfig', details: { field } })
  for (const path of ['s3://models/m.onnx', 's3://models/publicity/m', 'oss://other/m.onnx']) {
    await expect(deployService(ctx, actor, onnx(path))).rejects.toMatchObject(refused('model_path'))
    await expect(checkDeployment(ctx, actor, onnx(path))).rejects.toMatchObject(refused('model_path'))
  }
  const warm = onnx('/m.onnx', { warm_up_data_path: 's3://other/one.json' })
  await expect(deployService(ctx, actor, warm)).rejects.toMatchObject(refused('warm_up_data_path'))
  await expect(deployService(services.ctx, actor, onnx('s3://models/public/m'))).rejects.toMatchObject(
    refused('model_path'),
  )
  await deployService(ctx, actor, onnx('oss://models/public/m.onnx'))
  const key = { name: 'digits' }
  const elsewhere = { model_path: 's3://other/m' }
  await expect(updateService(ctx, actor, key, elsewhere)).rejects.toMatchObject(refused('model_path'))
  await expect(checkUpdate(ctx, actor, key, elsewhere)).rejects.toMatchObject(refused('model_path'))
})
