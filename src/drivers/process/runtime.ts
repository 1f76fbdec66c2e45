// Service instances as processes of this host, through the agent: it owns them, and outlives us.
import { extname, join, resolve } from 'node:path'
import type { ServiceInstanceSpec, ServiceInstanceState } from '../../agent/protocol.ts'
import { isRefusal } from '../../lib/errors.ts'
import { busiestOf } from '../../lib/graphics-cards.ts'
import { modelServerNodeArgs } from '../../lib/node-args.ts'
import { instanceIdOf, processIdOf } from '../../lib/process-id.ts'
import type {
  HostDisks,
  Launch,
  LogPage,
  MeasuredRef,
  OnnxProgram,
  RuntimeDriver,
  RuntimeFigures,
  RuntimeObservation,
  RuntimeRef,
  StopOptions,
} from '../../services/driver.ts'
import { AgentClient } from './agent-client.ts'

export interface ProcessRuntimeOptions {
  /** The agent's unix socket. */
  socketPath: string
  /** Machines are directories in `<dataDir>/machines`. */
  dataDir: string
}

const here = import.meta.filename
/** Beside us in a checkout (`.ts`) and in a package (`.js`). */
const modelServer = resolve(here, '..', '..', '..', 'model-server', `main${extname(here)}`)

export class ProcessRuntime implements RuntimeDriver {
  readonly #client: AgentClient
  readonly #dataDir: string

  constructor(options: ProcessRuntimeOptions) {
    this.#client = new AgentClient(options.socketPath)
    this.#dataDir = options.dataDir
  }

