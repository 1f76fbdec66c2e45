// The first runs of a model, before it is ready: what is set up lazily is paid for here and by no caller. With a request
// of the service's author that must succeed; without one, with zeros of the shapes that the model declares.
import { readFileSync } from 'node:fs'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { isPicture } from './image.ts'
import type { Model } from './model.ts'
import { answerBody } from './server.ts'
import { type RawTensor, type TensorSpec, zeros } from './tensor.ts'

/** More than this is no warm-up: dimensions that may have any size are taken as 1, but the others are as they are. */
const elementsMax = 2 ** 24

/** `rows`: of a full batch, where requests are put together. */
export async function warmUp(model: Model, path: string | null, rows: number, log: Logger): Promise<void> {
  if (path !== null) return withRequest(model, path)
  for (const count of new Set([1, rows])) {
    const inputs = syntheticInputs(model.inputs, count)
    if (inputs === null) return
    const outputs = model.outputs.map(output => output.name)
    const failed = await model.infer(inputs, outputs).then(
      () => null,
      error => messageOf(error),
    )
    // Zeros may be what no caller ever sends.
    if (failed !== null) return log.info({ rows: count, failed }, 'the model takes no zeros: it starts cold')
  }
}

async function withRequest(model: Model, path: string): Promise<void> {
  const body = readFileSync(path)
  try {
    await answerBody(model, isPicture(body) ? body : JSON.parse(body.toString('utf8')), 'application/octet-stream')
  } catch (error) {
    throw new Error(`the warm-up request in ${path} failed: ${messageOf(error)}`, { cause: error })
  }
}

/** null: too large to be worth it. */
function syntheticInputs(specs: readonly TensorSpec[], rows: number): Record<string, RawTensor> | null {
  const inputs: Record<string, RawTensor> = {}
  for (const { name, type, shape } of specs) {
    const dims = shape.map((dim, at) => (dim !== -1 ? dim : at === 0 ? rows : 1))
    const count = dims.reduce((product, dim) => product * dim, 1)
    if (count > elementsMax) return null
    inputs[name] = { type, dims, data: zeros(type, count) }
  }
  return inputs
}
