// What comes over the socket is checked before it is used: ids become file names, and numbers become limits.
import { isAbsolute } from 'node:path'
import { Refusal } from '../lib/errors.ts'
import { parseModelUrl } from '../lib/model-url.ts'
import type { Mount } from '../lib/mounts.ts'
import { linesDefault, linesMax } from './log-lines.ts'
import type { FetchedFile, HealthCheck, LogQuery, ServiceInstanceSpec, StopRequest } from './protocol.ts'

type Fields = Record<string, unknown>

export function parseId(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(text)) return text
  throw refuse('id', 'must be 1 to 100 letters, digits, "-" or "_"')
}

export function parseSpec(id: string, body: unknown): ServiceInstanceSpec {
  const fields = asObject('the body', body)
  if (fields.id !== id) throw refuse('id', `must be "${id}", as in the path`)
  const machineDir = asText('machineDir', fields.machineDir)
  if (!isAbsolute(machineDir)) throw refuse('machineDir', 'must be an absolute path')
  return {
    id,
    ...(fields.instanceId === undefined ? {} : { instanceId: asText('instanceId', fields.instanceId) }),
    serviceId: asText('serviceId', fields.serviceId),
    machineId: asText('machineId', fields.machineId),
    argv: parseArgv(fields.argv),
    env: parseEnv(fields.env),
    cpuMilli: asInteger('cpuMilli', fields.cpuMilli, 1, 10_000_000),
    memoryMiB: asInteger('memoryMiB', fields.memoryMiB, 1, 2 ** 30),
    pidsMax: fields.pidsMax === null ? null : asInteger('pidsMax', fields.pidsMax, 1, 4_000_000),
    health: parseHealth(fields.health),
    machineDir,
    fetches: parseFetches(fields.fetches),
    mounts: parseMounts(fields.mounts),
  }
}

function parseArgv(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw refuse('argv', 'must name the program and its arguments')
  const argv = value.map((part, index) => asText(`argv[${index}]`, part, 0))
  if (argv[0] === '') throw refuse('argv[0]', 'must name the program')
  return argv
}

function parseEnv(value: unknown): Record<string, string> {
  const pairs = Object.entries(asObject('env', value)).map(([name, text]) => {
    if (!/^[^=\0]+$/.test(name)) throw refuse('env', `has a name that no environment can hold: ${JSON.stringify(name)}`)
    return [name, asText(`env.${name}`, text, 0)] as const
  })
  return Object.fromEntries(pairs)
}

/** Absent: none. */
function parseFetches(value: unknown = []): FetchedFile[] {
  if (!Array.isArray(value)) throw refuse('fetches', 'must be a list')
  return value.map((item, index) => {
    const field = `fetches[${index}]`
    const fields = asObject(field, item)
    const url = asText(`${field}.url`, fields.url)
    const source = parseModelUrl(url)
    if ('problem' in source) throw refuse(`${field}.url`, source.problem)
    if (source.kind === 'file') throw refuse(`${field}.url`, 'names a file of this host, which is not fetched')
    return { name: asText(`${field}.name`, fields.name), url }
  })
}

/** Their form alone: whether they are allowed is asked where they are made. */
function parseMounts(value: unknown = []): Mount[] {
  if (!Array.isArray(value)) throw refuse('mounts', 'must be a list')
  return value.map((item, index) => {
    const field = `mounts[${index}]`
    const { mountPath, hostPath, readOnly } = asObject(field, item)
    if (typeof readOnly !== 'boolean') throw refuse(`${field}.readOnly`, 'must be true or false')
    return {
      mountPath: asText(`${field}.mountPath`, mountPath),
      hostPath: asText(`${field}.hostPath`, hostPath),
      readOnly,
    }
  })
}

function parseHealth(value: unknown): HealthCheck {
  const fields = asObject('health', value)
  const path = fields.path === null ? null : asText('health.path', fields.path)
  if (path !== null && !/^\/[\x21-\x7e]*$/.test(path))
    throw refuse('health.path', 'must begin with "/" and hold no spaces')
  return {
    path,
    startTimeoutMs: asInteger('health.startTimeoutMs', fields.startTimeoutMs, 1, 2 ** 31 - 1),
    periodMs: asInteger('health.periodMs', fields.periodMs, 10, 3_600_000),
    timeoutMs: asInteger('health.timeoutMs', fields.timeoutMs, 1, 3_600_000),
    failureThreshold: asInteger('health.failureThreshold', fields.failureThreshold, 1, 1_000),
    // Absent from a control that is older than this agent.
    ...optional('confirmMs', fields.confirmMs, 10),
    ...optional('endAfterMs', fields.endAfterMs, 1),
  }
}

const optional = <Name extends string>(name: Name, value: unknown, min: number): Partial<Record<Name, number>> =>
  value === undefined ? {} : ({ [name]: asInteger(`health.${name}`, value, min, 2 ** 31 - 1) } as Record<Name, number>)

export function parseStop(body: unknown): StopRequest {
  const fields = asObject('the body', body)
  return {
    drainMs: fields.drainMs === null ? null : asInteger('drainMs', fields.drainMs, 0, 7 * 86_400_000),
    graceMs: asInteger('graceMs', fields.graceMs, 0, 86_400_000),
  }
}

export function parseLogQuery(params: URLSearchParams): LogQuery {
  const offset = params.get('offset')
  const keyword = params.get('keyword')
  return {
    limit: asInteger('limit', Number(params.get('limit') ?? linesDefault), 1, linesMax),
    ...(offset === null ? {} : { offset: asInteger('offset', Number(offset), 0, Number.MAX_SAFE_INTEGER) }),
    ...(keyword === null || keyword === '' ? {} : { keyword }),
  }
}

function asObject(field: string, value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw refuse(field, 'must be an object')
}

function asText(field: string, value: unknown, lengthMin = 1): string {
  if (typeof value === 'string' && value.length >= lengthMin && !value.includes('\0')) return value
  throw refuse(field, lengthMin === 0 ? 'must be a text without NUL' : 'must be a text, not empty, without NUL')
}

function asInteger(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw refuse(field, `must be a whole number from ${min} to ${max}`)
}

const refuse = (field: string, rule: string) => new Refusal('InvalidSpec', `${field} ${rule}`, { field })
