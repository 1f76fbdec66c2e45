// The open inference protocol v2 over REST, for one model, and pictures beside it: the same paths take a PNG or JPEG and
// answer with the tensors and the likeliest classes. Every error is `{ "error": "…" }`.
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify'
import { z } from 'zod'
import { Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { type ModelServerRefusal, statusOf } from './errors.ts'
import { Gate } from './gate.ts'
import { isPicture, readImage } from './image.ts'
import type { Model } from './model.ts'
import { datatypeOf, type RawTensor, readInputs, type TensorSpec, writeOutput } from './tensor.ts'

const bodyMax = 16 * 1024 * 1024
// Longer than a gateway keeps an idle connection (30 s), so that the gateway is the one that closes it: a connection
// closed from here could meet a request on its way.
const keepAliveTimeoutMs = 75_000
// One picture is decoded while another is inferred; more at once would only hold more memory.
const atOnce = 2
const waitingMax = 256
const classesShown = 3

const inferRequest = z.object({
  id: z.string().optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(1)).max(16),
        datatype: z.string(),
        data: z.custom<unknown[]>(Array.isArray, 'expected an array'),
      }),
    )
    .min(1),
  outputs: z
    .array(z.object({ name: z.string() }))
    .min(1)
    .optional(),
})

/** How pictures are read; by default at once. */
interface Served extends Model {
  decode?<T>(read: () => Promise<T>): Promise<T>
}

function decodingOneByOne(model: Model, together: number): Served {
  if (together === 1) return model // The gate before it lets no more in.
  const gate = new Gate(atOnce, waitingMax + 2 * together)
  return { ...model, decode: read => gate.pass(read) }
}

type Handle = (request: FastifyRequest, reply: FastifyReply) => unknown
type Routes = Record<string, Partial<Record<'GET' | 'POST', Handle>>>

