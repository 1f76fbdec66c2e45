// The built-in model server that a service instance with `processor: "onnx"` runs:
//   node src/model-server/main.ts --model <file.onnx> [--name digits] [--host 127.0.0.1] [--port 8000] [--threads 1]
//     [--warm-up <request.json, picture>] [--batch-rows 16] [--batch-wait-ms 50]
// The agent chooses the port and says it in PORT; a flag wins over the environment.
import { basename, extname } from 'node:path'
import { parseArgs } from 'node:util'
import { environment } from '../lib/env.ts'
import { messageOf } from '../lib/errors.ts'
import { createLog, type Logger } from '../lib/log.ts'
import { Batcher, type BatchOptions } from './batcher.ts'
import { loadModel, type Model } from './model.ts'
import { whyNotBatched } from './rows.ts'
import { createModelServer } from './server.ts'
import { warmUp } from './warm-up.ts'

interface Options {
  model: string
  name: string
  host: string
  port: number
  threads: number
  /** A request to answer before it is ready. */
  warmUp: string | null
  /** At most so many rows in one run of the model; 1: each request runs alone. */
  batch: BatchOptions
  logLevel: string
}

function readOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  const text = { type: 'string' } as const
  const options = { model: text, name: text, host: text, port: text, threads: text, 'log-level': text }
  const more = { 'warm-up': text, 'batch-rows': text, 'batch-wait-ms': text }
  const { values } = parseArgs({ args, options: { ...options, ...more } })
  if (!values.model) throw new Error('--model <file.onnx> is missing')
  return {
    model: values.model,
    name: values.name ?? basename(values.model, extname(values.model)),
    host: values.host ?? env.HOST ?? '127.0.0.1',
    port: wholeNumber('--port', values.port ?? env.PORT ?? '8000', 0, 65_535),
    threads: wholeNumber('--threads', values.threads ?? '1', 1, 256),
    warmUp: values['warm-up'] ?? null,
    batch: {
      rowsMax: wholeNumber('--batch-rows', values['batch-rows'] ?? '1', 1, 1_024),
      waitMs: wholeNumber('--batch-wait-ms', values['batch-wait-ms'] ?? '50', 0, 60_000),
    },
    logLevel: values['log-level'] ?? 'info',
  }
}

function wholeNumber(name: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new Error(`${name} must be a whole number from ${low} to ${high}, not "${text}"`)
  return value
}

async function main(options: Options): Promise<void> {
  const log = createLog('model-server', options.logLevel)
  const exit = (code: number) => log.flush(() => process.exit(code))
  const model = await loadModel(options.name, { modelPath: options.model, threads: options.threads }, error => {
    // Nothing can be answered without the thread; whoever started this process starts another.
    log.fatal({ err: error }, 'model lost')
    exit(1)
  })
  const { served, rows } = batched(model, options.batch, log)
  await warmUp(model, options.warmUp, rows, log)
  const app = createModelServer(served, log, rows)
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping: requests in flight are finished first')
    await app.close()
    await model.close()
    exit(0)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const address = await app.listen({ host: options.host, port: options.port })
  log.info({ model: model.name, address, picture: model.image !== null, together: rows }, 'model server ready')
}

/** As it is served, and how many rows go together. */
function batched(model: Model, batch: BatchOptions, log: Logger): { served: Model; rows: number } {
  if (batch.rowsMax === 1) return { served: model, rows: 1 }
  const why = whyNotBatched(model.inputs, model.outputs)
  if (why !== null) {
    log.warn({ why }, 'batching is off: the model takes one request at a time')
    return { served: model, rows: 1 }
  }
  const batcher = new Batcher(model.infer, batch, lost => log.warn({ why: lost }, 'batching is off from here on'))
  return { served: { ...model, infer: (inputs, outputs) => batcher.infer(inputs, outputs) }, rows: batch.rowsMax }
}

try {
  await main(readOptions(process.argv.slice(2), environment()))
} catch (error) {
  console.error(`model-server: ${messageOf(error)}`)
  process.exit(1)
}
