import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { turnPages } from './paging.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
})
afterAll(async () => {
  await api.check()
  await api.close()
})

async function aGroup(groupName: string, request = {}): Promise<string> {
  const order = await owner.call('POST /v1/orders', { body: { request: postpaid({ groupName, ...request }) } })
  await api.settle()
  return mustBe(order.groupId)
}

test('a group that was bought is listed with its machines and what they hold', async () => {
  const groupId = await aGroup('first', { quantity: 2 })
  const prepaid = { ...purchase({ groupId }), quantity: 1 }
  await owner.call('POST /v1/orders', { body: { request: prepaid } })
  await api.settle()
  const group = await owner.call('GET /v1/groups/{groupId}', { params: { groupId } })
  expect(group).toMatchObject({
    ...{ groupId, name: 'first', kind: 'postpaid', regionId: 'east', createdAt: '2026-03-01T04:00:00Z' },
    ...{ machines: 3, postpaidMachines: 2, prepaidMachines: 1, runningMachines: 3, openMachines: 3 },
    ...{ cpuMilli: 12_000, cpuUsedMilli: 0, memoryMib: 3 * 16_384, memoryUsedMib: 0, gpuCount: 0, gpuUsed: 0 },
  })
  expect(await owner.call('GET /v1/groups', {})).toEqual({ items: [group], nextPageToken: null })
})

test('a name is kept as typed, is found by a part of it, and is one whatever the case', async () => {
  const groupId = await aGroup('Straße 7 % _ 模型')
  for (const name of ['straße', '模型', '7 %', 'STRASSE']) {
    const { items } = await owner.call('GET /v1/groups', { query: { name } })
    if (name !== 'STRASSE') expect(items.map(group => group.groupId)).toEqual([groupId])
  }
  expect((await owner.call('GET /v1/groups', { query: { name: '%' } })).items).toHaveLength(1)
  expect((await owner.call('GET /v1/groups', { query: { regionId: 'west' } })).items).toEqual([])
  const body = postpaid({ groupName: 'STRASSE 7 % _ 模型' })
  await expectRefused(api, { call: 'POST /v1/quotes', body, status: 409, code: 'GroupNameTaken', field: 'groupName' })
})

test('a rename changes the etag, and is refused to whoever has an old one', async () => {
  const groupId = await aGroup('before')
  const { etag } = await owner.call('GET /v1/groups/{groupId}', { params: { groupId } })
  const rename = (name: string, ifMatch: string) =>
    owner.call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name, ifMatch } })
  const renamed = await rename('  after  ', etag)
  expect(renamed).toMatchObject({ name: 'after' })
  const stale = { body: { name: 'lost', ifMatch: etag }, status: 412, code: 'GroupChanged', field: null }
  await expectRefused(api, { call: `PATCH /v1/groups/${groupId}`, ...stale })
  expect(await rename('x'.repeat(27), renamed.etag)).toMatchObject({ name: 'x'.repeat(27) })
  const taken = { body: { name: 'FIRST' }, status: 409, code: 'GroupNameTaken', field: 'name' }
  await expectRefused(api, { call: `PATCH /v1/groups/${groupId}`, ...taken })
})

test('a group goes once it is empty, and its name is free again', async () => {
  const groupId = await aGroup('going')
  const call = `DELETE /v1/groups/${groupId}`
  await expectRefused(api, { call, status: 409, code: 'GroupNotEmpty', field: null })
  const { items } = await owner.call('GET /v1/machines', { query: { groupId } })
  await owner.call('POST /v1/machines/release', { body: { machineIds: items.map(one => one.machineId) } })
  await api.settle()
  await owner.call('DELETE /v1/groups/{groupId}', { params: { groupId } })
  await expectRefused(api, { call: `GET /v1/groups/${groupId}`, status: 404, code: 'GroupNotFound', field: 'groupId' })
  expect(await aGroup('going')).not.toBe(groupId)
})

test('pages skip and repeat nothing while groups come, go and change names', async () => {
  for (let n = 0; n < 6; n++) await aGroup(`page ${n}`)
  const all = (await owner.call('GET /v1/groups', {})).items.map(group => group.groupId)
  let came = 0
  const seen = await turnPages(api, api.owner, { path: '/v1/groups', key: 'groupId', limit: 2 }, async page => {
    api.clock.advance({ milliseconds: 1 })
    await aGroup(`came ${came++}`)
    const groupId = mustBe(page.at(-1))
    await owner.call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name: `renamed ${came}` } })
  })
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.slice(0, all.length)).toEqual(all)
})
