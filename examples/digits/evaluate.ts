// Accuracy of a model on digits it was not trained on, counted by the runtime that serves it.
import '../../src/model-server/no-telemetry.ts'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { drawDigit, side } from './draw.ts'
import { seededRandom } from './random.ts'

export const required = 0.97

export interface Evaluation {
  accuracy: number
  /** Of what was written (row), how often each digit was read (column). */
  confusion: number[][]
}

/** Draws `count` digits from `seed`, as many of each, and asks the model. */
export async function evaluate(model: Uint8Array, count: number, seed: number): Promise<Evaluation> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 })
  const random = seededRandom(seed)
  const images = new Float32Array(count * side * side)
  for (let at = 0; at < count; at++) images.set(drawDigit(at % 10, random), at * side * side)
  const answer = await session.run({ image: new Tensor('float32', images, [count, 1, side, side]) })
  const scores = answer.probabilities?.data
  if (!(scores instanceof Float32Array)) throw new Error('the model has no output named probabilities')
  const confusion = Array.from({ length: 10 }, () => new Array<number>(10).fill(0))
  let right = 0
  for (let at = 0; at < count; at++) {
    const row = scores.subarray(at * 10, at * 10 + 10)
    const read = row.indexOf(Math.max(...row))
    if (read === at % 10) right++
    const counts = confusion[at % 10]
    if (counts !== undefined) counts[read] = (counts[read] ?? 0) + 1
  }
  await session.release()
  return { accuracy: right / count, confusion }
}
