// Keys and forms of keys as clients send them, and where clients that ask instances directly are told to look.
import { expect, test } from 'vitest'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import { aRoute, ask, echo, get, httpUpstream, key, RawClient, startWith } from './gateway-harness.ts'

const path = '/api/predict/digits'
const bearer = { authorization: `Bearer ${key}` }

test('a client of OpenAI’s speaks to what is below the service, with its key as Bearer', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const body = JSON.stringify({ model: 'digits', messages: [] })
  const headers = { ...bearer, 'content-type': 'application/json' }
  const answer = await ask(port, `${path}/v1/chat/completions`, { method: 'POST', body, headers })
  expect([answer.status, answer.body]).toEqual([200, body])
  expect((await ask(port, `${path}/v1/models`, { headers })).status).toBe(200)
  expect(upstream.requests).toEqual(['POST /v1/chat/completions', 'GET /v1/models'])
  const none = await ask(port, `${path}/v1/models`, { headers: { authorization: 'Bearer' } })
  expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer'])
})

test('on one connection every request is judged by its own key, one that begins or ends like the right one too', async () => {
  const upstream = await httpUpstream(echo)
  const other = aRoute([upstream.endpoint], { serviceId: 'eas-m-2', name: 'other', accessKeys: ['easg_other'] })
  const { port } = await startWith([aRoute([upstream.endpoint]), other])
  const with_ = (authorization: string, where = path) => get(where).replace(key, authorization)
  const client = new RawClient(port)
  const tries = [
    with_(key),
    with_(key),
    with_(`${key.slice(0, -1)}g`),
    with_(`f${key.slice(1)}`),
    with_(`${key}x`),
    with_(key.slice(1)),
    with_(key),
    with_(`Bearer ${key}`),
    with_(key, '/api/predict/other'),
    with_('easg_other', '/api/predict/other'),
    with_('easg_other'),
    with_(key),
  ]
  client.send(tries.join(''))
  await client.sees('the access key is not right')
  client.send(get('/healthz'))
  await client.sees('serving')
  const expected = [200, 200, 401, 401, 401, 401, 200, 200, 401, 200, 401, 200, 200]
  expect(client.statuses.map(Number)).toEqual(expected)
})

test.each([
  '/api/v1/servicediscovery/upstreams/digits',
  '/exported/apis/eas.alibaba-inc.k8s.io/v1/upstreams/digits?internal=false',
])('%s tells where the instances are, to who has a key of the service', async where => {
  const [one, two] = [await httpUpstream(echo), await httpUpstream(echo)]
  const { port, routes } = await startWith([aRoute([one.endpoint, two.endpoint])])
  const item = ({ endpoint: { host, port: at } }: typeof one) => ({ ip: host, port: at, weight: 100 })
  const told = await ask(port, where, { headers: bearer })
  expect([told.status, told.headers['content-type']]).toEqual([200, 'application/json'])
  expect(JSON.parse(told.body)).toEqual({ endpoints: { items: [item(one), item(two)] } })
  expect((await ask(port, where, { headers: { authorization: 'wrong' } })).status).toBe(401)
  expect((await ask(port, where, { method: 'POST', headers: bearer })).status).toBe(404)
  expect((await ask(port, where.replace('digits', 'nobody'))).status).toBe(404)
  await routes.set([aRoute([])])
  expect(JSON.parse((await ask(port, where)).body)).toEqual({ endpoints: { items: [] } })
  expect([one.requests, two.requests]).toEqual([[], []])
})

test('of a traffic group, the instances of those members are told that get requests', async () => {
  const [one, two] = [await httpUpstream(echo), await httpUpstream(echo)]
  const member = (serviceId: string, { endpoint }: typeof one) =>
    aRoute([endpoint], { serviceId, name: serviceId, accessKeys: [`easg_${serviceId}`] })
  const split: ServiceRoute['split'] = {
    mode: 'weighted',
    members: [
      { serviceId: 'one', weight: 100 },
      { serviceId: 'two', weight: 0 },
    ],
  }
  const group = { ...aRoute([], { serviceId: 'group', name: 'shop' }), split }
  const { port } = await startWith([group, member('one', one), member('two', two)])
  const told = await ask(port, '/api/v1/servicediscovery/upstreams/shop')
  expect(JSON.parse(told.body).endpoints.items.map((item: { port: number }) => item.port)).toEqual([one.endpoint.port])
})
