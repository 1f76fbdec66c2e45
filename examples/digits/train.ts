// Trains the digit classifier and writes model.onnx beside this file: node examples/digits/train.ts [--batches 3000]
// The same seed gives the same file. Held-out digits come from another seed; the last line is their accuracy.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawDigit } from './draw.ts'
import { evaluate, required } from './evaluate.ts'
import { newNetwork, train } from './network.ts'
import { exportOnnx } from './onnx-export.ts'
import { seededRandom } from './random.ts'

const { values } = parseArgs({ options: { batches: { type: 'string', default: '3000' } } })
const trainingSeed = 1
const heldOutSeed = 20_261_123
const modelPath = join(import.meta.dirname, 'model.onnx')

const random = seededRandom(trainingSeed)
const network = newNetwork(random)
const started = performance.now()
const batches = Number(values.batches)
let recent = 0
train(network, {
  random,
  batches,
  batchSize: 60,
  draw: drawDigit,
  report(batch, loss) {
    recent += loss / 100
    if ((batch + 1) % 100 !== 0) return
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    console.log(`batch ${batch + 1}/${batches}  loss ${recent.toFixed(4)}  ${seconds} s`)
    recent = 0
  },
})

// How the model server turns a picture into the model's input, and what the outputs are called (src/model-server/card.ts).
const card = { image: 'ink', labels: Array.from({ length: 10 }, (_, digit) => String(digit)) }
const model = exportOnnx(network, { 'berth.model': JSON.stringify(card) })
console.log(`model.onnx: ${(model.length / 1000).toFixed(1)} kB`)

const { accuracy, confusion } = await evaluate(model, 10_000, heldOutSeed)
for (const [digit, counts] of confusion.entries())
  console.log(`${digit} read as ${counts.map(count => String(count).padStart(4)).join(' ')}`)
const passed = accuracy >= required
// A model that failed does not replace one that passed.
if (passed) writeFileSync(modelPath, model)
console.log(`held-out accuracy: ${(100 * accuracy).toFixed(1)}% (${passed ? '>=' : '<'} ${100 * required}%)`)
process.exitCode = passed ? 0 : 1
