// The HTTP server: limits, parsing, who calls, permission, validation, one error shape. It knows routes only by their shape.
import { createHash } from 'node:crypto'
import cookie from '@fastify/cookie'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { z } from 'zod'
import { actorOf, authorize, type Principal } from '../identity/access.ts'
import { verifySigned } from '../identity/verify-request.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { noteCode, noteResult, noteWrite, writeAuditOnSend } from './audit-note.ts'
import { isWrite, refuseForeign, visitOf, whoIsSignedIn } from './caller.ts'
import type { ApiContext } from './context.ts'
import { parseJsonBody, refuseText } from './json-body.ts'
import { type Problem, problemOf } from './problem.ts'
import { paramLengthMax, pathRefusal, refuseConnection } from './refuse-http.ts'
import { type Call, isStream, type Route, type Shape } from './route.ts'
import { answerHeaders } from './security-headers.ts'
import { endStreamsOnClose, sendStream } from './stream.ts'
import { groupKeyOf, keyOf, refuseOtherGroup, refuseOtherWorkspace } from './workspace-scope.ts'

const bodyBytesMax = 1024 * 1024
const emptyDigests = {
  bodySha256: digest('sha256', Buffer.alloc(0), 'hex'),
  bodyMd5: digest('md5', Buffer.alloc(0), 'base64'),
}

function digest(algorithm: string, bytes: Buffer, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(bytes).digest(encoding)
}

/** The digests of the bytes that were parsed: a signature counts for these and nothing else (Q63). */
interface ParsedBody {
  value: unknown
  bodySha256: string
  bodyMd5: string
}

export type ProblemWriter = (problem: Problem, requestId: string) => object

export interface ServerOptions {
  /** PEM texts; null: plain HTTP. */
  tls?: { cert: string; key: string } | null
  /** Whose word counts for where a request comes from (X-Forwarded-For, -Proto, -Host): addresses and networks. */
  trustedProxies?: readonly string[]
}

export function createServer(context: ApiContext, { tls, trustedProxies = [] }: ServerOptions = {}): FastifyInstance {
  const options: FastifyServerOptions = {
    ...(tls ? { https: { ...tls, minVersion: 'TLSv1.2' } } : {}),
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: bodyBytesMax,
    genReqId: () => newId(context.ctx.random, 'req'),
    loggerInstance: context.ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 60_000,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: paramLengthMax },
    frameworkErrors: (error, request, reply) => {
      sendProblem(context, request, reply, pathRefusal(error), v1Problem)
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, context.ctx.random),
  }
  const app: FastifyInstance = Fastify(options)
  app.register(cookie)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(answerHeaders({ secure: request.protocol === 'https' }))
    done()
  })
  writeAuditOnSend(app, context)
  endStreamsOnClose(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length > 0 && !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      return done(new Refusal('UnsupportedMediaType', 'Send the body as application/json.'))
    }
    try {
      done(null, {
        value: body.length === 0 ? undefined : parseJsonBody(body),
        bodySha256: digest('sha256', body, 'hex'),
        bodyMd5: digest('md5', body, 'base64'),
      } satisfies ParsedBody)
    } catch (error) {
      done(error as Error)
    }
  })
  app.setErrorHandler((error, request, reply) => sendProblem(context, request, reply, error, v1Problem))
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      context,
      request,
      reply,
      new Refusal('RouteNotFound', `No operation ${request.method} ${request.url.split('?')[0]}.`),
      v1Problem,
    ),
  )
  return app
}

export const v1Problem: ProblemWriter = (problem, requestId) => ({
  code: problem.code,
  message: problem.message,
  details: problem.details,
  requestId,
})

/** Mounts declared routes below their paths. */
export function mountRoutes(app: FastifyInstance, context: ApiContext, routes: readonly Route[]): void {
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => answer(context, route, request, reply),
    })
  }
}

