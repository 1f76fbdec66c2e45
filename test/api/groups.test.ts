import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('a group that was bought is listed with its machines', async () => {
  const owner = api.client(api.owner)
  const request = { regionId: 'east', zoneId: 'east-a', specId: 'c4m16', chargeType: 'prepaid', quantity: 2 } as const
  await owner.call('POST /v1/orders', { body: { request: { ...request, months: 1, groupName: 'first' } } })
  await api.settle()
  const { items } = await owner.call('GET /v1/groups', {})
  expect(items).toMatchObject([{ name: 'first', machines: 2, runningMachines: 2 }])
  const config = { metadata: { name: 'digits', resource: 'first' }, containers: [{ command: 'serve' }] }
  await owner.call('POST /v1/services', { body: { config } })
  await api.settle()
  expect(await owner.call('GET /v1/services', {})).toMatchObject({ items: [{ name: 'digits', status: 'Running' }] })
  await api.check()
})
