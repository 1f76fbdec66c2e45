import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { mustBe, populate, type World } from './world.ts'

let api: TestApi
let owner: Client
let world: World
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  world = await populate(api, api.owner, 'here')
})
afterAll(() => api.close())

const list = (query: object = {}) => owner.call('GET /v1/events', { query })

test('what happened to one thing is told with who did it, the newest first', async () => {
  await owner.call('PATCH /v1/groups/{groupId}', { params: { groupId: world.groupId }, body: { name: 'renamed' } })
  const { items } = await list({ subjectKind: 'group', subjectId: world.groupId })
  expect(items.map(event => event.kind)).toEqual(['group.renamed', 'group.created'])
  expect(items[0]).toMatchObject({ actor: `user:${api.owner.userId}`, data: { from: 'paid', to: 'renamed' } })
})

test('pages go back to the first, and skip and repeat nothing while more happens', async () => {
  const all = (await list({ limit: 500 })).items.map(event => event.eventId)
  const seen: string[] = []
  for (let before: object = {}; ; ) {
    const { items } = await list({ limit: 7, ...before })
    if (items.length === 0) break
    seen.push(...items.map(event => event.eventId))
    before = { before: mustBe(items.at(-1)).eventId }
    await owner.call('POST /v1/machines/{machineId}/cordon', { params: { machineId: world.spareId }, body: {} })
    await owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId: world.spareId } })
  }
  expect(seen).toEqual(all)
})

test('no secret is told, and nothing of another account', async () => {
  const text = JSON.stringify(await list({ limit: 500 }))
  const { accessKey } = await owner.call('GET /v1/services/{service}/access-key', {
    params: { service: world.serviceName },
  })
  for (const secret of [api.owner.secret, accessKey]) expect(text).not.toContain(secret)
  const theirs = await api.client(api.other).call('GET /v1/events', { query: { limit: 500 } })
  expect(theirs.items.every(event => !text.includes(`"${event.eventId}"`))).toBe(true)
})
