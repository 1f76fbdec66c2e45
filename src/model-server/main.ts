// The built-in model server that a service instance with `processor: "onnx"` runs:
//   node src/model-server/main.ts --model <file.onnx> [--name digits] [--host 127.0.0.1] [--port 8000] [--threads 1]
// The agent chooses the port and says it in PORT; a flag wins over the environment.
import { basename, extname } from 'node:path'
import { parseArgs } from 'node:util'
import { environment } from '../lib/env.ts'
import { messageOf } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { loadModel } from './model.ts'
import { createModelServer } from './server.ts'

interface Options {
  model: string
  name: string
  host: string
  port: number
  threads: number
  logLevel: string
}

function readOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  const text = { type: 'string' } as const
  const options = { model: text, name: text, host: text, port: text, threads: text, 'log-level': text }
  const { values } = parseArgs({ args, options })
  if (!values.model) throw new Error('--model <file.onnx> is missing')
  return {
    model: values.model,
    name: values.name ?? basename(values.model, extname(values.model)),
    host: values.host ?? env.HOST ?? '127.0.0.1',
    port: wholeNumber('--port', values.port ?? env.PORT ?? '8000', 0, 65_535),
    threads: wholeNumber('--threads', values.threads ?? '1', 1, 256),
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
  const app = createModelServer(model, log)
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping: requests in flight are finished first')
    await app.close()
    await model.close()
    exit(0)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const address = await app.listen({ host: options.host, port: options.port })
  log.info({ model: model.name, address, picture: model.image !== null }, 'model server ready')
}

try {
  await main(readOptions(process.argv.slice(2), environment()))
} catch (error) {
  console.error(`model-server: ${messageOf(error)}`)
  process.exit(1)
}
