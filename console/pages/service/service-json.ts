// The service JSON as a form shows it: what its fields read, and what a change of one writes. What the form does not know
// stays as it is.
type Json = Record<string, unknown>

export type ProgramKind = 'onnx' | 'command' | 'image'

export interface ServiceFields {
  name: string
  resource: string
  replicas: number | null
  cpu: number | null
  memoryMib: number | null
  gpu: number | null
  program: ProgramKind
  modelPath: string
  command: string
  image: string
  port: number | null
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): Json => (isObject(value) ? value : {})
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

const containerOf = (config: Json): Json => objectOf(Array.isArray(config.containers) ? config.containers[0] : null)

export function readFields(config: Json): ServiceFields {
  const metadata = objectOf(config.metadata)
  const container = containerOf(config)
  const { command } = container
  return {
    name: textOf(metadata.name ?? config.name),
    resource: textOf(metadata.resource),
    replicas: numberOf(metadata.instance),
    cpu: numberOf(metadata.cpu),
    memoryMib: numberOf(metadata.memory),
    gpu: numberOf(metadata.gpu),
    program: 'image' in container ? 'image' : 'containers' in config ? 'command' : 'onnx',
    modelPath: textOf(config.model_path),
    command: Array.isArray(command) ? command.join(' ') : textOf(command ?? container.script),
    image: textOf(container.image),
    port: numberOf(container.port),
  }
}

/** null or '' takes a field out of the JSON. */
const put = (into: Json, key: string, value: unknown): Json => {
  const { [key]: _, ...rest } = into
  return value === null || value === '' ? rest : { ...into, [key]: value }
}

const metadataKeys: Partial<Record<keyof ServiceFields, string>> = {
  name: 'name',
  resource: 'resource',
  replicas: 'instance',
  cpu: 'cpu',
  memoryMib: 'memory',
  gpu: 'gpu',
}

export function writeField<K extends keyof ServiceFields>(config: Json, field: K, value: ServiceFields[K]): Json {
  const key = metadataKeys[field]
  if (key !== undefined) return { ...config, metadata: put(objectOf(config.metadata), key, value) }
  if (field === 'modelPath') return put(config, 'model_path', value)
  if (field === 'program') return withProgram(config, value as ProgramKind)
  const { script: _, ...container } = containerOf(config)
  return { ...config, containers: [put(container, field, value)] }
}

function withProgram(config: Json, program: ProgramKind): Json {
  const { processor: _, model_path: __, containers: ___, ...rest } = config
  if (program === 'onnx') return { ...rest, processor: 'onnx', model_path: '' }
  return { ...rest, containers: [program === 'image' ? { image: '', port: 8000 } : { command: '' }] }
}

export const startJson = (resource: string, workspaceId: string): Json => ({
  metadata: { name: '', resource, workspace_id: workspaceId, instance: 1, cpu: 1, memory: 512 },
  processor: 'onnx',
  model_path: '',
})

/** Scaling makes no version: the JSON of a version says how many were wanted when it was made. */
export const withReplicas = (config: Json, replicas: number): Json =>
  readFields(config).replicas === replicas ? config : writeField(config, 'replicas', replicas)

export const textOfJson = (config: Json): string => JSON.stringify(config, null, 2)

/** null while it is not the JSON of an object. */
export function parseJson(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** Which input shows a refusal that names this field of the JSON. */
export function inputOf(field: string): keyof ServiceFields | null {
  const inputs: Record<string, keyof ServiceFields> = {
    name: 'name',
    'metadata.name': 'name',
    groupId: 'resource',
    'metadata.resource': 'resource',
    'metadata.instance': 'replicas',
    'metadata.cpu': 'cpu',
    'metadata.memory': 'memoryMib',
    'metadata.gpu': 'gpu',
    processor: 'program',
    model_path: 'modelPath',
    'containers[0].command': 'command',
    'containers[0].image': 'image',
    'containers[0].port': 'port',
  }
  return inputs[field] ?? null
}
