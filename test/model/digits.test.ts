import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { drawDigit } from '../../examples/digits/draw.ts'
import { evaluate } from '../../examples/digits/evaluate.ts'
import { newNetwork, train } from '../../examples/digits/network.ts'
import { exportOnnx } from '../../examples/digits/onnx-export.ts'
import { seededRandom } from '../../examples/digits/random.ts'
import { digitsModel, mediaTypeOf, post, root, serve } from './served.ts'

const pictures = join(root, 'examples/digits/pictures')

it('the committed model is smaller than 200 kB', () => {
  expect(statSync(digitsModel).size).toBeLessThan(200_000)
})

it('the committed model reads at least 97 % of 1,000 digits of a seed that neither training nor its own check used', async () => {
  const { accuracy, confusion } = await evaluate(readFileSync(digitsModel), 1_000, 555_000_111)
  expect(confusion.flat().reduce((a, b) => a + b, 0)).toBe(1_000)
  expect(accuracy).toBeGreaterThanOrEqual(0.97)
})

it('the same seed trains the same model, byte for byte', () => {
  const modelOf = (seed: number) => {
    const random = seededRandom(seed)
    const network = newNetwork(random)
    train(network, { random, batches: 3, batchSize: 20, draw: drawDigit, report: () => {} })
    return exportOnnx(network, {})
  }
  expect(modelOf(1).equals(modelOf(1))).toBe(true)
  expect(modelOf(2).equals(modelOf(1))).toBe(false)
})

it('the same seed draws the same digit, another seed another one', () => {
  const draw = (seed: number) => drawDigit(7, seededRandom(seed))
  expect(draw(1)).toEqual(draw(1))
  expect(draw(2)).not.toEqual(draw(1))
})

it('every picture beside the model is read right by the model server, whatever its size, pen and ground', async () => {
  const served = await serve(digitsModel, 'digits')
  onTestFinished(() => void served.process.kill('SIGKILL'))
  const files = readdirSync(pictures)
  expect(new Set(files.map(file => file[0])).size).toBe(10)
  const read = await Promise.all(
    files.map(async file => {
      const { body } = await post(`${served.url}/`, mediaTypeOf(file), readFileSync(join(pictures, file)))
      const [first] = Array.isArray(body.predictions) ? body.predictions : []
      return { file, label: first?.label }
    }),
  )
  expect(read).toEqual(files.map(file => ({ file, label: file[0] })))
  await served.stop()
})

it('service.json deploys the committed model with the built-in processor', () => {
  const service = JSON.parse(readFileSync(join(root, 'examples/digits/service.json'), 'utf8'))
  expect(service).toMatchObject({ metadata: { name: 'digits', instance: 2 }, processor: 'onnx' })
  expect(join(root, 'examples/digits', service.model_path)).toBe(digitsModel)
})
