import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const whoami = (caller: Pick<Principal, 'accessKeyId' | 'secret'>) => api.send(caller, 'GET', '/v1/whoami')

test('everybody is told who they are', async () => {
  for (const one of [api.owner, api.finance, api.developer, api.viewer, api.operator]) {
    const { accountId, userId, role, accessKeyId } = one
    expect((await whoami(one)).body).toMatchObject({ accountId, userId, role, accessKeyId })
  }
})

test('the operator makes an account, whose owner can begin at once; its name is taken once', async () => {
  const operator = api.client(api.operator)
  const { account, key } = await operator.call('POST /v1/accounts', { body: { name: 'acme' } })
  expect((await whoami(key)).body).toMatchObject({ accountId: account.accountId, role: 'owner', userName: 'admin' })
  expect((await operator.call('GET /v1/accounts', {})).items.map(one => one.name)).toContain('acme')
  const again = { as: api.operator, call: 'POST /v1/accounts', body: { name: 'acme' } }
  await expectRefused(api, { ...again, status: 409, code: 'NameInUse', field: 'name' })
  const { items } = await api.client(api.owner).call('GET /v1/workspaces', {})
  expect(items).toMatchObject([{ name: 'default' }])
})

test('an account that could not get its owner is not made either', async () => {
  const body = { name: 'half', ownerName: 'No Name' }
  await expectRefused(api, {
    as: api.operator,
    call: 'POST /v1/accounts',
    body,
    field: 'ownerName',
    code: 'InvalidName',
  })
})

test('the owner adds users; names are taken once per account', async () => {
  const owner = api.client(api.owner)
  const user = await owner.call('POST /v1/users', { body: { name: 'mei', role: 'developer' } })
  const { password, ...listed } = user
  expect(password).toBeNull()
  expect((await owner.call('GET /v1/users', {})).items).toContainEqual({
    ...listed,
    refusals: { changeRole: null, disable: null },
  })
  const again = { call: 'POST /v1/users', body: { name: 'mei', role: 'viewer' } }
  await expectRefused(api, { ...again, status: 409, code: 'NameInUse', field: 'name' })
  await api.client(api.other).call('POST /v1/users', { body: { name: 'mei', role: 'viewer' } })
  await expectRefused(api, { ...again, as: api.developer, status: 403, code: 'Forbidden', field: null })
})

test('a key is shown once, rotated with an overlap, and revoked at once', async () => {
  const owner = api.client(api.owner)
  const first = await owner.call('POST /v1/access-keys', { body: { userId: api.viewer.userId } })
  const params = { accessKeyId: first.accessKeyId }
  const second = await owner.call('POST /v1/access-keys/{accessKeyId}/rotate', { params, body: { overlapSeconds: 60 } })
  expect([(await whoami(first)).status, (await whoami(second)).status]).toEqual([200, 200])
  api.clock.advance({ seconds: 61 })
  expect([(await whoami(first)).status, (await whoami(second)).status]).toEqual([401, 200])
  await owner.call('POST /v1/access-keys/{accessKeyId}/revoke', { params: { accessKeyId: second.accessKeyId } })
  expect((await whoami(second)).body).toMatchObject({ code: 'InvalidAccessKeyId.NotFound' })
  const { items } = await owner.call('GET /v1/access-keys', {})
  const listed = items.find(key => key.accessKeyId === second.accessKeyId)
  expect(listed).toMatchObject({ userId: api.viewer.userId, revokedAt: expect.any(String) })
  for (const { secret } of [first, second]) expect(JSON.stringify(items)).not.toContain(secret)
  const nobodys = { call: 'POST /v1/access-keys', body: { userId: 'usr-0' }, status: 404, code: 'UserNotFound' }
  await expectRefused(api, { ...nobodys, field: 'userId' })
})
