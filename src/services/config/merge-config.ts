// An update may name only what changes, as EAS's clients do: objects are merged, everything else is replaced, null removes.
import { type ConfigObject, isObject } from '../../lib/config-object.ts'

export function mergeConfig(present: ConfigObject, change: ConfigObject): ConfigObject {
  const merged = { ...present }
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key]
    if (value === null) delete merged[key]
    else merged[key] = isObject(before) && isObject(value) ? mergeConfig(before, value) : value
  }
  return merged
}
