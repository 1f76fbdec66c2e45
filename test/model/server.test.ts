import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { drawDigit } from '../../examples/digits/draw.ts'
import { seededRandom } from '../../examples/digits/random.ts'
import { digitsModel, post, root, type Served, serve, spawnModelServer } from './served.ts'

let served: Served
beforeAll(async () => {
  served = await serve(digitsModel, 'digits')
})
afterAll(() => served.stop())

it('tells nobody that a model runs: the runtime’s own telemetry is off', async () => {
  const { ok } = await fetch(`${served.url}/v2/health/ready`)
  expect(ok).toBe(true)
  // The telemetry library opens this file as its first act, before it looks for the network.
  expect(existsSync(`/tmp/mat-debug-${served.process.pid}.log`)).toBe(false)
})

const picture = readFileSync(join(root, 'examples/digits/pictures/7-a.png'))
const image = (count: number) => {
  const random = seededRandom(31)
  return Array.from({ length: count }, (_, at) => [...drawDigit(at % 10, random)])
}
const input = (over: object = {}) => ({
  name: 'image',
  shape: [1, 1, 28, 28],
  datatype: 'FP32',
  data: image(1)[0],
  ...over,
})
const infer = (body: unknown) =>
  post(
    `${served.url}/v2/models/digits/infer`,
    'application/json',
    typeof body === 'string' ? body : JSON.stringify(body),
  )
const get = async (path: string, method = 'GET') => {
  const response = await fetch(`${served.url}${path}`, { method })
  return { status: response.status, allow: response.headers.get('allow'), body: await response.json() }
}

describe('the open inference protocol', () => {
  it('says that server and model are live and ready', async () => {
    expect(await get('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } })
    expect(await get('/v2/health/ready')).toMatchObject({ status: 200, body: { ready: true } })
    expect(await get('/v2/models/digits/ready')).toMatchObject({ status: 200, body: { name: 'digits', ready: true } })
  })

  it('describes itself and the model', async () => {
    expect((await get('/v2')).body).toMatchObject({ name: 'berth-model-server', extensions: ['image'] })
    expect((await get('/v2/models/digits')).body).toEqual({
      name: 'digits',
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 1, 28, 28] }],
      outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 10] }],
    })
  })

  it('answers a batch with a row of probabilities for each, in order, and the id it was given', async () => {
    const answer = await infer({ id: 'a-1', inputs: [input({ shape: [10, 1, 28, 28], data: image(10).flat() })] })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ model_name: 'digits', id: 'a-1' })
    const [output] = answer.body.outputs as { name: string; datatype: string; shape: number[]; data: number[] }[]
    expect(output).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [10, 10] })
    const rows = Array.from({ length: 10 }, (_, row) => output?.data.slice(row * 10, row * 10 + 10) ?? [])
    expect(rows.map(row => row.indexOf(Math.max(...row)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const row of rows) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4)
  })

  it('takes data nested as the shape is, and the outputs that are asked for', async () => {
    const flat = image(1)[0] ?? []
    const rows = Array.from({ length: 28 }, (_, row) => flat.slice(row * 28, row * 28 + 28))
    const nested = await infer({ inputs: [input({ data: [[rows]] })], outputs: [{ name: 'probabilities' }] })
    expect(nested.body).toEqual((await infer({ inputs: [input()] })).body)
    expect(nested.status).toBe(200)
  })

  it('gives each of many callers at once the answer to their own question', async () => {
    const images = image(40)
    const answers = await Promise.all(images.map((data, at) => infer({ id: String(at), inputs: [input({ data })] })))
    for (const [at, answer] of answers.entries()) {
      expect(answer.body.id).toBe(String(at))
      const alone = await infer({ id: String(at), inputs: [input({ data: images[at] })] })
      expect(answer.body).toEqual(alone.body)
    }
  })
})

