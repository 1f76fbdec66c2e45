// The thread that owns the session. onnxruntime-node computes inside `run` without giving the event loop back, so it has
// a thread of its own: health checks and new connections are answered while a slow model computes.
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { messageOf } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { datatypeOf, isTensorType, type RawTensor, type TensorSpec } from './tensor.ts'

export interface ThreadOptions {
  modelPath: string
  threads: number
}

export interface RunRequest {
  id: number
  inputs: Record<string, RawTensor>
  outputs: string[]
}

export type ThreadMessage =
  | { kind: 'ready'; inputs: TensorSpec[]; outputs: TensorSpec[] }
  | { kind: 'failed'; message: string }
  | { kind: 'done'; id: number; outputs: Record<string, RawTensor> }
  | { kind: 'refused'; id: number; message: string }

const port = parentPort
invariant(port, 'the inference thread is started as a worker')
const { modelPath, threads }: ThreadOptions = workerData

const say = (message: ThreadMessage) => port.postMessage(message)

try {
  const session = await InferenceSession.create(modelPath, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The arena would keep the memory of the largest batch for ever.
    enableCpuMemArena: false,
    logSeverityLevel: 3,
  })
  const inputs = specsOf(session.inputMetadata)
  const outputs = specsOf(session.outputMetadata)
  port.on('message', (request: RunRequest) => {
    run(session, request).then(say, error => say({ kind: 'refused', id: request.id, message: messageOf(error) }))
  })
  say({ kind: 'ready', inputs, outputs })
} catch (error) {
  say({ kind: 'failed', message: messageOf(error) })
}

function specsOf(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
  return metadata.map(value => {
    if (!value.isTensor) throw new Error(`"${value.name}" is not a tensor`)
    if (!isTensorType(value.type))
      throw new Error(`"${value.name}" is of type ${value.type}, which this server does not serve`)
    return { name: value.name, type: value.type, shape: value.shape.map(dim => (typeof dim === 'number' ? dim : -1)) }
  })
}

async function run(session: InferenceSession, request: RunRequest): Promise<ThreadMessage> {
  const feeds: Record<string, Tensor> = {}
  for (const [name, { type, data, dims }] of Object.entries(request.inputs)) feeds[name] = new Tensor(type, data, dims)
  const answer = await session.run(feeds, request.outputs)
  const outputs: Record<string, RawTensor> = {}
  for (const name of request.outputs) {
    const tensor = answer[name]
    invariant(
      tensor && isTensorType(tensor.type),
      `output ${name} is a ${datatypeOf('float32')} or another known tensor`,
    )
    outputs[name] = { type: tensor.type, dims: [...tensor.dims], data: tensor.data as RawTensor['data'] }
  }
  return { kind: 'done', id: request.id, outputs }
}
