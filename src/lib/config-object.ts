// An object of a service JSON, which may be written with dotted names. Read by the server, and by the command line that compares.
import { Refusal } from './errors.ts'

export type ConfigObject = Record<string, unknown>

export const isObject = (value: unknown): value is ConfigObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const neverKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** `{"metadata.rpc.keepalive": 1}` becomes `{"metadata": {"rpc": {"keepalive": 1}}}`: EAS's clients write both. */
export function expandDotted(config: ConfigObject): ConfigObject {
  const expanded: ConfigObject = {}
  for (const [key, value] of Object.entries(config)) {
    const keys = key.split('.')
    const field = keys.find(part => neverKeys.has(part) || part === '')
    if (field !== undefined) {
      throw new Refusal('InvalidServiceConfig', `${key} is not a field of a service`, {
        field: key,
      })
    }
    put(expanded, keys, key === 'metadata' && isObject(value) ? expandDotted(value) : value, key)
  }
  return expanded
}

function put(into: ConfigObject, keys: readonly string[], value: unknown, field: string): void {
  const [key = '', ...rest] = keys
  const present = into[key]
  if (rest.length > 0) {
    const below = isObject(present) ? present : {}
    if (present !== undefined && below !== present) throw twice(field)
    into[key] = below
    put(below, rest, value, field)
  } else if (isObject(present) && isObject(value)) {
    for (const [name, item] of Object.entries(value)) put(present, [name], item, `${field}.${name}`)
  } else if (present !== undefined) {
    throw twice(field)
  } else {
    into[key] = isObject(value) ? { ...value } : value
  }
}

const twice = (field: string): Refusal => new Refusal('InvalidServiceConfig', `${field} is given twice`, { field })
