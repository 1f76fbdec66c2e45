// A loaded model: what it takes and gives, and `infer`, which hands the work to the inference thread.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import './no-telemetry.ts'
import { Refusal } from '../lib/errors.ts'
import type { ModelServerRefusal } from './errors.ts'
import { type ImageForm, imageFormOf } from './image.ts'
import type { RunRequest, ThreadMessage, ThreadOptions } from './inference-thread.ts'
import { type ModelCard, readModelCard } from './model-card.ts'
import type { RawTensor, TensorSpec } from './tensor.ts'

export interface Model {
  name: string
  card: ModelCard
  inputs: TensorSpec[]
  outputs: TensorSpec[]
  /** How it takes a picture; null where it takes none. */
  image: ImageForm | null
  infer(inputs: Record<string, RawTensor>, outputs: string[]): Promise<Record<string, RawTensor>>
  /** Ends the thread; what is asked of it afterwards never answers. */
  close(): Promise<void>
}

interface Waiting {
  resolve(outputs: Record<string, RawTensor>): void
  reject(error: Error): void
}

/** Loads the model and resolves when it can answer. `onLost` is called if its thread ends without being asked to. */
export async function loadModel(name: string, options: ThreadOptions, onLost: (error: Error) => void): Promise<Model> {
  const card = readModelCard(options.modelPath)
  // The file beside this one, whether this is TypeScript in a checkout or JavaScript in a package.
  const threadFile = new URL(`./inference-thread${extname(import.meta.url)}`, import.meta.url)
  const thread = new Worker(threadFile, { workerData: options, resourceLimits: { maxYoungGenerationSizeMb: 4 } })
  const waiting = new Map<number, Waiting>()
  const ready = await new Promise<{ inputs: TensorSpec[]; outputs: TensorSpec[] }>((resolve, reject) => {
    thread.once('error', reject)
    thread.on('message', (message: ThreadMessage) => {
      if (message.kind === 'ready') resolve(message)
      else if (message.kind === 'failed')
        reject(new Error(`${options.modelPath} could not be loaded: ${message.message}`))
      else settle(waiting, message)
    })
  })
  let closing = false
  thread.on('exit', code => {
    if (!closing) onLost(new Error(`the inference thread ended by itself with code ${code}`))
  })
  let lastId = 0
  return {
    name,
    card,
    inputs: ready.inputs,
    outputs: ready.outputs,
    image: imageFormOf(ready.inputs),
    infer(inputs, outputs) {
      const request: RunRequest = { id: ++lastId, inputs, outputs }
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject })
        // Moved, not copied: nobody here reads the inputs again.
        const buffers = Object.values(inputs).flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer]))
        thread.postMessage(request, buffers as ArrayBuffer[])
      })
    },
    async close() {
      closing = true
      await thread.terminate()
    },
  }
}

function settle(waiting: Map<number, Waiting>, message: Extract<ThreadMessage, { id: number }>): void {
  const caller = waiting.get(message.id)
  waiting.delete(message.id)
  if (message.kind === 'done') caller?.resolve(message.outputs)
  else caller?.reject(new Refusal<ModelServerRefusal>('InferenceFailed', `the model failed: ${message.message}`))
}
