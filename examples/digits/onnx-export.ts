// Writes the network as an ONNX file (operator set 17). ONNX is protobuf, and of protobuf a writer needs two things:
// numbers as varints and everything else with its length before it. Field numbers are those of onnx.proto.
import { flat, type Network, shape } from './network.ts'

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)])
const bytes = (field: number, value: Buffer) => Buffer.concat([varint(field * 8 + 2), varint(value.length), value])
const text = (field: number, value: string) => bytes(field, Buffer.from(value))
const message = (field: number, ...parts: Buffer[]) => bytes(field, Buffer.concat(parts))

const float = 1
const int64 = 7

/** TensorProto: 1 dims, 2 data_type, 8 name, 9 raw_data (little-endian). */
const tensor = (name: string, dims: number[], type: number, raw: Buffer) =>
  message(5, ...dims.map(dim => number(1, dim)), number(2, type), text(8, name), bytes(9, raw))

function weights(name: string, dims: number[], values: Float32Array): Buffer {
  const raw = Buffer.alloc(values.length * 4)
  values.forEach((value, at) => {
    raw.writeFloatLE(value, at * 4)
  })
  return tensor(name, dims, float, raw)
}

function integers(name: string, values: number[]): Buffer {
  const raw = Buffer.alloc(values.length * 8)
  values.forEach((value, at) => {
    raw.writeBigInt64LE(BigInt(value), at * 8)
  })
  return tensor(name, [values.length], int64, raw)
}

/** AttributeProto: 1 name, 3 i, 8 ints, 20 type (2 INT, 7 INTS). */
const attribute = (name: string, value: number | number[]) =>
  Array.isArray(value)
    ? message(5, text(1, name), ...value.map(each => number(8, each)), number(20, 7))
    : message(5, text(1, name), number(3, value), number(20, 2))

/** NodeProto: 1 input, 2 output, 3 name, 4 op_type, 5 attribute. Each node is named after its output. */
const node = (operator: string, inputs: string[], output: string, ...attributes: Buffer[]) =>
  message(1, ...inputs.map(input => text(1, input)), text(2, output), text(3, output), text(4, operator), ...attributes)

/** ValueInfoProto: 1 name, 2 type → 1 tensor_type → 1 elem_type, 2 shape → 1 dim → 1 dim_value or 2 dim_param. */
const value = (field: number, name: string, dims: (number | string)[]) => {
  const dim = (size: number | string) => message(1, typeof size === 'number' ? number(1, size) : text(2, size))
  return message(field, text(1, name), message(2, message(1, number(1, float), message(2, ...dims.map(dim)))))
}

/** GraphProto: 1 node, 2 name, 5 initializer, 11 input, 12 output. */
function graph(network: Network): Buffer {
  const { first, firstKernel, second, secondKernel, hidden, digits, side } = shape
  const pool = [attribute('kernel_shape', [2, 2]), attribute('strides', [2, 2])]
  return message(
    7,
    node('Conv', ['image', 'conv1', 'bias1'], 'convolved1', attribute('kernel_shape', [firstKernel, firstKernel])),
    node('Relu', ['convolved1'], 'active1'),
    node('MaxPool', ['active1'], 'pooled1', ...pool),
    node('Conv', ['pooled1', 'conv2', 'bias2'], 'convolved2', attribute('kernel_shape', [secondKernel, secondKernel])),
    node('Relu', ['convolved2'], 'active2'),
    node('MaxPool', ['active2'], 'pooled2', ...pool),
    node('Reshape', ['pooled2', 'flat'], 'features'),
    node('Gemm', ['features', 'dense1', 'bias3'], 'summed', attribute('transB', 1)),
    node('Relu', ['summed'], 'active3'),
    node('Gemm', ['active3', 'dense2', 'bias4'], 'scores', attribute('transB', 1)),
    node('Softmax', ['scores'], 'probabilities', attribute('axis', 1)),
    text(2, 'digits'),
    weights('conv1', [first, 1, firstKernel, firstKernel], network.conv1.values),
    weights('bias1', [first], network.bias1.values),
    weights('conv2', [second, first, secondKernel, secondKernel], network.conv2.values),
    weights('bias2', [second], network.bias2.values),
    integers('flat', [0, flat]),
    weights('dense1', [hidden, flat], network.dense1.values),
    weights('bias3', [hidden], network.bias3.values),
    weights('dense2', [digits, hidden], network.dense2.values),
    weights('bias4', [digits], network.bias4.values),
    value(11, 'image', ['N', 1, side, side]),
    value(12, 'probabilities', ['N', digits]),
  )
}

/** ModelProto: 1 ir_version, 2 producer_name, 7 graph, 8 opset_import → 2 version, 14 metadata_props → 1 key, 2 value. */
export function exportOnnx(network: Network, metadata: Record<string, string>): Buffer {
  return Buffer.concat([
    number(1, 8),
    text(2, 'berth-digits'),
    graph(network),
    message(8, number(2, 17)),
    ...Object.entries(metadata).map(([key, text_]) => message(14, text(1, key), text(2, text_))),
  ])
}
