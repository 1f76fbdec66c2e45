// The official clients against the API under test: they sign and send as they do against the cloud.
import { createRequire } from 'node:module'
import { easRoutes } from '../../src/api/eas/eas.ts'
import { type OperationName, operations } from '../../src/api/eas/operations.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { startTestApi, type TestApi, type TestApiOptions } from './harness.ts'
import type { Caller } from './send.ts'

// CommonJS packages: required, as their own documentation has it.
const require = createRequire(import.meta.url)
const openapi = require('@alicloud/openapi-client') as typeof import('@alicloud/openapi-client')
const teaUtil = require('@alicloud/tea-util') as typeof import('@alicloud/tea-util')
export interface RoaClient {
  request(method: string, path: string, query?: object, body?: string, headers?: object): Promise<unknown>
}
const popCore = require('@alicloud/pop-core') as { ROAClient: new (config: object) => RoaClient }

/** The EAS face on a port. These clients sign by the machine's clock, so the server's stands there too. */
export const startEas = (options: TestApiOptions = {}): Promise<TestApi> =>
  startTestApi({ mount: easRoutes, start: systemClock.now(), ...options })

export interface EasRequest {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  /** What x-acs-action says, if not the operation. */
  says?: string
}

/** Loose, as JSON is: tests say what they expect of it. */
export type Json = Record<string, unknown>

export interface Refused {
  status: number
  Code: string
  Message: string
  RequestId: string
  HostId: string
  Recommend: string
}

/** Method and path of an operation, as the SDK has them. */
export function routeOf(name: OperationName, params: Record<string, string> = {}): { method: string; path: string } {
  const [, method = '', template = ''] = operations.find(([known]) => known === name) ?? []
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? `no-${key}`))
  return { method, path }
}

export interface EasClient {
  call(name: OperationName, request?: EasRequest): Promise<Json>
  /** Of a call that must be refused: what the client was told. */
  refusal(name: OperationName, request?: EasRequest): Promise<Refused>
}

/** The present generation: generic calls of the official OpenAPI client, signed ACS3-HMAC-SHA256. */
export function acs3Client(api: Pick<TestApi, 'url'>, caller: Caller): EasClient {
  const client = new openapi.default(
    new openapi.Config({
      accessKeyId: caller.accessKeyId,
      accessKeySecret: caller.secret,
      endpoint: new URL(api.url).host,
      protocol: 'http',
    }),
  )
  const call = async (name: OperationName, { params, query = {}, body, says = name }: EasRequest = {}) => {
    const { method, path: pathname } = routeOf(name, params)
    const answer = await client.callApi(
      new openapi.Params({
        ...{ action: says, version: '2021-07-01', protocol: 'http', pathname, method },
        ...{ authType: 'AK', style: 'ROA', reqBodyType: 'json', bodyType: 'json' },
      }),
      new openapi.OpenApiRequest({ query, ...(body === undefined ? {} : { body }) }),
      new teaUtil.RuntimeOptions({}),
    )
    return answer.body as Json
  }
  return { call, refusal: (name, request) => refusedBy(() => call(name, request)) }
}

async function refusedBy(call: () => Promise<Json>): Promise<Refused> {
  let answer: Json
  try {
    answer = await call()
  } catch (error) {
    const { data, statusCode } = error as { data?: Refused; statusCode?: number }
    if (data === undefined) throw error
    return { ...data, status: statusCode ?? data.status }
  }
  throw new Error(`not refused: ${JSON.stringify(answer)}`)
}

/** The older generation: ROA, signed HMAC-SHA1. */
export const roaClient = (api: Pick<TestApi, 'url'>, { accessKeyId, secret }: Caller): RoaClient =>
  new popCore.ROAClient({ accessKeyId, accessKeySecret: secret, endpoint: api.url, apiVersion: '2021-07-01' })