/** `together`: so many requests at a time go into one run of the model; 1: none do. */
export function createModelServer(model: Model, log: Logger, together = 1): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyMax,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While it closes, a request on a connection that is open already is still answered, with `connection: close`.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
  })
  const pictures = ['image/png', 'image/jpeg', 'image/jpg', 'application/octet-stream']
  app.addContentTypeParser(pictures, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.removeContentTypeParser('text/plain')
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, log))
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is no ${request.method} ${request.url.split('?')[0]}` }),
  )
  closeAfterAnswers(app)
  app.addHook('onResponse', (request, reply, done) => {
    log.debug(
      { method: request.method, url: request.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    )
    done()
  })
  // While a batch is computed the next one is gathered; each picture is decoded alone.
  const gate = new Gate(together > 1 ? 2 * together : atOnce, waitingMax)
  declare(app, routesOf(decodingOneByOne(model, together), gate))
  return app
}

/**
 * Once the server closes, every answer ends its connection. Closing ends idle connections once, at its start: one that
 * became idle later would hold the process until the keep-alive timeout.
 */
function closeAfterAnswers(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', done => {
    closing = true
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close')
    done(null, payload)
  })
}

/** Registers the routes, and for each path an answer to every other method. */
function declare(app: FastifyInstance, routes: Routes): void {
  for (const [url, handlers] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(handlers)) app.route({ method, url, handler })
    const allowed = Object.keys(handlers).flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const others: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      method => !allowed.includes(method),
    )
    app.route({
      method: others,
      url,
      // Before the body is read: a method that is not taken needs none.
      onRequest: async (_request, reply) =>
        reply
          .code(405)
          .header('allow', allowed.join(', '))
          .send({ error: `this path takes ${allowed.join(', ')}` }),
      handler: async () => undefined,
    })
  }
}

function routesOf(model: Served, gate: Gate): Routes {
  const predict: Handle = request => gate.pass(() => answer(model, request))
  const ofModel =
    (handle: Handle): Handle =>
    (request, reply) => {
      const { name } = z.object({ name: z.string() }).parse(request.params)
      if (name !== model.name)
        throw refuse('UnknownModel', `there is no model "${name}": this server has "${model.name}"`)
      return handle(request, reply)
    }
  const server = () => ({ name: 'berth-model-server', version: '1', extensions: ['image'] })
  return {
    '/': { GET: server, POST: predict },
    '/predict': { POST: predict },
    '/v2': { GET: server },
    '/v2/health/live': { GET: () => ({ live: true }) },
    '/v2/health/ready': { GET: () => ({ ready: true }) },
    '/v2/models/:name': { GET: ofModel(() => describe(model)) },
    '/v2/models/:name/ready': { GET: ofModel(() => ({ name: model.name, ready: true })) },
    '/v2/models/:name/infer': { POST: ofModel(predict) },
  }
}

const refuse = (code: ModelServerRefusal, message: string) => new Refusal<ModelServerRefusal>(code, message)

function describe(model: Model): object {
  const view = (specs: TensorSpec[]) =>
    specs.map(({ name, type, shape }) => ({ name, datatype: datatypeOf(type), shape }))
  return { name: model.name, platform: 'onnxruntime_onnx', inputs: view(model.inputs), outputs: view(model.outputs) }
}

const answer = (model: Served, request: FastifyRequest): Promise<object> =>
  answerBody(model, request.body, request.headers['content-type'] ?? '')

/** The answer to a body: a picture's bytes, or an inference request. */
export function answerBody(model: Served, body: unknown, mediaType: string): Promise<object> {
  if (Buffer.isBuffer(body) && body.length > 0) return answerPicture(model, body, mediaType)
  if (body === undefined || body === null || Buffer.isBuffer(body)) {
    throw refuse('InvalidRequest', 'the body is empty: send a PNG, a JPEG or an inference request as JSON')
  }
  return answerTensors(model, body)
}

async function answerTensors(model: Model, body: unknown): Promise<object> {
  const parsed = inferRequest.safeParse(body)
  if (!parsed.success) throw refuse('InvalidRequest', parsed.error.issues.slice(0, 3).map(writeIssue).join('; '))
  const { id, inputs, outputs } = parsed.data
  const wanted = outputs?.map(output => output.name) ?? model.outputs.map(output => output.name)
  for (const [index, name] of wanted.entries()) {
    if (model.outputs.some(output => output.name === name)) continue
    const names = model.outputs.map(output => `"${output.name}"`).join(', ')
    throw refuse('InvalidTensor', `outputs[${index}].name: the model has no output "${name}"; it has ${names}`)
  }
  const given = await model.infer(readInputs(inputs, model.inputs), [...new Set(wanted)])
  return { model_name: model.name, ...(id === undefined ? {} : { id }), outputs: writeOutputs(given) }
}

const writeIssue = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return `${path === '' ? 'body' : path.replace(/^\./, '')}: ${issue.message}`
}

async function answerPicture(model: Served, body: Buffer, mediaType: string): Promise<object> {
  if (mediaType.startsWith('application/octet-stream') && !isPicture(body)) {
    throw refuse(
      'UnsupportedMediaType',
      'the body is neither a PNG nor a JPEG: send one of them, or tensors as application/json',
    )
  }
  const { image } = model
  if (image === null) {
    const taken = model.inputs.map(({ name, shape }) => `"${name}" [${shape}]`).join(', ')
    throw refuse('UnsupportedMediaType', `this model takes no picture: send its inputs ${taken} as application/json`)
  }
  const read = () => readImage(body, image, model.card)
  const tensor = await (model.decode?.(read) ?? read())
  const given = await model.infer(
    { [image.input]: tensor },
    model.outputs.map(output => output.name),
  )
  const predictions = likeliest(given[model.outputs[0]?.name ?? ''], model.card.labels)
  return { model_name: model.name, outputs: writeOutputs(given), ...(predictions === null ? {} : { predictions }) }
}

const writeOutputs = (tensors: Record<string, RawTensor>) =>
  Object.entries(tensors).map(([name, tensor]) => writeOutput(name, tensor))

/** The classes of the highest scores, where the output is one row of scores. */
function likeliest(tensor: RawTensor | undefined, labels: readonly string[]): object[] | null {
  if (!(tensor?.data instanceof Float32Array) || tensor.dims.length !== 2 || tensor.dims[0] !== 1) return null
  return [...tensor.data]
    .map((score, index) => ({ label: labels[index] ?? String(index), score: Number(score.toPrecision(6)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, classesShown)
}

const hints: Record<string, string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'this media type is not taken: send image/png, image/jpeg or application/json',
  FST_ERR_CTP_BODY_TOO_LARGE: `the body is larger than ${bodyMax} bytes`,
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty: send an inference request as JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
}

function answerError(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  if (error instanceof Refusal) {
    const status = Object.entries(statusOf).find(([code]) => code === error.code)?.[1] ?? 500
    if (status === 500) log.error({ err: error }, 'inference failed')
    return reply.code(status).send({ error: error.message })
  }
  const {
    statusCode = 500,
    code = '',
    message = '',
  } = error as { statusCode?: number; code?: string; message?: string }
  if (statusCode < 500) return reply.code(statusCode).send({ error: hints[code] ?? message })
  log.error({ err: error }, 'request failed')
  return reply.code(500).send({ error: 'the server failed; its log says why' })
}