describe('bad tensors are refused with the field and the reason, and the server goes on', () => {
  const json = (over: string) => `{"inputs":[{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":${over}}]}`
  const numbers = (first: string) => `[${[first, ...new Array(783).fill('0')].join(',')}]`
  const deep = '['.repeat(10_000) + ']'.repeat(10_000)
  const cases: [what: string, body: unknown, error: string][] = [
    [
      'a wrong size',
      { inputs: [input({ shape: [1, 1, 28, 27] })] },
      'inputs[0].shape: input "image" takes [-1,1,28,28]',
    ],
    ['a wrong rank', { inputs: [input({ shape: [784] })] }, 'inputs[0].shape'],
    ['a size of 0', { inputs: [input({ shape: [0, 1, 28, 28], data: [] })] }, 'inputs[0].shape[0]'],
    ['a size of 1.5', { inputs: [input({ shape: [1.5, 1, 28, 28] })] }, 'inputs[0].shape[0]'],
    [
      'a batch without its data',
      { inputs: [input({ shape: [9_000_000, 1, 28, 28] })] },
      'wants 7056000000 here, but there are 784',
    ],
    [
      'too little data',
      { inputs: [input({ data: [1, 2] })] },
      'inputs[0].data: the shape [1,1,28,28] wants 784 here, but there are 2',
    ],
    ['no data', { inputs: [{ ...input(), data: undefined }] }, 'inputs[0].data'],
    [
      'another type',
      { inputs: [input({ datatype: 'INT64' })] },
      'inputs[0].datatype: input "image" takes FP32, not INT64',
    ],
    ['an unknown input', { inputs: [input({ name: 'x' })] }, 'the model has no input "x"; it has "image"'],
    ['an input twice', { inputs: [input(), input()] }, 'inputs[1].name: input "image" is given twice'],
    ['no input', { inputs: [] }, 'inputs:'],
    [
      'an unknown output',
      { inputs: [input()], outputs: [{ name: 'y' }] },
      'the model has no output "y"; it has "probabilities"',
    ],
    ['1e400', json(numbers('1e400')), 'inputs[0].data[0]: expected a finite number that FP32 can hold, found Infinity'],
    ['1e39, too large for FP32', json(numbers('1e39')), 'inputs[0].data[0]: expected a finite number'],
    ['null', json(numbers('null')), 'inputs[0].data[0]: expected a finite number that FP32 can hold, found null'],
    ['text', json(numbers('"1"')), 'inputs[0].data[0]: expected a finite number that FP32 can hold, found "1"'],
    ['NaN', json(numbers('NaN')), 'not valid JSON'],
    ['half a body', '{"inputs":[', 'not valid JSON'],
    ['20 kB of [', '['.repeat(20_000), 'not valid JSON'],
    [
      '20 kB of nested arrays',
      json(deep),
      'inputs[0].data[0][0]: the shape [1,1,28,28] wants 28 here, but there are 1',
    ],
    ['nested arrays as the body', deep, 'body'],
    ['__proto__', '{"__proto__":{"inputs":[]}}', 'not valid JSON'],
    ['null as the body', 'null', 'the body is empty'],
    ['nothing', '', 'the body is empty'],
  ]
  it.each(cases)('%s', async (_what, body, error) => {
    const answer = await infer(body)
    expect(answer.status).toBe(400)
    expect(Object.keys(answer.body)).toEqual(['error'])
    expect(answer.body.error).toContain(error)
  })
})

describe('pictures', () => {
  it('are read on every path that predicts, and by what they are where the media type does not say', async () => {
    for (const path of ['/', '/predict', '/v2/models/digits/infer']) {
      for (const mediaType of ['image/png', 'application/octet-stream']) {
        const { status, body } = await post(served.url + path, mediaType, picture)
        expect(status).toBe(200)
        expect(body).toMatchObject({
          model_name: 'digits',
          outputs: [{ shape: [1, 10] }],
          predictions: [{ label: '7' }, {}, {}],
        })
      }
    }
  })

  const plain = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer()
  it.each([
    [
      'text that says it is a PNG',
      'image/png',
      async () => Buffer.from('hello'),
      400,
      'not a picture: send a PNG or a JPEG',
    ],
    ['a cut-off PNG', 'image/png', async () => picture.subarray(0, picture.length / 2), 400, 'could not be decoded'],
    ['the first bytes of a PNG', 'image/png', async () => picture.subarray(0, 9), 400, 'could not be decoded'],
    [
      'more pixels than are decoded',
      'image/png',
      () => plain(8_000, 5_000),
      400,
      'could not be decoded: Input image exceeds pixel limit',
    ],
    ['a blank picture', 'image/png', () => plain(40, 40), 400, 'the picture is blank'],
    ['nothing', 'image/png', async () => Buffer.alloc(0), 400, 'the body is empty'],
    ['SVG', 'image/svg+xml', async () => Buffer.from('<svg/>'), 415, 'send image/png, image/jpeg or application/json'],
    ['a form', 'application/x-www-form-urlencoded', async () => picture, 415, 'send image/png'],
    ['bytes of no kind', 'application/octet-stream', async () => Buffer.from('hello'), 415, 'neither a PNG nor a JPEG'],
  ])('%s is refused', async (_what, mediaType, body, status, error) => {
    const answer = await post(`${served.url}/`, mediaType, await body())
    expect(answer.status).toBe(status)
    expect(answer.body.error).toContain(error)
  })
})

