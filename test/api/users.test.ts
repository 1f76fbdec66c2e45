// Users who must not come in any more, keys of one's own, and who did what, in names.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import { Browser } from './browser.ts'
import { catalog, type Principal, startTestApi, type TestApi } from './harness.ts'
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
const switchUser = (userId: string, to: 'disable' | 'enable', by: Principal = api.owner) =>
  api.send(by, 'POST', `/v1/users/${userId}/${to}`)

test('a disabled user is out at once, by session, key and password; enabled, the key is good again and the session over', async () => {
  const owner = api.client(api.owner)
  const body = { name: 'leaver', role: 'developer' as const, withPassword: true }
  const { userId, password } = await owner.call('POST /v1/users', { body })
  const key = await owner.call('POST /v1/access-keys', { body: { userId } })
  const browser = new Browser(api)
  await browser.signIn('default', 'leaver', String(password))
  expect((await switchUser(userId, 'disable')).body).toMatchObject({ disabledAt: expect.any(String) })
  expect((await switchUser(userId, 'disable')).status, 'again').toBe(200)
  expect(await browser.send('GET', '/v1/whoami')).toMatchObject({ status: 401, body: { code: 'SessionExpired' } })
  expect(await whoami(key)).toMatchObject({ status: 401, body: { code: 'UserDisabled' } })
  expect(await whoami({ ...key, secret: 'guessed' }), 'who does not hold the key learns nothing').toMatchObject({
    body: { code: 'SignatureDoesNotMatch' },
  })
  expect((await browser.signIn('default', 'leaver', String(password))).body.code).toBe('UserDisabled')
  expect((await browser.signIn('default', 'leaver', 'a wrong password')).body.code).toBe('SignInFailed')
  const events = await owner.call('GET /v1/events', { query: { subjectId: userId } })
  expect(events.items.map(event => event.kind)).toEqual(expect.arrayContaining(['user.disabled', 'user.created']))
  expect(events.items[0]).toMatchObject({ by: { kind: 'user', name: 'admin' } })
  expect((await switchUser(userId, 'enable')).body).toMatchObject({ disabledAt: null })
  expect((await whoami(key)).status).toBe(200)
  expect((await browser.send('GET', '/v1/whoami')).status).toBe(401)
  expect((await browser.signIn('default', 'leaver', String(password))).status).toBe(200)
})

test('the last owner who can come in stays, nobody disables themselves, and the list says so beforehand', async () => {
  const { userId } = api.owner
  const list = async (by: Principal) => (await api.client(by).call('GET /v1/users', {})).items
  const refusals = async (by: Principal) => (await list(by)).find(user => user.userId === userId)?.refusals
  expect(await refusals(api.owner)).toMatchObject({ disable: { code: 'LastOwner' }, changeRole: { code: 'LastOwner' } })
  const call = `POST /v1/users/${userId}/disable`
  await expectRefused(api, { call, status: 409, code: 'LastOwner', field: 'userId' })
  const next = await api.addUser(api.owner, 'next', 'owner')
  expect(await refusals(api.owner)).toMatchObject({ disable: { code: 'OwnUser' }, changeRole: null })
  await expectRefused(api, { call, status: 409, code: 'OwnUser', field: 'userId' })
  expect(await refusals(next)).toEqual({ disable: null, changeRole: null })
  const both = await Promise.all([switchUser(next.userId, 'disable', api.owner), switchUser(userId, 'disable', next)])
  expect(both.map(answer => answer.status).sort(), 'each other, at once').not.toEqual([200, 200])
  await switchUser(userId, 'enable', next)
  await switchUser(next.userId, 'enable', api.owner)
  await expectRefused(api, { call, as: api.developer, status: 403, code: 'Forbidden', field: null })
  await expectRefused(api, {
    ...{ call: `POST /v1/users/${api.operator.userId}/disable`, as: api.operator },
    ...{ status: 409, code: 'LastOwner', field: 'userId' },
  })
})

