// The official packages sign, we verify: what they send is caught on the wire, accepted as it is, and refused once any part
// of it is changed.
import { createRequire } from 'node:module'
import type { OpenApiRequest, Params } from '@alicloud/openapi-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifySigned } from '../../src/identity/verify-request.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { type Bench, type Caught, makeBench, startVerifier, withBody } from './signed.ts'

// CommonJS packages: required, as their own documentation has it.
const require = createRequire(import.meta.url)
const openapi = require('@alicloud/openapi-client') as typeof import('@alicloud/openapi-client')
const teaUtil = require('@alicloud/tea-util') as typeof import('@alicloud/tea-util')
interface RoaClient {
  request(method: string, path: string, query: object, body?: string, headers?: object): Promise<unknown>
}
const popCore = require('@alicloud/pop-core') as { ROAClient: new (config: object) => RoaClient }

let bench: Bench<Clock>
let server: Awaited<ReturnType<typeof startVerifier>>
beforeAll(async () => {
  bench = await makeBench(systemClock)
  server = await startVerifier(bench)
})
afterAll(async () => {
  await server.close()
  await bench.fresh.close()
})

const last = (): Caught => server.caught.at(-1) ?? expect.unreachable('nothing was caught')
const awkward = { Label: '{"k":"v & w"}', Keys: "a,b*(c)!'~", Empty: '', Plus: '1+1 = 2', Name: '专属 组' }

/** Signs with the current generation of the official SDK: ACS3-HMAC-SHA256. */
async function callAcs3(
  request: Partial<OpenApiRequest>,
  params: Partial<Params> = {},
  secret = bench.keys.owner.secret,
) {
  const client = new openapi.default(
    new openapi.Config({
      accessKeyId: bench.keys.owner.accessKeyId,
      accessKeySecret: secret,
      endpoint: `127.0.0.1:${server.port}`,
      protocol: 'http',
    }),
  )
  const base = {
    action: 'ListResources',
    version: '2021-07-01',
    protocol: 'http',
    pathname: '/api/v2/resources',
    method: 'GET',
  }
  const shape = { authType: 'AK', style: 'ROA', reqBodyType: 'json', bodyType: 'json' }
  const answer = await client.callApi(
    new openapi.Params({ ...base, ...shape, ...params }),
    new openapi.OpenApiRequest(request),
    new teaUtil.RuntimeOptions({}),
  )
  return answer.body as Record<string, unknown>
}

/** Signs with the older generation: ROA, HMAC-SHA1. */
function roaClient(): RoaClient {
  const { accessKeyId, secret } = bench.keys.owner
  return new popCore.ROAClient({
    accessKeyId,
    accessKeySecret: secret,
    endpoint: `http://127.0.0.1:${server.port}`,
    apiVersion: '2021-07-01',
  })
}

