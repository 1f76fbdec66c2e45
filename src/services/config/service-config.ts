// EAS's service JSON, the format of a deployment, read into what a service needs here. Every refusal names its field.
// Pure: what depends on the installation (does the group exist, does its engine run images) is asked by the caller.
import { z } from 'zod'
import { type ConfigObject, expandDotted, isObject } from '../../lib/config-object.ts'
import { Refusal } from '../../lib/errors.ts'
import type { Mount } from '../../lib/mounts.ts'
import type { Spread } from '../../scheduler/snapshot.ts'
import type { Launch, Program } from '../driver.ts'
import { modelWarnings, onnxProgramOf } from './model-config.ts'
import { type RegistryAuth, readRegistryAuth, withoutRegistryAuth } from './registry-auth.ts'
import { type RollingStrategy, replicasMax, rollingStrategy, strategyOf } from './rolling-strategy.ts'
import { type ConfigRefusal, checkFields } from './service-config-fields.ts'
import { checkStorageKinds, mountsOf, storageSchema } from './storage-config.ts'
import { networking, type TrafficSpec, trafficGroupName, trafficRpc, trafficSpecOf } from './traffic-config.ts'

/** Units last; times in milliseconds. Stored with the version beside the JSON it was read from. */
export interface ServiceSpec extends TrafficSpec, RollingStrategy {
  name: string
  replicas: number
  cpuMilli: number
  memoryMib: number
  gpuCount: number
  gpuMemoryMib: number
  groupId: string
  workspaceId: string | null
  program: Program
  env: Record<string, string>
  health: Launch['health']
  requestTimeoutMs: number
  /** Its instances stand apart where there is room for it; absent: they are packed. */
  spread?: Spread['by']
  /** Directories of the host; absent: none. */
  mounts?: readonly Mount[]
  graceMs: number
}

export interface ServiceConfig {
  spec: ServiceSpec
  /** The JSON as it was sent, dotted keys expanded, without access key and traffic group. */
  source: ConfigObject
  /** `token`: the access key that the caller chose. */
  accessKey: string | null
  /** `metadata.group`: the traffic group that it joins; no part of a version. */
  trafficGroup: string | null
  /** `dockerAuth`; undefined: not named. */
  registryAuth: RegistryAuth
  warnings: string[]
}

/** EAS's default on a dedicated gateway. */
const requestTimeoutMsDefault = 600_000
const graceSecondsDefault = 30
const startTimeoutMsDefault = 120_000
const failureThresholdDefault = 3

const text = z.string().min(1).max(4096)
const whole = (min: number, max: number) => z.number().int().min(min).max(max)

const check = z.strictObject({
  http_get: z
    .strictObject({ path: z.string().startsWith('/').max(1024), port: whole(1, 65_535).optional() })
    .optional(),
  tcp_socket: z.strictObject({ port: whole(1, 65_535).optional() }).optional(),
  initial_delay_seconds: whole(0, 3_600).optional(),
  period_seconds: whole(1, 600).optional(),
  timeout_seconds: whole(1, 600).optional(),
  success_threshold: whole(1, 100).optional(),
  failure_threshold: whole(1, 1_000).optional(),
})
type Check = z.infer<typeof check>

const container = z.object({
  name: text.optional(),
  image: text.optional(),
  command: z.union([text, z.array(text).min(1).max(256)]).optional(),
  script: z.string().min(1).max(65_536).optional(),
  args: z.array(z.string().max(4096)).max(256).optional(),
  env: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, 'must be a name of letters, digits and underscores'),
        value: z.string().max(32_768),
      }),
    )
    .max(512)
    .optional(),
  port: whole(1, 65_535).optional(),
  health_check: check.optional(),
  startup_check: check.optional(),
  liveness_check: check.optional(),
})

