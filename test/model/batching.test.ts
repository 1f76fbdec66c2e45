// Batching and warm-up of the built-in model server, on the digits model.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { drawDigit } from '../../examples/digits/draw.ts'
import { seededRandom } from '../../examples/digits/random.ts'
import { digitsModel, post, root, type Served, serve, spawnModelServer } from './served.ts'

const random = seededRandom(7)

async function serving(more: string[], model = digitsModel): Promise<Served> {
  const served = await serve(model, 'digits', more)
  onTestFinished(() => served.stop())
  return served
}

const request = (rows: number): object => ({
  inputs: [
    {
      ...{ name: 'image', shape: [rows, 1, 28, 28], datatype: 'FP32' },
      data: Array.from({ length: rows }, () => [...drawDigit(Math.floor(random.between(0, 10)), random)]).flat(),
    },
  ],
})

interface Output {
  shape: number[]
  data: number[]
}

async function infer({ url }: Served, body: object): Promise<Output> {
  const { status, body: answer } = await post(`${url}/v2/models/digits/infer`, 'application/json', JSON.stringify(body))
  if (status !== 200) throw new Error(JSON.stringify(answer))
  return (answer.outputs as Output[])[0] as Output
}

const aFile = (name: string, content: string | Buffer): string => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-batching-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

test('requests of random sizes, put together, are answered as they would be alone', async () => {
  const [alone, together] = await Promise.all([serving([]), serving(['--batch-rows', '8', '--batch-wait-ms', '20'])])
  expect(await together.logged('model server ready')).toMatchObject({ together: 8 })
  const bodies = Array.from({ length: 60 }, () => request(Math.floor(random.between(1, 6))))
  const [expected, given] = await Promise.all(
    [alone, together].map(served => Promise.all(bodies.map(body => infer(served, body)))),
  )
  for (const [at, output] of (expected ?? []).entries()) {
    expect(given?.[at]?.shape).toEqual(output.shape)
    // The order of additions may differ with the size of a batch.
    const differences = output.data.map((value, index) => Math.abs(value - (given?.[at]?.data[index] ?? 2)))
    expect(Math.max(...differences)).toBeLessThan(1e-5)
  }
  const picture = readFileSync(join(root, 'examples/digits/pictures/7-a.png'))
  const answers = await Promise.all(Array.from({ length: 12 }, () => post(`${together.url}/`, 'image/png', picture)))
  for (const { status, body } of answers) {
    expect(status).toBe(200)
    expect((body.predictions as { label: string }[])[0]?.label).toBe('7')
  }
})

test('what is wrong with one request is no other’s', async () => {
  const served = await serving(['--batch-rows', '4', '--batch-wait-ms', '20'])
  const wrong = { inputs: [{ name: 'image', shape: [1, 1, 28, 27], datatype: 'FP32', data: Array(28 * 27).fill(0) }] }
  const [first, second, third] = await Promise.allSettled(
    [request(1), wrong, request(2)].map(body => infer(served, body)),
  )
  expect([first?.status, second?.status, third?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a model that takes one at a time is served without batching, and the log says why', async () => {
  // `N`, the name of the first dimension, becomes the number 1 in as many bytes.
  const bytes = readFileSync(digitsModel)
  const named = Buffer.from([0x12, 0x01, 0x4e])
  for (let at = bytes.indexOf(named); at !== -1; at = bytes.indexOf(named))
    Buffer.from([0x08, 0x81, 0x00]).copy(bytes, at)
  const served = await serving(['--batch-rows', '8'], aFile('fixed.onnx', bytes))
  expect(await served.logged('batching is off: the model takes one request at a time')).toMatchObject({
    why: 'input "image" has the fixed first dimension 1',
  })
  const outputs = await Promise.all(Array.from({ length: 10 }, () => infer(served, request(1))))
  expect(outputs.map(({ shape }) => shape)).toEqual(Array(10).fill([1, 10]))
})

test('it is ready once the warm-up request has been answered', async () => {
  const picture = join(root, 'examples/digits/pictures/7-a.png')
  for (const path of [picture, aFile('one.json', JSON.stringify(request(2)))]) await serving(['--warm-up', path])
})

test.each([
  ['is no request', '{"inputs": []}', 'inputs: '],
  [
    'is of another shape',
    JSON.stringify({ inputs: [{ name: 'image', shape: [1], datatype: 'FP32', data: [0] }] }),
    'shape',
  ],
  ['is neither a picture nor JSON', 'digits', 'JSON'],
])('a warm-up request that %s ends the server before it is ready', async (_, content, why) => {
  const child = spawnModelServer(['--model', digitsModel, '--warm-up', aFile('warm', content)])
  let said = ''
  for (const stream of [child.stderr, child.stdout]) stream?.on('data', chunk => (said += chunk))
  const [code] = await once(child, 'close')
  expect(code).toBe(1)
  expect(said).toMatch(/^model-server: the warm-up request in \S+ failed: /m)
  expect(said).toContain(why)
  expect(said).not.toContain('model server ready')
})