it('a body over 16 MiB is refused by its declared length, before it is sent', async () => {
  const socket = connect(served.port, '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: ${17 * 1024 * 1024}\r\n\r\n`)
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  await once(socket, 'end')
  expect(received).toMatch(/^HTTP\/1.1 413 /)
  expect(received).toContain('{"error":"the body is larger than 16777216 bytes"}')
})

it('another model, another path and another method are told apart', async () => {
  expect(await get('/v2/models/letters')).toMatchObject({
    status: 404,
    body: { error: expect.stringContaining('"letters"') },
  })
  expect(await get('/v3')).toMatchObject({ status: 404, body: { error: 'there is no GET /v3' } })
  expect(await get('/v2/models/digits/infer')).toMatchObject({ status: 405, allow: 'POST' })
  expect(await get('/v2', 'DELETE')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
})

it('SIGTERM closes the door, finishes the request in flight and ends with 0', async () => {
  const own = await serve(digitsModel, 'digits')
  onTestFinished(() => void own.process.kill('SIGKILL'))
  const socket = connect(own.port, '127.0.0.1')
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: ${picture.length}\r\nexpect: 100-continue\r\n\r\n`
  socket.write(head)
  await once(socket, 'data')
  expect(received).toMatch(/^HTTP\/1.1 100 /) // the server has the request, and waits for its body
  own.process.kill('SIGTERM')
  await own.logged('stopping: requests in flight are finished first')
  // The line is written just before the listener closes: the next connections may still be taken, a later one is not.
  await expect
    .poll(
      () =>
        fetch(own.url).then(
          () => 'open',
          () => 'closed',
        ),
      { interval: 10, timeout: 5_000 },
    )
    .toBe('closed')
  expect(own.process.exitCode).toBeNull()
  socket.write(picture)
  await once(socket, 'end')
  expect(received).toMatch(/HTTP\/1.1 200 OK\r\n/)
  expect(received).toMatch(/\r\nconnection: close\r\n/)
  expect(received).toContain('"label":"7"')
  expect(await own.exited).toEqual({ code: 0, signal: null })
})

describe('a start that cannot succeed ends with 1 and says why', () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-model-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const broken = join(directory, 'broken.onnx')
  const cut = join(directory, 'cut.onnx')
  writeFileSync(broken, 'this is not a model')
  writeFileSync(cut, readFileSync(digitsModel).subarray(0, 50_000))
  it.each([
    ['no model', [], '--model <file.onnx> is missing'],
    ['a missing file', ['--model', join(directory, 'none.onnx')], 'no such file'],
    ['a file that is no model', ['--model', broken], 'broken.onnx'],
    ['half a model', ['--model', cut], 'cut.onnx could not be loaded'],
    [
      'a port that is none',
      ['--model', digitsModel, '--port', '70000'],
      '--port must be a whole number from 0 to 65535',
    ],
    ['an unknown flag', ['--modle', digitsModel], "Unknown option '--modle'"],
  ])('%s', async (_what, args, error) => {
    const child = spawnModelServer(args)
    let complaints = ''
    child.stderr?.on('data', chunk => {
      complaints += chunk
    })
    const [code] = await once(child, 'close')
    expect(complaints).toContain(error)
    expect(code).toBe(1)
  })
})