const schema = z.object({
  name: z.string().optional(),
  token: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 visible ASCII characters')
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
  networking: networking.optional(),
  processor: z.string().optional(),
  model_path: text.optional(),
  storage: storageSchema,
  warm_up_data_path: z.string().max(4096).optional(),
  containers: z.array(container).min(1).max(1, 'holds one container').optional(),
  runtime: z.object({ termination_grace_period: whole(0, 3_600).optional() }).optional(),
  metadata: z.object({
    name: z.string().optional(),
    instance: whole(0, replicasMax).optional(),
    cpu: z.number().min(0.001).max(1_024).optional(),
    memory: whole(1, 16_777_216).optional(),
    gpu: whole(0, 64).optional(),
    gpu_memory: whole(0, 1_048_576).optional(),
    resource: text,
    group: trafficGroupName.optional(),
    workspace_id: z.union([text, z.number().int()]).optional(),
    rpc: z
      .object({
        keepalive: whole(1, 86_400_000).optional(),
        ...trafficRpc,
        batching: z.boolean().optional(),
        max_batch_size: whole(1, 1_024).optional(),
        max_batch_timeout: whole(0, 60_000).optional(),
      })
      .optional(),
    rolling_strategy: rollingStrategy.optional(),
    eas: z.object({ termination_grace_period: whole(0, 3_600).optional() }).optional(),
    scheduling: z
      .strictObject({ spread: z.strictObject({ policy: z.enum(['default', 'host', 'zone']).optional() }).optional() })
      .optional(),
  }),
})
type Config = z.infer<typeof schema>

export function parseServiceConfig(json: unknown): ServiceConfig {
  if (!isObject(json)) throw invalid('', 'a service is described by a JSON object')
  const expanded = expandDotted(json)
  const warnings = checkFields(expanded)
  checkStorageKinds(expanded.storage)
  const parsed = schema.safeParse(expanded)
  if (!parsed.success) throw fromIssue(parsed.error.issues[0])
  const config = parsed.data
  const first = config.containers?.[0]
  if (first?.port !== undefined && first.image === undefined) {
    warnings.push('containers[0].port has no effect here: listen on the port that $PORT names')
  }
  const spec = specOf(config)
  warnings.push(...modelWarnings(config, spec.program.kind === 'onnx'))
  const registryAuth = readRegistryAuth(expanded)
  if (registryAuth && first?.image === undefined) warnings.push('dockerAuth has no effect without containers[0].image')
  const { token: _, metadata, ...rest } = withoutRegistryAuth(expanded)
  const { group: __, ...kept } = isObject(metadata) ? metadata : {}
  const source = { ...rest, metadata: kept }
  const [accessKey, trafficGroup] = [config.token ?? null, config.metadata.group ?? null]
  return { spec, source, accessKey, trafficGroup, registryAuth, warnings }
}

function specOf(config: Config): ServiceSpec {
  const { metadata } = config
  const name = metadata.name ?? config.name
  if (name === undefined) throw invalid('metadata.name', 'is missing')
  if (config.name !== undefined && config.name !== name) throw invalid('name', 'differs from metadata.name')
  if (!/^[a-z][a-z0-9_]{2,62}$/.test(name)) {
    throw invalid('metadata.name', 'must be 3 to 63 lower-case letters, digits and underscores, a letter first')
  }
  const graceSeconds =
    metadata.eas?.termination_grace_period ?? config.runtime?.termination_grace_period ?? graceSecondsDefault
  return {
    name,
    replicas: metadata.instance ?? 1,
    cpuMilli: Math.round((metadata.cpu ?? 1) * 1000),
    memoryMib: metadata.memory ?? 1_024,
    gpuCount: metadata.gpu ?? 0,
    // EAS counts it in GB.
    gpuMemoryMib: (metadata.gpu_memory ?? 0) * 1024,
    groupId: metadata.resource,
    workspaceId: metadata.workspace_id === undefined ? null : String(metadata.workspace_id),
    program: programOf(config, name),
    ...spreadOf(metadata.scheduling?.spread?.policy),
    ...(config.storage?.length ? { mounts: mountsOf(config.storage) } : {}),
    env: Object.fromEntries((config.containers?.[0]?.env ?? []).map(variable => [variable.name, variable.value])),
    health: healthOf(config),
    requestTimeoutMs: metadata.rpc?.keepalive ?? requestTimeoutMsDefault,
    ...trafficSpecOf({ rpc: metadata.rpc ?? {}, networking: config.networking }),
    ...strategyOf(metadata.rolling_strategy),
    graceMs: graceSeconds * 1000,
  }
}

/** EAS's host is a machine here. */
function spreadOf(policy: 'default' | 'host' | 'zone' = 'default'): Pick<ServiceSpec, 'spread'> {
  return policy === 'default' ? {} : { spread: policy === 'host' ? 'machine' : 'zone' }
}

