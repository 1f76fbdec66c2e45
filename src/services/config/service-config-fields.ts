// The fields of EAS's service JSON by what becomes of them here. A field that would change what the service does and that
// we can't honour is refused; one that only tunes is kept and answered with a warning; one that EAS does not know either
// is refused, since it is a misspelling. Pure.
import { type ConfigObject, isObject } from '../../lib/config-object.ts'
import { Refusal } from '../../lib/errors.ts'

export type ConfigRefusal = 'InvalidServiceConfig' | 'UnsupportedServiceConfig'

interface Level {
  used: readonly string[]
  /** Kept in the service's JSON; without effect. */
  noEffect: readonly string[]
  /** What to do instead, by field. */
  unsupported: Readonly<Record<string, string>>
}

const top: Level = {
  used: [
    'name',
    'metadata',
    'containers',
    'processor',
    'model_path',
    'storage',
    'warm_up_data_path',
    'token',
    'generate_token',
    'labels',
    'runtime',
    'networking',
    'dockerAuth',
  ],
  noEffect: ['role_arn', 'oss_endpoint', 'features', 'unit', 'sinker', 'aimaster', 'options'],
  unsupported: {
    autoscaler:
      'set how a service scales by itself once it is deployed: `berth service autoscale`, or PUT /v1/services/{service}/autoscaler',
    cloud: 'public resources are not supported; set metadata.resource to a dedicated group',
    confidential: 'confidential computing is not supported',
    model_entry: 'give the model file itself in model_path',
    model_config: 'the built-in model server needs none',
    processor_path: 'custom processors are not supported; use containers[0].command',
    processor_entry: 'custom processors are not supported; use containers[0].command',
    processor_mainclass: 'custom processors are not supported; use containers[0].command',
    processor_type: 'custom processors are not supported; use containers[0].command',
  },
}

const metadata: Level = {
  used: [
    'name',
    'instance',
    'cpu',
    'memory',
    'gpu',
    'gpu_memory',
    'resource',
    'group',
    'workspace_id',
    'rpc',
    'rolling_strategy',
    'eas',
    'scheduling',
  ],
  noEffect: ['qos', 'cuda', 'rdma', 'enable_webservice', 'resource_rebalancing', 'shm_size', 'disk'],
  unsupported: {
    gpu_core_percentage: 'cards are given whole; set metadata.gpu',
    resource_burstable: 'there are no public resources to burst into',
    enable_grpc: 'the gateway speaks HTTP',
    type: 'only ordinary synchronous services are supported',
    workload_type: 'only ordinary synchronous services are supported',
  },
}

const rpc: Level = {
  used: [
    'keepalive',
    'rate_limit',
    'max_queue_size',
    'max_concurrency',
    'max_body_mib',
    'batching',
    'max_batch_size',
    'max_batch_timeout',
  ],
  noEffect: ['io_threads', 'worker_threads', 'enable_sigterm'],
  unsupported: { proxy_path: 'the gateway passes the whole path on' },
}

const networkingInstead = 'every service is reached through the gateway of the installation'
const networking: Level = {
  used: ['gateway_policy'],
  noEffect: [],
  unsupported: {
    gateway: networkingInstead,
    nlb: networkingInstead,
    vpc_id: networkingInstead,
    vswitch_id: networkingInstead,
    security_group_id: networkingInstead,
  },
}

const container: Level = {
  used: [
    'image',
    'command',
    'script',
    'args',
    'env',
    'port',
    'health_check',
    'startup_check',
    'liveness_check',
    'name',
  ],
  noEffect: [],
  unsupported: { prepare: 'install what the service needs beforehand, or in containers[0].script' },
}

const only = (...used: string[]): Level => ({ used, noEffect: [], unsupported: {} })

const levels = {
  '': top,
  metadata,
  'metadata.rpc': rpc,
  networking,
  'networking.gateway_policy': only('rate_limit', 'concurrency_limit'),
  'metadata.rolling_strategy': only('max_surge', 'max_unavailable', 'progress_deadline', 'no_room'),
  'metadata.eas': only('termination_grace_period'),
  runtime: { used: ['termination_grace_period'], noEffect: ['enable_crash_block'], unsupported: {} },
  'containers[0]': container,
} as const satisfies Record<string, Level>

/** Refuses what can't be honoured, and returns a warning for each field that has no effect. */
export function checkFields(config: ConfigObject): string[] {
  const warnings: string[] = []
  for (const [path, level] of Object.entries(levels)) {
    const value = valueAt(config, path)
    if (isObject(value)) warnings.push(...checkLevel(path, value, level))
  }
  return warnings
}

function checkLevel(path: string, value: ConfigObject, level: Level): string[] {
  const warnings: string[] = []
  for (const [key, item] of Object.entries(value)) {
    const field = path === '' ? key : `${path}.${key}`
    if (level.used.includes(key)) continue
    if (level.noEffect.includes(key)) {
      if (!isOff(item)) warnings.push(`${field} has no effect here`)
      continue
    }
    const instead = Object.hasOwn(level.unsupported, key) ? level.unsupported[key] : undefined
    if (instead === undefined) {
      throw new Refusal('InvalidServiceConfig' satisfies ConfigRefusal, `${field} is not a field of a service`, {
        field,
      })
    }
    if (!isOff(item)) {
      throw new Refusal('UnsupportedServiceConfig' satisfies ConfigRefusal, `${field}: ${instead}`, { field })
    }
  }
  return warnings
}

/** Clients send fields at their defaults; those ask for nothing. */
function isOff(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

function valueAt(config: ConfigObject, path: string): unknown {
  if (path === '') return config
  if (path === 'containers[0]') return Array.isArray(config.containers) ? config.containers[0] : undefined
  let value: unknown = config
  for (const key of path.split('.')) value = isObject(value) ? value[key] : undefined
  return value
}
