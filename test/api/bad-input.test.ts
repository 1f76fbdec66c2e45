// Input that is wrong whatever the operation: as bytes, as JSON, as a path, as a query. Everywhere the field and the reason,
// and nothing changed.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { type BadCall, expectRefused } from './refused.ts'
import { populate, purchase, type World } from './world.ts'

let api: TestApi
let world: World
beforeAll(async () => {
  api = await startTestApi()
  world = await populate(api, api.owner, 'of_the_first')
})
afterAll(() => api.close())

const quote = 'POST /v1/quotes'
const good = JSON.stringify(purchase({ groupName: 'fresh' }))
const withName = (json: string) => good.replace('"fresh"', json)

test('the body that the others spoil is good', async () => {
  expect(await api.send(api.owner, 'POST', '/v1/quotes', { raw: good })).toMatchObject({ status: 201 })
})

const bodies: Record<string, Omit<BadCall, 'call'>> = {
  'over 1 MiB': { raw: withName(JSON.stringify('x'.repeat(2 ** 20))), status: 413, code: 'BodyTooLarge', field: null },
  'over 1 MiB, unsigned': { raw: 'x'.repeat(2 ** 20 + 1), status: 413, code: 'BodyTooLarge', field: null, as: null },
  '20 kB of [': { raw: '['.repeat(20_000), code: 'JsonTooDeep', field: null },
  'objects nested 33 deep': { raw: `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, code: 'JsonTooDeep', field: null },
  'a number beyond doubles': { raw: good.replace('"quantity":1', '"quantity":1e400'), field: 'quantity' },
  'the key __proto__': { raw: good.replace('{', '{"__proto__":{"role":"operator"},'), field: '__proto__' },
  'the key constructor, within': {
    raw: good.replace('{', '{"a":[{"constructor":1}],'),
    field: 'a.0.constructor',
  },
  'the key prototype': { raw: good.replace('{', '{"prototype":1,'), field: 'prototype' },
  'an unknown field': { raw: good.replace('{', '{"discount":100,'), field: 'discount' },
  'no JSON': { raw: 'quantity=1', code: 'MalformedJson', field: null },
  'JSON cut short': { raw: good.slice(0, -1), code: 'MalformedJson', field: null },
  'bytes that are no UTF-8': {
    raw: Buffer.from(withName('"\xff\xfe"'), 'latin1'),
    code: 'MalformedJson',
    field: null,
  },
  'half a surrogate pair': { raw: withName('"\\ud83d"'), field: 'groupName' },
  'NUL in a text': { raw: withName('"a\\u0000b"'), field: 'groupName' },
  'NUL in a key': { raw: good.replace('{', '{"a\\u0000":1,'), field: 'a' },
  'another type of content': { raw: good, headers: { 'content-type': 'text/plain' }, status: 415, field: null },
  'a form': {
    raw: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...{ status: 415, code: 'UnsupportedMediaType', field: null },
  },
  'an array': { raw: '[]', field: 'body' },
  null: { raw: 'null', field: 'body' },
  'a text': { raw: '"quantity"', field: 'body' },
  'no body': { raw: '', field: 'regionId' },
}

test.each(Object.entries(bodies))('a body is refused: %s', async (_, bad) => {
  await expectRefused(api, { call: quote, ...bad })
})

test('a body where none is taken is refused, not passed over', async () => {
  const { serviceName, workGroupId } = world
  await expectRefused(api, { call: `POST /v1/services/${serviceName}/stop`, body: { force: true }, field: 'force' })
  await expectRefused(api, { call: `DELETE /v1/groups/${workGroupId}`, body: { force: true }, field: 'force' })
})

const queries: Record<string, Omit<BadCall, 'call'> & { query: string }> = {
  'given twice': { query: 'limit=1&limit=2', code: 'IncompleteSignature', field: 'query' },
  unknown: { query: 'page=2', field: 'page' },
  'of an array': { query: 'limit[]=1', field: 'limit[]' },
  'to the prototype': { query: '__proto__=1', field: '__proto__' },
  'with broken percent-encoding': { query: 'name=%zz', field: 'query' },
  'with NUL': { query: 'name=a%00b', field: 'name' },
  'too long': { query: `name=${'a'.repeat(101)}`, field: 'name' },
  'limit 0': { query: 'limit=0', field: 'limit' },
  'limit 501': { query: 'limit=501', field: 'limit' },
  'limit 1.5': { query: 'limit=1.5', field: 'limit' },
  'limit of letters': { query: 'limit=ten', field: 'limit' },
  'a page of another list': { query: 'after=bm9wZQ', field: 'after' },
  'a page before all time': { query: `after=${page(['-271821-04-20T00:00:00Z', 'x'])}`, field: 'after' },
  'a page with NUL': { query: `after=${page(['2026-03-01T00:00:00Z', 'a\0'])}`, field: 'after' },
  'a page of numbers': { query: `after=${page([1, 2])}`, field: 'after' },
}
function page(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

test.each(Object.entries(queries))('a query is refused: %s', async (_, { query, ...bad }) => {
  await expectRefused(api, { call: `GET /v1/groups?${query}`, ...bad })
})

describe('the id in a path', () => {
  const ids: Record<string, Omit<BadCall, 'call'> & { id: string }> = {
    'of nobody': { id: 'eas-i-0000', status: 404, field: 'machineId' },
    '101 characters': { id: 'a'.repeat(101), field: 'machineId' },
    '257 characters': { id: 'a'.repeat(257), field: 'path' },
    '10,000 characters': { id: 'a'.repeat(10_000), field: 'path' },
    'two dots, encoded': { id: '%2e%2e', status: 404, field: 'machineId' },
    'a way out, encoded': { id: '..%2f..%2fetc%2fpasswd', status: 404, field: 'machineId' },
    NUL: { id: 'eas-i-1%00', field: 'machineId' },
    'broken percent-encoding': { id: '%zz', field: 'path' },
    'bytes that are no UTF-8': { id: '%ff', field: 'path' },
    'a quote': { id: "1'%3bdrop table machines--".replaceAll(' ', '%20'), status: 404, field: 'machineId' },
    nothing: { id: '', status: 400, field: 'machineId' },
  }
  test.each(Object.entries(ids))('is refused: %s', async (_, { id, ...bad }) => {
    await expectRefused(api, { call: `GET /v1/machines/${id}`, ...bad })
  })
})

test('what is no operation is not found, whatever its method', async () => {
  for (const call of [
    'GET /v1/unknown',
    'GET /v1/groups/a/b',
    'GET /V1/groups',
    'POST /v1/groups',
    'PUT /',
    'PATCH /v1',
  ])
    await expectRefused(api, { call, status: 404, code: 'RouteNotFound', field: null })
})

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['a head over 16 KiB', `GET /v1/whoami HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['two lengths', 'POST /v1/quotes HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
])('bytes that are %s are answered in the same shape, and the connection ends', async (_, bytes, status) => {
  const { port } = new URL(api.url)
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  const { requestId, message, details } = JSON.parse(body) as Record<string, unknown>
  expect({ requestId, message, details }).toEqual({
    requestId: expect.stringMatching(/^req-\w{20}$/),
    message: expect.stringMatching(/\w{2} .*\.$/),
    details: {},
  })
})