function programOf(config: Config, name: string): Program {
  if (config.processor !== undefined && config.processor !== '') return processorOf(config, config.processor, name)
  const first = config.containers?.[0]
  if (!first) throw invalid('containers', 'is missing: give containers[0].command, or processor "onnx" and model_path')
  if (config.model_path !== undefined) throw invalid('model_path', 'is read by processor "onnx" only')
  if (first.image !== undefined) return imageOf(first, first.image)
  const argv = argvOf(first)
  if (argv.length === 0) throw invalid('containers[0].command', 'is missing: give command or script')
  return { kind: 'command', argv }
}

function processorOf(config: Config, processor: string, name: string): Program {
  if (processor !== 'onnx') {
    throw new Refusal(
      'UnsupportedServiceConfig' satisfies ConfigRefusal,
      `processor: ${processor} is not supported; use "onnx"`,
      {
        field: 'processor',
      },
    )
  }
  if (config.containers !== undefined) throw invalid('containers', 'and processor exclude each other')
  return onnxProgramOf(config, name, invalid)
}

type Container = NonNullable<Config['containers']>[number]

/** Arguments alone go to the image's own program. */
function imageOf(first: Container, image: string): Program {
  if (!/^[\w][\w.:/@-]{0,254}$/.test(image)) throw invalid('containers[0].image', 'must be the name of an image')
  const { args, port = null } = first
  const alone = first.command === undefined && first.script === undefined && args !== undefined && args.length > 0
  return { kind: 'image', image, argv: alone ? [] : argvOf(first), ...(alone ? { args } : {}), port }
}

function argvOf(first: Container): string[] {
  if (first.command !== undefined && first.script !== undefined) {
    throw invalid('containers[0].script', 'and containers[0].command exclude each other')
  }
  const given = first.script ?? first.command
  if (Array.isArray(given)) return [...given, ...(first.args ?? [])]
  if (first.args !== undefined && first.args.length > 0) {
    throw invalid('containers[0].args', 'goes with a command that is an array; else write it into the command')
  }
  // EAS's command is a line for the shell.
  return given === undefined ? [] : ['/bin/sh', '-c', given]
}

function healthOf(config: Config): Launch['health'] {
  const first = config.containers?.[0]
  const steady: Check | undefined = first?.health_check ?? first?.liveness_check
  const startup: Check | undefined = first?.startup_check
  const path = config.processor ? '/v2/health/ready' : (steady?.http_get?.path ?? startup?.http_get?.path ?? null)
  return {
    path,
    startTimeoutMs: startup ? startTimeoutOf(startup) : startTimeoutMsDefault,
    ...paceOf(steady),
    timeoutMs: (steady?.timeout_seconds ?? 2) * 1000,
    failureThreshold: steady?.failure_threshold ?? failureThresholdDefault,
    ...livenessOf(first?.liveness_check),
  }
}

/** Whoever gives a period is looked at in it; else often enough that an unhealthy one gets no traffic after a second. */
function paceOf(steady: Check | undefined): Pick<Launch['health'], 'periodMs' | 'confirmMs'> {
  const seconds = steady?.period_seconds
  return seconds === undefined ? { periodMs: 500, confirmMs: 100 } : { periodMs: seconds * 1000 }
}

/** Only a liveness check ends a process: without one, what fails its health check stays, out of the routes. */
function livenessOf(liveness: Check | undefined): Pick<Launch['health'], 'endAfterMs'> {
  if (liveness === undefined) return {}
  return {
    endAfterMs: (liveness.period_seconds ?? 1) * (liveness.failure_threshold ?? failureThresholdDefault) * 1000,
  }
}

function startTimeoutOf(startup: Check): number {
  return (
    ((startup.initial_delay_seconds ?? 0) + (startup.period_seconds ?? 10) * (startup.failure_threshold ?? 3)) * 1000
  )
}

const invalid = (field: string, problem: string): Refusal =>
  new Refusal('InvalidServiceConfig' satisfies ConfigRefusal, field === '' ? problem : `${field} ${problem}`, { field })

function fromIssue(issue: z.core.$ZodIssue | undefined): Refusal {
  const path = issue?.path ?? []
  let field = ''
  for (const key of path) field += typeof key === 'number' ? `[${key}]` : field === '' ? String(key) : `.${String(key)}`
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    field = field === '' ? key : `${field}.${key}`
    return invalid(field, 'is not a field of a service')
  }
  const missing = issue?.code === 'invalid_type' && issue.message.includes('received undefined')
  return invalid(field, missing ? 'is missing' : lowerFirst(issue?.message ?? 'is not valid'))
}

const lowerFirst = (message: string): string => `is not valid: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