  async ensure(launch: Launch): Promise<RuntimeObservation> {
    return observationOf(await this.#client.ensure(specOf(launch, join(this.#dataDir, 'machines', launch.machineId))))
  }

  async observe(refs: readonly RuntimeRef[]): Promise<RuntimeObservation[]> {
    const states = new Map((await this.#client.list()).map(state => [state.id, state]))
    return refs.map(ref => {
      const state = states.get(processIdOf(ref))
      return state ? observationOf(state) : { state: 'not_found' }
    })
  }

  async stop(ref: RuntimeRef, options: StopOptions): Promise<void> {
    await this.#client.stop(processIdOf(ref), options).catch(ignoreNotFound)
  }

  async forget(ref: RuntimeRef): Promise<void> {
    await this.#client.forget(processIdOf(ref)).catch(ignoreNotFound)
  }

  async measure(refs: readonly MeasuredRef[]): Promise<(RuntimeFigures | null)[]> {
    const states = new Map((await this.#client.list()).map(state => [state.id, state]))
    const onCards = refs.some(({ gpuIndexes }) => gpuIndexes.length > 0)
    // An agent of an earlier release does not tell.
    const cards = onCards ? await this.#client.cards().catch(() => []) : []
    return refs.map(({ gpuIndexes, ...ref }) => {
      const state = states.get(processIdOf(ref))
      if (!state || state.phase === 'ended') return null
      const { cpuMs, measuredAtMs: atMs, rssMiB: memoryMib } = state
      return { cpuMs, atMs, memoryMib, gpuPercent: busiestOf(cards, gpuIndexes) }
    })
  }

  async disks(): Promise<HostDisks> {
    const { host, machines } = await this.#client.disks()
    const ofInstance = <One extends { id: string }>(one: One): One => ({ ...one, id: instanceIdOf(one.id) })
    return { host, machines: machines.map(one => ({ ...one, instances: one.instances.map(ofInstance) })) }
  }

  logs(ref: RuntimeRef, query: { offset?: number; limit?: number; keyword?: string }): Promise<LogPage> {
    return this.#client.logs(processIdOf(ref), query)
  }

  followLogs(ref: RuntimeRef, signal: AbortSignal): AsyncIterable<string> {
    return this.#client.follow(processIdOf(ref), signal)
  }

  /** The agent's first word on a connection is the empty one, which is `everything`. */
  async *changes(signal: AbortSignal): AsyncGenerator<string> {
    for await (const id of this.#client.events(signal)) yield instanceIdOf(id)
  }
}

function specOf(launch: Launch, machineDir: string): ServiceInstanceSpec {
  const { serviceInstanceId: instanceId, serviceId, machineId, cpuMilli, memoryMiB, health } = launch
  const id = processIdOf(launch)
  // None of the host's cards for those who reserved none.
  const env = { CUDA_VISIBLE_DEVICES: launch.gpuIndexes.join(','), MALLOC_ARENA_MAX: '2', ...launch.env }
  const { argv, env: given } = withPort(argvOf(launch), env)
  const fetches = launch.program.kind === 'onnx' ? fetchesOf(launch.program) : []
  return {
    ...{ id, serviceId, machineId, argv, env: given, cpuMilli, memoryMiB, pidsMax: null, health, machineDir },
    ...(id === instanceId ? {} : { instanceId }),
    fetches,
    mounts: [...(launch.mounts ?? [])],
  }
}

function argvOf({ program }: Launch): string[] {
  switch (program.kind) {
    case 'command':
      return program.argv
    case 'onnx':
      // A small young generation: pictures are short-lived, and a service is sold by its memory (152 → 208 MB at peak, not 268).
      return [process.execPath, ...modelServerNodeArgs, modelServer, ...modelServerArgs(program)]
    case 'image':
      throw new Error('the process engine runs no images: the deployment should have been refused')
  }
}

function modelServerArgs({ modelPath, modelName, warmUpPath, batching }: OnnxProgram): string[] {
  return [
    ...['--model', isPath(modelPath) ? modelPath : '{model}', '--name', modelName],
    ...(warmUpPath === undefined ? [] : ['--warm-up', isPath(warmUpPath) ? warmUpPath : '{warm_up}']),
    ...(batching ? ['--batch-rows', String(batching.rowsMax), '--batch-wait-ms', String(batching.waitMs)] : []),
  ]
}

/** What the agent puts in place of `{model}` and `{warm_up}`. */
function fetchesOf({ modelPath, warmUpPath }: OnnxProgram): ServiceInstanceSpec['fetches'] {
  return [
    ...(isPath(modelPath) ? [] : [{ name: 'model', url: modelPath }]),
    ...(warmUpPath === undefined || isPath(warmUpPath) ? [] : [{ name: 'warm_up', url: warmUpPath }]),
  ]
}

const isPath = (place: string): boolean => place.startsWith('/')

/** Only the agent knows the port, and says it in PORT: a shell puts it where `{PORT}` stands. */
function withPort(argv: string[], env: Record<string, string>): { argv: string[]; env: Record<string, string> } {
  const variables = Object.entries(env).filter(([, value]) => value.includes('{PORT}'))
  if (variables.length === 0 && !argv.some(arg => arg.includes('{PORT}'))) return { argv, env }
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`).replaceAll('{PORT}', `'"$PORT"'`)}'`
  const exported = variables.map(([name, value]) => `export ${name}=${quote(value)}; `).join('')
  const rest = Object.fromEntries(Object.entries(env).filter(([, value]) => !value.includes('{PORT}')))
  return { argv: ['/bin/sh', '-c', `${exported}exec ${argv.map(quote).join(' ')}`], env: rest }
}

function observationOf(state: ServiceInstanceState): RuntimeObservation {
  const { phase, fetching, ready, host, port, connections, end } = state
  switch (phase) {
    case 'starting':
      return { state: 'starting', ...(fetching === null ? {} : { fetching }) }
    case 'running':
      return port === null ? { state: 'starting' } : { state: 'running', ready, host, port, connections }
    case 'stopping':
      return { state: 'stopping', connections }
    case 'ended': {
      const { reason = 'Unknown', exitCode = null, signal = null, message = '' } = end ?? {}
      return { state: 'ended', reason, exitCode, signal, message }
    }
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isRefusal(error, 'ServiceInstanceNotFound')) throw error
}