test('everybody has keys of their own: made, rotated and revoked by themselves, and by owners; by nobody else', async () => {
  const viewer = api.client(api.viewer)
  const made = await viewer.call('POST /v1/access-keys', { body: {} })
  expect((await whoami(made)).body).toMatchObject({ userId: api.viewer.userId })
  const listed = (await viewer.call('GET /v1/access-keys', {})).items
  expect(new Set(listed.map(key => key.userName))).toEqual(new Set(['vera']))
  expect(listed.find(key => key.accessKeyId === made.accessKeyId)?.refusals).toEqual({ rotate: null, revoke: null })
  const forOther = { call: 'POST /v1/access-keys', body: { userId: api.owner.userId }, as: api.viewer }
  await expectRefused(api, { ...forOther, status: 403, code: 'Forbidden', field: null })
  for (const action of ['rotate', 'revoke']) {
    const call = `POST /v1/access-keys/${api.owner.accessKeyId}/${action}`
    await expectRefused(api, { call, as: api.viewer, status: 404, code: 'AccessKeyNotFound', field: 'accessKeyId' })
  }
  const params = { accessKeyId: made.accessKeyId }
  const next = await viewer.call('POST /v1/access-keys/{accessKeyId}/rotate', { params, body: { overlapSeconds: 0 } })
  expect((await whoami(made)).status).toBe(401)
  await api.client(api.owner).call('POST /v1/access-keys/{accessKeyId}/revoke', {
    params: { accessKeyId: next.accessKeyId },
  })
  expect((await whoami(next)).status).toBe(401)
  const ended = (await viewer.call('GET /v1/access-keys', {})).items.find(key => key.accessKeyId === next.accessKeyId)
  expect(ended?.refusals).toMatchObject({
    rotate: { code: 'AccessKeyNotFound' },
    revoke: { code: 'AccessKeyNotFound' },
  })
})

test('a session says what its role allows', async () => {
  const may = async (by: Principal) => (await api.client(by).call('GET /v1/session', {})).may
  expect(await may(api.viewer)).not.toContain('user.write')
  expect(await may(api.owner)).toContain('user.write')
  expect(await may(api.operator)).toContain('platform.operate')
})

test('the operator reads an account and lets a locked-out owner in; an owner with a password signs in at once', async () => {
  const operator = api.client(api.operator)
  const made = await operator.call('POST /v1/accounts', { body: { name: 'acme', ownerName: 'bo', withPassword: true } })
  const { accountId } = made.account
  const browser = new Browser(api)
  expect((await browser.signIn('acme', 'bo', String(made.password))).body).toMatchObject({ role: 'owner' })
  await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body: { amountFen: '500' } })
  const params = { accountId }
  expect(await operator.call('GET /v1/accounts/{accountId}', { params })).toMatchObject({
    ...{ name: 'acme', users: 1, groups: 0, machines: 0 },
  })
  expect(await operator.call('GET /v1/accounts/{accountId}/wallet', { params })).toMatchObject({ cashFen: '500' })
  const moved = await operator.call('GET /v1/accounts/{accountId}/wallet/transfers', { params })
  expect(moved.items).toMatchObject([{ kind: 'top_up', signedFen: '500' }])
  const [bo] = (await operator.call('GET /v1/accounts/{accountId}/users', { params })).items
  const reset = await operator.call('POST /v1/accounts/{accountId}/users/{userId}/reset-password', {
    params: { accountId, userId: bo?.userId ?? '' },
  })
  expect((await browser.send('GET', '/v1/whoami')).status).toBe(401)
  expect((await browser.signIn('acme', 'bo', reset.password)).status).toBe(200)
  const told = (await browser.send('GET', `/v1/events?subjectId=${bo?.userId}`)).body.items
  expect(told?.[0]).toMatchObject({ kind: 'user.password_reset', by: { kind: 'operator', name: 'operator' } })
  for (const noun of ['', '/wallet', '/wallet/transfers', '/groups', '/machines', '/orders', '/users']) {
    expect((await api.send(api.operator, 'GET', `/v1/accounts/acc-0${noun}`)).body.code, noun).toBe('AccountNotFound')
  }
})

