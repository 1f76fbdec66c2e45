import { expect, it } from 'vitest'
import { datatypeOf, readInputs, type TensorType, writeOutput } from './tensor.ts'

const read = (type: TensorType, data: unknown[]) =>
  readInputs(
    [{ name: 'x', shape: [data.length], datatype: datatypeOf(type), data }],
    [{ name: 'x', type, shape: [-1] }],
  ).x

it.each<[TensorType, unknown[], unknown[]]>([
  ['float32', [1.5, -0, 1e-50], [1.5, -0, 0]],
  ['float64', [0.1, 1e308], [0.1, 1e308]],
  ['int8', [-128, 127], [-128, 127]],
  ['uint16', [0, 65_535], [0, 65_535]],
  ['int64', [-5, 2 ** 53 - 1], [-5n, 9_007_199_254_740_991n]],
  ['uint64', [0, 7], [0n, 7n]],
  ['bool', [true, false], [1, 0]],
  ['string', ['a', ''], ['a', '']],
])('%s is read from JSON', (type, data, expected) => {
  expect(Array.from<unknown>(read(type, data)?.data as ArrayLike<unknown>)).toEqual(expected)
})

it.each<[TensorType, unknown, string]>([
  ['int8', 128, 'an integer from -128 to 127, found 128'],
  ['uint8', -1, 'an integer from 0 to 255, found -1'],
  ['int32', 1.5, 'an integer'],
  ['int64', 2 ** 53, 'an integer from -9007199254740991 to 9007199254740991'],
  ['uint64', -1, 'an integer from 0'],
  ['bool', 1, 'true or false, found 1'],
  ['string', 1, 'a string, found 1'],
  ['float64', Number.POSITIVE_INFINITY, 'a finite number'],
  ['float32', { toString: 'x' }, 'found an object'],
])('%s refuses %o', (type, value, error) => {
  expect(() => read(type, [value])).toThrow(error)
})

it('an input may be named as a property of every object', () => {
  const spec = { name: 'constructor', type: 'bool', shape: [1] } as const
  const given = { name: 'constructor', shape: [1], datatype: 'BOOL', data: [true] }
  expect(readInputs([given], [{ ...spec, shape: [1] }]).constructor).toMatchObject({ dims: [1] })
})

it('an output keeps every digit of a 64-bit integer, and refuses to turn NaN into null', () => {
  const integers = { type: 'int64', dims: [1], data: BigInt64Array.of(9_007_199_254_740_993n) } as const
  expect(JSON.stringify(writeOutput('y', { ...integers, dims: [1] }))).toContain('"data":[9007199254740993]')
  const floats = { type: 'float32', dims: [2], data: Float32Array.of(1, Number.NaN) } as const
  expect(() => writeOutput('y', { ...floats, dims: [2] })).toThrow('output "y" holds NaN at [1]')
  const booleans = { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) } as const
  expect(writeOutput('y', { ...booleans, dims: [2] })).toMatchObject({ datatype: 'BOOL', data: [true, false] })
})
