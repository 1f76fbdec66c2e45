// Tensors as the open inference protocol writes them in JSON, and as the runtime takes them. What comes in is checked
// against the model before any of it is copied; an error names the input, the place and what was expected there.

import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import type { ModelServerRefusal } from './errors.ts'

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[]

/** A tensor on its way to the inference thread and back. `type` is the runtime's name of the element type. */
export interface RawTensor {
  type: TensorType
  dims: number[]
  data: TensorData
}

/** An input or output of the model; a dimension of -1 may have any size. */
export interface TensorSpec {
  name: string
  type: TensorType
  shape: number[]
}

interface ElementType {
  datatype: string
  allocate(length: number): TensorData
  /** What an element must be, for the error. */
  wants: string
  /** The value to store, or undefined where the JSON value is none of this type. */
  read(value: unknown): number | bigint | string | undefined
}

const float = (datatype: string, largest: number, allocate: (length: number) => TensorData): ElementType => ({
  datatype,
  allocate,
  wants: `a finite number that ${datatype} can hold`,
  read: value => (typeof value === 'number' && Math.abs(value) <= largest ? value : undefined),
})

const integer = (
  datatype: string,
  low: number,
  high: number,
  allocate: (length: number) => TensorData,
): ElementType => ({
  datatype,
  allocate,
  wants: `an integer from ${low} to ${high}`,
  read: value => (Number.isInteger(value) && Number(value) >= low && Number(value) <= high ? Number(value) : undefined),
})

// JSON numbers are exact up to 2^53 - 1 only: a larger one may not be the one that was meant.
const wide = (datatype: string, low: number, allocate: (length: number) => TensorData): ElementType => ({
  datatype,
  allocate,
  wants: `an integer from ${low} to ${Number.MAX_SAFE_INTEGER}`,
  read: value => (Number.isSafeInteger(value) && Number(value) >= low ? BigInt(Number(value)) : undefined),
})

const elementTypes = {
  float32: float('FP32', 3.4028234663852886e38, length => new Float32Array(length)),
  float64: float('FP64', Number.MAX_VALUE, length => new Float64Array(length)),
  int8: integer('INT8', -128, 127, length => new Int8Array(length)),
  int16: integer('INT16', -32_768, 32_767, length => new Int16Array(length)),
  int32: integer('INT32', -(2 ** 31), 2 ** 31 - 1, length => new Int32Array(length)),
  int64: wide('INT64', Number.MIN_SAFE_INTEGER, length => new BigInt64Array(length)),
  uint8: integer('UINT8', 0, 255, length => new Uint8Array(length)),
  uint16: integer('UINT16', 0, 65_535, length => new Uint16Array(length)),
  uint32: integer('UINT32', 0, 2 ** 32 - 1, length => new Uint32Array(length)),
  uint64: wide('UINT64', 0, length => new BigUint64Array(length)),
  bool: {
    datatype: 'BOOL',
    allocate: length => new Uint8Array(length),
    wants: 'true or false',
    read: value => (typeof value === 'boolean' ? Number(value) : undefined),
  },
  string: {
    datatype: 'BYTES',
    allocate: length => new Array<string>(length).fill(''),
    wants: 'a string',
    read: value => (typeof value === 'string' ? value : undefined),
  },
} as const satisfies Record<string, ElementType>

export type TensorType = keyof typeof elementTypes

export const isTensorType = (type: string): type is TensorType => Object.hasOwn(elementTypes, type)
export const zeros = (type: TensorType, count: number): TensorData => elementTypes[type].allocate(count)
export const datatypeOf = (type: TensorType): string => elementTypes[type].datatype

/** An input of a request. `data` is flat or nested as its shape is. */
export interface InferInput {
  name: string
  shape: number[]
  datatype: string
  data: unknown[]
}

function refuse(field: string, message: string): Refusal<ModelServerRefusal> {
  return new Refusal<ModelServerRefusal>('InvalidTensor', message, { field })
}