async function answer(
  context: ApiContext,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const principal = route.can === 'anyone' ? nobody : await whoAsks(context, request)
  if (isWrite(request)) {
    if (route.can === 'anyone') refuseForeign(request, false)
    else if (!route.asks) noteWrite(request, principal, `${route.method} ${route.path}`, inputOf(request))
  }
  if (route.can !== 'anyone') authorize(principal, route.can)
  const call: Call<Shape, Shape, Shape> = {
    params: parsePart(route.params, request.params, 'path'),
    query: parsePart(route.query, request.query, 'query'),
    body: parsePart(route.body ?? noBody, bodyValue(request) === undefined ? {} : bodyValue(request), 'body'),
    principal,
    actor: actorOf(principal),
    requestId: request.id,
    visit: visitOf(context, request, reply, principal),
    request,
  }
  const { service, trafficGroup } = call.params
  if (route.can !== 'anyone' && typeof service === 'string') {
    await refuseOtherWorkspace(context, principal, keyOf(service), route.can)
  }
  if (route.can !== 'anyone' && typeof trafficGroup === 'string') {
    await refuseOtherGroup(context, principal, groupKeyOf(trafficGroup), route.can)
  }
  const result = await route.handle(context, call)
  if (isWrite(request)) {
    noteResult(request, result)
    context.nudge()
  }
  reply.header('x-request-id', request.id)
  if (isStream(result)) return sendStream(request, reply, result)
  // An answer belongs to who asked: no cache may give it to another.
  reply.header('cache-control', 'no-store')
  if (route.status === 204) return reply.code(204).send()
  // The declared shape is what leaves: a field that is not declared never does.
  return reply.code(route.status).send(route.returns.parse(result))
}

const inputOf = (request: FastifyRequest): object => ({ ...(request.params as object), body: bodyValue(request) })

/** An operation without a body takes none: what is said there must not pass in silence. */
const noBody = z.strictObject({})

/** By signature or by session. The first thing that a newcomer's request lacks is told in so many words. */
async function whoAsks(context: ApiContext, request: FastifyRequest): Promise<Principal> {
  const signedIn = request.headers.authorization === undefined ? await whoIsSignedIn(context, request) : null
  if (signedIn) return signedIn
  if (request.headers.authorization !== undefined) return whoCalls(context, request)
  throw new Refusal(
    'NotSigned',
    'authorization: sign the request with an access key (ACS3-HMAC-SHA256), or sign in (POST /v1/sign-in).',
    { field: 'authorization' },
  )
}

const nobody: Principal = {
  ...{ accountId: '', userId: '', userName: '' },
  ...{ role: 'viewer', accessKeyId: null, sessionId: null },
}

const parsedBody = (request: FastifyRequest): ParsedBody =>
  (request.body as ParsedBody | undefined) ?? { value: undefined, ...emptyDigests }

/** Verifies the signature over what was received and answers who signed it. */
export function whoCalls(context: ApiContext, request: FastifyRequest): Promise<Principal> {
  const [path = '/', rawQuery = ''] = splitUrl(request.raw.url ?? '/')
  const { bodySha256, bodyMd5 } = parsedBody(request)
  return verifySigned(context.ctx, context.box, {
    method: request.method,
    path,
    rawQuery,
    rawHeaders: request.raw.rawHeaders,
    bodySha256,
    bodyMd5,
  })
}

function splitUrl(url: string): [string, string] {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

export function bodyValue(request: FastifyRequest): unknown {
  return parsedBody(request).value
}

/** Validates one part of the input; the refusal names the field and what is wrong with it. */
export function parsePart<T extends z.ZodType>(
  schema: T,
  value: unknown,
  part: 'path' | 'query' | 'body',
): z.output<T> {
  if (part !== 'body') {
    for (const [name, text] of Object.entries(value as object)) for (const one of [name, text]) refuseText(one, name)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue => ({
    field: [...issue.path, ...('keys' in issue && Array.isArray(issue.keys) ? issue.keys : [])].join('.') || part,
    message: issue.message,
  }))
  const first = problems[0]
  throw new Refusal('InvalidParameter', `${first?.field}: ${first?.message}`, { field: first?.field, part, problems })
}

export function sendProblem(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  write: ProblemWriter,
): FastifyReply {
  const problem = problemOf(error)
  noteCode(request, problem.code)
  const { retryAfterSeconds } = problem.details
  if (typeof retryAfterSeconds === 'number') reply.header('retry-after', retryAfterSeconds)
  // 501 says what is not offered, 502 and 504 who does not answer: nothing has failed here.
  if (problem.status === 500) context.ctx.log.error({ err: error, requestId: request.id }, 'a request failed')
  return reply.code(problem.status).header('x-request-id', request.id).send(write(problem, request.id))
}
