// What differs between two descriptions of a service, field by field: `metadata.cpu`, `containers[0].command`.
import { isObject } from './config-object.ts'

export interface FieldChange {
  field: string
  /** undefined: it is not there. */
  before: unknown
  after: unknown
}

/** In the order of the newer one; what it lacks comes last. */
export function changesOf(before: unknown, after: unknown, field = ''): FieldChange[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...Object.keys(after), ...Object.keys(before).filter(key => !Object.hasOwn(after, key))]
    return keys.flatMap(key => changesOf(before[key], after[key], field === '' ? key : `${field}.${key}`))
  }
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].every(isObject)) {
    const longest = before.length > after.length ? before : after
    return longest.flatMap((_, index) => changesOf(before[index], after[index], `${field}[${index}]`))
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ field, before, after }]
}