/** Every input of the model, read from the request. */
export function readInputs(given: readonly InferInput[], specs: readonly TensorSpec[]): Record<string, RawTensor> {
  const tensors: Record<string, RawTensor> = Object.create(null)
  for (const [index, input] of given.entries()) {
    const spec = specs.find(each => each.name === input.name)
    const names = specs.map(each => `"${each.name}"`).join(', ')
    if (!spec)
      throw refuse(
        `inputs[${index}].name`,
        `inputs[${index}].name: the model has no input "${input.name}"; it has ${names}`,
      )
    if (input.name in tensors)
      throw refuse(`inputs[${index}].name`, `inputs[${index}].name: input "${input.name}" is given twice`)
    tensors[input.name] = readTensor(input, spec, `inputs[${index}]`)
  }
  const missing = specs.find(spec => !(spec.name in tensors))
  if (missing) throw refuse('inputs', `inputs: input "${missing.name}" is missing`)
  return tensors
}

function readTensor(input: InferInput, spec: TensorSpec, field: string): RawTensor {
  const element: ElementType = elementTypes[spec.type]
  if (input.datatype !== element.datatype) {
    throw refuse(
      `${field}.datatype`,
      `${field}.datatype: input "${spec.name}" takes ${element.datatype}, not ${input.datatype}`,
    )
  }
  const fits =
    input.shape.length === spec.shape.length && spec.shape.every((dim, at) => dim === -1 || dim === input.shape[at])
  if (!fits) {
    const any = spec.shape.includes(-1) ? ' (-1: any size)' : ''
    throw refuse(
      `${field}.shape`,
      `${field}.shape: input "${spec.name}" takes [${spec.shape}]${any}, not [${input.shape}]`,
    )
  }
  const count = input.shape.reduce((product, dim) => product * dim, 1)
  const nested = Array.isArray(input.data[0])
  const dims = nested ? input.shape : [count]
  // The leading dimension is compared before anything is allocated: a shape alone must not cost memory.
  if (input.data.length !== (dims[0] ?? 1))
    throw wrongLength(`${field}.data`, input.shape, dims[0] ?? 1, input.data.length)
  const elements: (number | bigint | string)[] = []
  collect(input.data, dims, `${field}.data`, element, input.shape, elements)
  invariant(elements.length === count, 'as many elements were read as the shape has')
  const data = element.allocate(count)
  const slots: { [at: number]: unknown } = data
  for (let at = 0; at < count; at++) slots[at] = elements[at]
  return { type: spec.type, dims: input.shape, data }
}

function wrongLength(field: string, shape: number[], expected: number, found: number): Refusal<ModelServerRefusal> {
  return refuse(field, `${field}: the shape [${shape}] wants ${expected} here, but there are ${found}`)
}

/** Appends the elements of `values` in row order. It goes no deeper than the shape, however deep the data is. */
function collect(
  values: unknown[],
  dims: number[],
  field: string,
  element: ElementType,
  shape: number[],
  into: (number | bigint | string)[],
): void {
  if (values.length !== (dims[0] ?? 1)) throw wrongLength(field, shape, dims[0] ?? 1, values.length)
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (dims.length > 1) {
      if (!Array.isArray(value))
        throw refuse(`${field}[${at}]`, `${field}[${at}]: expected an array of ${dims[1]}, found ${describe(value)}`)
      collect(value, dims.slice(1), `${field}[${at}]`, element, shape, into)
      continue
    }
    const read = element.read(value)
    if (read === undefined)
      throw refuse(`${field}[${at}]`, `${field}[${at}]: expected ${element.wants}, found ${describe(value)}`)
    into.push(read)
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return value.length > 40 ? 'a string' : JSON.stringify(value)
  return String(value)
}

/** A tensor as an output of the protocol. Numbers that JSON cannot carry are a failure, not `null`. */
export function writeOutput(name: string, tensor: RawTensor): object {
  const { type, dims, data } = tensor
  const elements = Array.from<unknown>(data as ArrayLike<unknown>)
  const lost = type.startsWith('float') ? elements.findIndex(element => !Number.isFinite(element)) : -1
  if (lost !== -1) {
    const message = `output "${name}" holds ${String(elements[lost])} at [${lost}], which JSON cannot carry`
    throw new Refusal<ModelServerRefusal>('InferenceFailed', message, { field: name })
  }
  const written =
    type === 'bool'
      ? elements.map(Boolean)
      : elements.map(element => (typeof element === 'bigint' ? exactNumber(element) : element))
  return { name, datatype: datatypeOf(type), shape: dims, data: written }
}

// Node has JSON.rawJSON; TypeScript's library does not name it yet.
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown }

/** A 64-bit integer keeps every digit in the JSON text. */
const exactNumber = (value: bigint): unknown => rawJSON(value.toString())