const codeOf = async (request: Caught): Promise<string> => {
  try {
    await verifySigned(bench.ctx, bench.box, request)
    return 'accepted'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const refusals = [
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'InvalidAccessKeyId.NotFound',
  'InvalidTimeStamp.Expired',
]

/** Changes one character; letters and digits stay such, so that the form survives as often as it can. */
const changed = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`

function withHeader(request: Caught, name: string, change: (value: string) => string | null): Caught {
  const rawHeaders: string[] = []
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const [key = '', value = ''] = request.rawHeaders.slice(at, at + 2)
    const result = key.toLowerCase() === name ? change(value) : value
    if (result !== null) rawHeaders.push(key, result)
  }
  return { ...request, rawHeaders }
}

const headerOf = (request: Caught, name: string): string =>
  request.rawHeaders[request.rawHeaders.findIndex((key, at) => at % 2 === 0 && key.toLowerCase() === name) + 1] ?? ''

/** Every request that differs from the signed one in one character of one signed part. */
function* mutations(request: Caught, headers: readonly string[]): Generator<[string, Caught]> {
  for (const name of headers) {
    yield [`no ${name}`, withHeader(request, name, () => null)]
    yield [`${name} twice`, { ...request, rawHeaders: [...request.rawHeaders, name, headerOf(request, name)] }]
    for (let at = 0; at < headerOf(request, name).length; at++) {
      yield [`${name} at ${at}`, withHeader(request, name, value => changed(value, at))]
    }
  }
  for (let at = 1; at < request.path.length; at++)
    yield [`path at ${at}`, { ...request, path: changed(request.path, at) }]
  for (let at = 0; at < request.rawQuery.length; at++) {
    yield [`query at ${at}`, { ...request, rawQuery: changed(request.rawQuery, at) }]
  }
  for (let at = 0; at < request.body.length; at++) {
    const body = Buffer.from(request.body)
    body[at] = (body[at] ?? 0) ^ 1
    yield [`body at ${at}`, withBody(request, body)]
  }
  yield ['method', { ...request, method: request.method === 'GET' ? 'DELETE' : 'GET' }]
  yield ['a path that goes on', { ...request, path: `${request.path}/x` }]
  yield ['another parameter', { ...request, rawQuery: `${request.rawQuery}&Force=true` }]
  yield ['a parameter twice', { ...request, rawQuery: `${request.rawQuery}&${request.rawQuery}` }]
  yield ['no query', { ...request, rawQuery: '' }]
  yield ['%2B read as a space', { ...request, rawQuery: request.rawQuery.replace('%2B', '+') }]
  yield ['more body', withBody(request, Buffer.concat([request.body, Buffer.from(' ')]))]
}

async function everyMutationIsRefused(request: Caught, headers: readonly string[]): Promise<number> {
  let tried = 0
  for (const [name, mutated] of mutations(request, headers)) {
    expect([name, refusals.includes(await codeOf(mutated))]).toEqual([name, true])
    tried++
  }
  return tried
}

describe('ACS3-HMAC-SHA256 as the official SDK signs it', () => {
  it('is accepted with awkward parameters, with a body, with none, and tells who signed', async () => {
    expect(await callAcs3({ query: awkward })).toMatchObject({
      accountId: bench.keys.owner.accountId,
      userName: 'admin',
      role: 'owner',
    })
    const body = { EcsInstanceCount: 2, AutoRenewal: true, Name: '组 + 1' }
    for (const method of ['POST', 'PUT']) {
      expect(await callAcs3({ body }, { method })).toMatchObject({ accessKeyId: bench.keys.owner.accessKeyId })
    }
    const pathname = `/api/v2/resources/${encodeURIComponent('eas-r-1/ +*()~专')}`
    expect(await callAcs3({}, { pathname, method: 'DELETE' })).toMatchObject({ role: 'owner' })
    expect(await callAcs3({}, { method: 'POST' })).toMatchObject({ role: 'owner' })
    expect(
      await callAcs3(
        { query: { ProductCode: 'learn' } },
        { style: 'RPC', pathname: '/', method: 'POST', action: 'RenewInstance' },
      ),
    ).toMatchObject({ role: 'owner' })
  })

  it('is refused with another secret, in words the SDK understands', async () => {
    await expect(callAcs3({}, {}, 'not-the-secret')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  it('is refused once any character of it is changed, and then still accepted once', async () => {
    await callAcs3({ query: awkward, body: { Quantity: 10 } }, { method: 'PUT' })
    await bench.ctx.db.deleteFrom('signatureNonces').execute()
    const names = last().rawHeaders.filter((_, at) => at % 2 === 0)
    const signed = names
      .map(name => name.toLowerCase())
      .filter(name => /^(x-acs-.*|host|content-type|authorization)$/.test(name))
    expect(signed.length).toBeGreaterThanOrEqual(7)
    expect(await everyMutationIsRefused(last(), signed)).toBeGreaterThan(500)
    expect(await codeOf(last())).toBe('accepted')
    expect(await codeOf(last())).toBe('SignatureNonceUsed')
  })

  it('is refused when the body is declared unsigned', async () => {
    await callAcs3({ query: awkward })
    const unsigned = withHeader(last(), 'x-acs-content-sha256', () => 'UNSIGNED-PAYLOAD')
    expect(await codeOf(unsigned)).toBe('IncompleteSignature')
  })
})

describe('the older ROA signature as pop-core signs it', () => {
  it('is accepted with awkward parameters and with a body', async () => {
    const { Label: _, ...query } = awkward
    expect(await roaClient().request('GET', '/api/v2/resources', query)).toMatchObject({ userName: 'admin' })
    const headers = { 'content-type': 'application/json' }
    expect(await roaClient().request('PUT', '/api/v2/resources/eas-r-1', {}, '{"Name":"组"}', headers)).toMatchObject({
      role: 'owner',
    })
  })

  it('is refused once any character of it is changed, and then still accepted once', async () => {
    const headers = { 'content-type': 'application/json' }
    await roaClient().request('POST', '/api/v2/resources', { PageSize: '10', Plus: '1+1' }, '{"Quantity":10}', headers)
    await bench.ctx.db.deleteFrom('signatureNonces').execute()
    const names = last().rawHeaders.filter((_, at) => at % 2 === 0)
    const signed = names
      .map(name => name.toLowerCase())
      .filter(name => /^(x-acs-.*|accept|date|content-md5|content-type|authorization)$/.test(name))
    expect(await everyMutationIsRefused(last(), signed)).toBeGreaterThan(250)
    expect(await codeOf(last())).toBe('accepted')
    expect(await codeOf(last())).toBe('SignatureNonceUsed')
  })

  it('is refused where one signature would fit two queries', async () => {
    await expect(roaClient().request('GET', '/api/v2/resources', { Name: '1&Force=true' })).rejects.toMatchObject({
      code: 'IncompleteSignature',
    })
    await roaClient().request('GET', '/api/v2/resources', { Name: '1', Force: 'true' })
    const joined = { ...last(), rawQuery: 'Force=true%26Name=1' }
    expect(await codeOf(joined)).toBe('IncompleteSignature')
  })
})