test('the fleet of all accounts, by account and place; prices that were, are and will be', async () => {
  const operator = api.client(api.operator)
  const request = { regionId: 'east', zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid' as const, quantity: 1 }
  for (const who of [api.owner, api.other]) {
    await api.client(who).call('POST /v1/orders', { body: { request: { ...request, groupName: 'mine' } } })
  }
  await api.settle()
  const all = (await operator.call('GET /v1/fleet/machines', {})).items
  expect(new Set(all.map(machine => machine.accountName))).toEqual(new Set(['default', 'second']))
  const query = { accountId: api.other.accountId, regionId: 'east' }
  expect((await operator.call('GET /v1/fleet/machines', { query })).items).toHaveLength(1)
  expect((await operator.call('GET /v1/fleet/machines', { query: { regionId: 'west' } })).items).toEqual([])
  const offering = { zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid' as const }
  const set = (hourMicros: string, effectiveAt?: string) =>
    operator.call('POST /v1/offerings/prices', {
      body: { ...offering, hourMicros, ...(effectiveAt ? { effectiveAt } : {}) },
    })
  api.clock.advance({ seconds: 1 })
  await set('210000')
  await set('300000', api.clock.now().add({ hours: 24 }).toString())
  const { items } = await operator.call('GET /v1/offerings/prices', { query: offering })
  expect(items.map(({ version, state, hourMicros }) => [version, state, hourMicros])).toEqual([
    [3, 'scheduled', '300000'],
    [2, 'in_force', '210000'],
    [1, 'past', '200000'],
  ])
  expect(items[0]?.by).toEqual({ kind: 'user', name: 'operator' })
  expect(items[2]?.by).toEqual({ kind: 'system', name: 'load-catalog' })
  const nowhere = { ...offering, zoneId: 'nowhere' }
  const answer = await api.send(api.operator, 'GET', `/v1/offerings/prices?${new URLSearchParams(nowhere)}`)
  expect(answer.body.code).toBe('UnknownZone')
})

test('selling is stopped and taken up again; what is sold goes on', async () => {
  const operator = api.client(api.operator)
  const offering = { zoneId: 'east-b', specId: 'c4m16', chargeType: 'postpaid' as const }
  const request = { ...offering, regionId: 'east', quantity: 1, groupName: 'there' }
  const buy = (groupName: string) =>
    api.send(api.owner, 'POST', '/v1/orders', { body: { request: { ...request, groupName } } })
  const { groupId } = (await buy('there')).body
  await api.settle()
  const put = (onSale: boolean) => operator.call('PUT /v1/offerings/on-sale', { body: { ...offering, onSale } })
  await put(false)
  await put(false)
  expect(await buy('too-late')).toMatchObject({ status: 400, body: { code: 'NotOffered' } })
  const listed = async (by: Principal) =>
    (await api.client(by).call('GET /v1/offerings', { query: { zoneId: 'east-b', stopped: 'true' } })).items
  const isIt = (one: { specId: string; chargeType: string }) => one.specId === 'c4m16' && one.chargeType === 'postpaid'
  expect((await listed(api.operator)).find(isIt)).toMatchObject({ onSale: false })
  expect((await listed(api.owner)).find(isIt), 'to buyers it is not there').toBeUndefined()
  const machines = await api.client(api.owner).call('GET /v1/machines', { query: { groupId: String(groupId) } })
  expect(machines.items).toMatchObject([{ phase: 'running' }])
  await loadCatalog(api.context.ctx, catalog(19_999))
  expect(await buy('too-late'), 'a restart with a changed file does not take it up').toMatchObject({ status: 400 })
  await put(true)
  expect((await buy('again')).status).toBe(202)
  const events = await operator.call('GET /v1/events', { query: { subjectKind: 'offering' } })
  expect(events.items.slice(0, 2).map(event => event.kind)).toEqual(['offering.resumed', 'offering.retired'])
})
