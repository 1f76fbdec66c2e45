import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { newNetwork } from '../../examples/digits/network.ts'
import { exportOnnx } from '../../examples/digits/onnx-export.ts'
import { seededRandom } from '../../examples/digits/random.ts'
import { readModelCard } from './model-card.ts'

const directory = mkdtempSync(join(tmpdir(), 'berth-card-'))
afterAll(() => rmSync(directory, { recursive: true }))
const network = newNetwork(seededRandom(1))
function cardOf(content: Buffer) {
  const path = join(directory, 'model.onnx')
  writeFileSync(path, content)
  return readModelCard(path)
}

it('a card is read out of the model file, beside other metadata', () => {
  const metadata = { author: 'x', 'berth.model': JSON.stringify({ image: 'ink', labels: ['一', 'two'] }), later: 'y' }
  expect(cardOf(exportOnnx(network, metadata))).toEqual({
    image: 'ink',
    labels: ['一', 'two'],
    mean: [0],
    deviation: [1],
  })
})

it('a model without a card takes whole photos and has no labels', () => {
  expect(cardOf(exportOnnx(network, {}))).toEqual({ image: 'photo', labels: [], mean: [0], deviation: [1] })
})

it('a wrong card is refused with its reason', () => {
  expect(() => cardOf(exportOnnx(network, { 'berth.model': '{"image":"sound"}' }))).toThrow(
    '"berth.model" is not a model card',
  )
  expect(() => cardOf(exportOnnx(network, { 'berth.model': '{' }))).toThrow('"berth.model" is not a model card')
})

it('what is no protobuf at all is no model', () => {
  expect(() => cardOf(Buffer.alloc(40, 0xff))).toThrow('is not an ONNX model')
})
