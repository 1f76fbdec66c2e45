// Sends one request to a service, for pages of a browser, which can't call the gateway of another origin: as its callers do,
// through the gateway and with the service's access key. Bounded in bytes and in time.
import { z } from 'zod'
import { messageOf, Refusal } from '../../lib/errors.ts'
import { getService } from '../../services/services.ts'
import { newestKey } from '../../services/traffic/service-keys.ts'
import type { ApiRefusal } from '../problem.ts'
import { defineRoute } from '../route.ts'
import { keyOf, service } from './services.ts'

const answerBytesMax = 1024 * 1024
const waitMs = 30_000

export const tryRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/try',
    summary: 'Send one request to a service through the gateway, with its access key, and get what it answers',
    tag: 'service',
    can: 'service.invoke',
    params: { service },
    body: {
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
      path: z
        .string()
        .max(2_000)
        .regex(/^(\/[!-~]*)?$/, 'begins with / and is percent-encoded')
        .default('')
        .describe('Below the service, with its query.'),
      contentType: z
        .string()
        .max(200)
        .regex(/^[\w.+-]+\/[\w.+-]+[ -~]*$/, 'is a media type')
        .optional(),
      headers: z
        .record(
          z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'is the name of a header'),
          z
            .string()
            .max(4_000)
            .regex(/^[\t -~]*$/, 'is visible ASCII'),
        )
        .refine(headers => Object.keys(headers).length <= 30, 'at most 30')
        .default({})
        .describe('Besides content-type; those of the connection and the access key are set by Berth.'),
      bodyBase64: z.base64().max(1_000_000).optional(),
    },
    returns: z.object({
      status: z.number().int(),
      headers: z.record(z.string(), z.string()),
      bodyBase64: z.string().describe('At most 1 MiB.'),
      cut: z.boolean().describe('Whether the answer was longer.'),
      ms: z.number().int().describe('From the request to the end of the answer.'),
    }),
    async handle({ ctx, settings }, { params, body, actor }) {
      const key = keyOf(params.service)
      const { name } = await getService(ctx, actor.accountId, key)
      const accessKey = await newestKey(ctx, actor.accountId, { service: key })
      const url = urlBelow(`${settings.gatewayUrl}/api/predict/${name}`, body.path)
      const startedMs = ctx.clock.monotonicMs()
      const answer = await send(url, {
        method: body.method,
        headers: {
          ...headersOf(body.headers),
          authorization: accessKey,
          ...(body.contentType === undefined ? {} : { 'content-type': body.contentType }),
        },
        body: body.bodyBase64 === undefined || body.method === 'GET' ? null : Buffer.from(body.bodyBase64, 'base64'),
      })
      return { ...answer, ms: Math.round(ctx.clock.monotonicMs() - startedMs) }
    },
  }),
]

/** Berth's own, or the connection's: what is sent here would not be what the service gets. */
const reserved =
  /^(authorization|content-type|content-length|cookie|host|connection|upgrade|expect|te|trailer|keep-alive|transfer-encoding|proxy-.*)$/

function headersOf(given: Record<string, string>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase()
    if (reserved.test(key)) {
      const message = `headers.${name}: is set by Berth; leave it out`
      throw new Refusal('InvalidParameter' satisfies ApiRefusal, message, { field: `headers.${name}` })
    }
    headers[key] = value
  }
  return headers
}

/** Dots may not lead out of the service: what lies beside it is another's. */
function urlBelow(base: string, path: string): URL {
  const url = new URL(`${base}${path}`)
  const { pathname } = new URL(base)
  if (url.pathname === pathname || url.pathname.startsWith(`${pathname}/`)) return url
  throw new Refusal('InvalidParameter' satisfies ApiRefusal, 'path: leads out of the service', { field: 'path' })
}

async function send(url: URL, request: RequestInit) {
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.timeout(waitMs) })
    return { status: response.status, headers: Object.fromEntries(response.headers), ...(await readBounded(response)) }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new Refusal('GatewayTimeout' satisfies ApiRefusal, `The service has not answered in ${waitMs / 1000} s.`)
    }
    const cause = error instanceof Error ? (error.cause ?? error) : error
    throw new Refusal('GatewayUnreachable' satisfies ApiRefusal, `The gateway does not answer (${messageOf(cause)}).`)
  }
}

async function readBounded(response: Response): Promise<{ bodyBase64: string; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > answerBytesMax) break
  }
  const body = Buffer.concat(chunks).subarray(0, answerBytesMax)
  return { bodyBase64: body.toString('base64'), cut: bytes > answerBytesMax }
}
