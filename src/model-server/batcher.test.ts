import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Batcher } from './batcher.ts'
import { whyNotBatched } from './rows.ts'
import type { RawTensor } from './tensor.ts'

type Tensors = Record<string, RawTensor>

const rowsOf = (values: number[][]): RawTensor => ({
  ...{ type: 'float32', dims: [values.length, values[0]?.length ?? 0], data: Float32Array.from(values.flat()) },
})

/** Sums each row of `x`, and names it; a row with 13 in it can't be computed. */
function rowByRow(inputs: Tensors, outputs: string[]): Tensors {
  const { dims, data } = inputs.x ?? rowsOf([])
  const [rows = 0, width = 0] = dims
  const sums = Array.from({ length: rows }, (_, row) =>
    Array.from(data.slice(row * width, (row + 1) * width), Number).reduce((a, b) => a + b, 0),
  )
  if (Array.from<unknown>(data as Float32Array).includes(13)) throw new Error('13 is unlucky')
  const all: Tensors = {
    sum: { type: 'float32', dims: [rows, 1], data: Float32Array.from(sums) },
    name: { type: 'string', dims: [rows], data: sums.map(String) },
    sign: { type: 'int64', dims: [rows, 1], data: BigInt64Array.from(sums, sum => BigInt(Math.sign(Math.round(sum)))) },
  }
  return Object.fromEntries(outputs.map(output => [output, all[output] ?? rowsOf([])]))
}

/** A model that computes when it is told to, and remembers what it was asked. */
function aModel() {
  const runs: { rows: number; go(): void }[] = []
  const run = (inputs: Tensors, outputs: string[]): Promise<Tensors> =>
    new Promise((resolve, reject) => {
      const go = () => {
        try {
          resolve(rowByRow(inputs, outputs))
        } catch (error) {
          reject(error)
        }
      }
      runs.push({ rows: inputs.x?.dims[0] ?? 0, go })
    })
  return { runs, run }
}

const atOnce = async (inputs: Tensors, outputs: string[]): Promise<Tensors> => rowByRow(inputs, outputs)

it('each caller gets what it would get alone, whatever goes together', async () => {
  const value = fc.integer({ min: -50, max: 12 })
  const asked = fc.record({
    x: fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 }))
      .chain(([rows, width]) =>
        fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: rows, maxLength: rows }),
      ),
    outputs: fc.constantFrom(['sum'], ['name', 'sum'], ['sign', 'name']),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(asked, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 2, max: 9 }),
      async (all, rowsMax) => {
        const sizes: number[] = []
        const run = (inputs: Tensors, outputs: string[]) => {
          sizes.push(inputs.x?.dims[0] ?? 0)
          return atOnce(inputs, outputs)
        }
        const batcher = new Batcher(run, { rowsMax, waitMs: 1 }, () => expect.unreachable())
        const given = await Promise.all(all.map(({ x, outputs }) => batcher.infer({ x: rowsOf(x) }, [...outputs])))
        for (const [at, { x, outputs }] of all.entries())
          expect(given[at]).toEqual(rowByRow({ x: rowsOf(x) }, [...outputs]))
        // Only a request that is larger by itself is.
        const largest = Math.max(rowsMax, ...all.map(({ x }) => x.length))
        expect(sizes.every(size => size <= largest)).toBe(true)
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(all.reduce((sum, { x }) => sum + x.length, 0))
      },
    ),
    { numRuns: 200 },
  )
})

describe('what goes together', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const options = { rowsMax: 4, waitMs: 50 }
  const one = (batcher: Batcher, value = 1) => batcher.infer({ x: rowsOf([[value]]) }, ['sum'])

  it('is sent when it is full, or when the first has waited', async () => {
    const { runs, run } = aModel()
    const batcher = new Batcher(run, options, () => {})
    for (let at = 0; at < 4; at++) void one(batcher)
    expect(runs.map(({ rows }) => rows)).toEqual([4])
    runs[0]?.go()
    await vi.advanceTimersByTimeAsync(0)
    void one(batcher)
    await vi.advanceTimersByTimeAsync(49)
    void one(batcher)
    expect(runs).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs.map(({ rows }) => rows)).toEqual([4, 2])
  })

  it('grows on while the model computes, and is sent once it is free', async () => {
    const { runs, run } = aModel()
    const batcher = new Batcher(run, options, () => {})
    void one(batcher)
    await vi.advanceTimersByTimeAsync(50)
    void one(batcher)
    await vi.advanceTimersByTimeAsync(500)
    void one(batcher)
    expect(runs.map(({ rows }) => rows)).toEqual([1])
    runs[0]?.go()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs.map(({ rows }) => rows)).toEqual([1, 2])
  })

  it('a request that would not fit is of the next batch; one that is full by itself goes alone', async () => {
    const { runs, run } = aModel()
    const batcher = new Batcher(run, options, () => {})
    void batcher.infer({ x: rowsOf([[1], [2], [3]]) }, ['sum'])
    void batcher.infer({ x: rowsOf([[4], [5]]) }, ['sum'])
    expect(runs.map(({ rows }) => rows)).toEqual([3])
    void batcher.infer({ x: rowsOf([[1], [2], [3], [4], [5], [6]]) }, ['sum'])
    expect(runs.map(({ rows }) => rows)).toEqual([3, 6])
  })

  it('one that can not be computed fails alone', async () => {
    const batcher = new Batcher(atOnce, options, () => expect.unreachable())
    const given = [1, 13, 2, 3].map(value => one(batcher, value))
    await expect(given[1]).rejects.toThrow('13 is unlucky')
    expect((await given[2])?.sum?.data).toEqual(Float32Array.of(2))
    expect((await given[3])?.sum?.data).toEqual(Float32Array.of(3))
  })

  it('a model that does not answer row by row is found out, told of once, and asked one by one', async () => {
    const lost: string[] = []
    const sizes: number[] = []
    const run = async (inputs: Tensors): Promise<Tensors> => {
      const rows = inputs.x?.dims[0] ?? 0
      sizes.push(rows)
      return { sum: { type: 'float32', dims: [1], data: Float32Array.of(rows) } }
    }
    const batcher = new Batcher(run, options, why => lost.push(why))
    const given = await Promise.all(Array.from({ length: 4 }, () => one(batcher)))
    expect(given.map(({ sum }) => sum?.data)).toEqual(Array(4).fill(Float32Array.of(1)))
    await one(batcher)
    expect(sizes).toEqual([4, 1, 1, 1, 1, 1])
    expect(lost).toEqual(['output "sum" has not as many rows as went in'])
  })
})

it.each([
  ['takes rows', [-1, 3], [-1, 2], null],
  ['takes one picture at a time', [1, 3, 8, 8], [-1, 2], 'input "x" has the fixed first dimension 1'],
  ['gives one answer', [-1, 3], [1, 2], 'output "y" has the fixed first dimension 1'],
  ['gives one value', [-1, 3], [], 'output "y" is one value, not rows'],
])('a model that %s: %o → %o', (_, input, output, why) => {
  const spec = (name: string, shape: number[]) => ({ name, type: 'float32' as const, shape })
  expect(whyNotBatched([spec('x', input)], [spec('y', output)])).toBe(why)
})
