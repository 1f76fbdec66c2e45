// Tensors put together along their first dimension, and taken apart again. Pure.
import { invariant } from '../lib/invariant.ts'
import type { RawTensor, TensorData, TensorSpec } from './tensor.ts'

/** null: requests may be put together; else why this model can't take several at once. */
export function whyNotBatched(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): string | null {
  for (const [kind, specs] of [
    ['input', inputs],
    ['output', outputs],
  ] as const) {
    for (const { name, shape } of specs) {
      if (shape.length === 0) return `${kind} "${name}" is one value, not rows`
      if (shape[0] !== -1) return `${kind} "${name}" has the fixed first dimension ${shape[0]}`
    }
  }
  return inputs.length === 0 ? 'it has no input' : null
}

/** How many rows a request has; null where its inputs do not agree. */
export function rowsOf(inputs: Record<string, RawTensor>): number | null {
  const [first, ...rest] = Object.values(inputs).map(({ dims }) => dims[0] ?? 0)
  return first !== undefined && rest.every(rows => rows === first) ? first : null
}

/** Requests of one kind differ in nothing but their rows. */
export function kindOf(inputs: Record<string, RawTensor>, outputs: readonly string[]): string {
  const shapes = Object.entries(inputs).map(([name, { type, dims }]) => [name, type, dims.slice(1)])
  return JSON.stringify([shapes.toSorted(), outputs.toSorted()])
}

/** Of one kind, in this order. */
export function joinRows(tensors: readonly RawTensor[]): RawTensor {
  const [first] = tensors
  invariant(first, 'there is something to join')
  const rows = tensors.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0)
  return { type: first.type, dims: [rows, ...first.dims.slice(1)], data: joinData(tensors.map(({ data }) => data)) }
}

function joinData(parts: readonly TensorData[]): TensorData {
  const [first] = parts
  if (Array.isArray(first)) return (parts as string[][]).flat()
  const Data = first?.constructor as new (length: number) => Exclude<TensorData, string[]>
  const joined = new Data(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part as never, at)
    at += part.length
  }
  return joined
}

/** As many tensors as counts; null where the rows are not those that went in. */
export function splitRows(tensor: RawTensor, counts: readonly number[]): RawTensor[] | null {
  const { type, dims, data } = tensor
  const [rows = 0, ...rest] = dims
  if (dims.length === 0 || rows !== counts.reduce((sum, count) => sum + count, 0)) return null
  const size = rest.reduce((product, dim) => product * dim, 1)
  let at = 0
  return counts.map(count => {
    const part = data.slice(at * size, (at + count) * size)
    at += count
    return { type, dims: [count, ...rest], data: part }
  })
}
