// The ways of changing an object: merge patch (RFC 7386), JSON patch (RFC 6902), strategic merge as far as lists of conditions,
// containers and the like go, and server-side apply.
import { badRequest } from './status.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Fields = { [key: string]: Json }

const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function merged(target: Json, patch: Json): Json {
  if (!isFields(patch)) return patch
  const result: Fields = { ...(isFields(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key] ?? null, value)
  }
  return result
}

/** What tells the entries of a list apart; lists that are not named are replaced whole. */
const mergeKeys: Record<string, string> = {
  conditions: 'type',
  containers: 'name',
  initContainers: 'name',
  containerStatuses: 'name',
  env: 'name',
  ports: 'containerPort',
  volumes: 'name',
  volumeMounts: 'mountPath',
  addresses: 'type',
  ownerReferences: 'uid',
  imagePullSecrets: 'name',
}

export function strategicallyMerged(target: Json, patch: Json): Json {
  if (!isFields(patch)) return patch
  const result: Fields = { ...(isFields(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    const by = mergeKeys[key]
    if (value === null) delete result[key]
    else if (by !== undefined && Array.isArray(value)) result[key] = mergedList(result[key] ?? [], value, by)
    else result[key] = strategicallyMerged(result[key] ?? null, value)
  }
  return result
}

function mergedList(target: Json, patch: Json[], by: string): Json[] {
  const list = Array.isArray(target) ? [...target] : []
  const keyIn = (entry: Json | undefined): Json | undefined => (isFields(entry) ? entry[by] : entry)
  for (const entry of patch) {
    const index = list.findIndex(one => keyIn(one) === keyIn(entry))
    const gone = isFields(entry) && entry.$patch === 'delete'
    if (gone && index >= 0) list.splice(index, 1)
    else if (!gone && index >= 0) list[index] = strategicallyMerged(list[index] ?? null, entry)
    else if (!gone) list.push(entry)
  }
  return list
}

interface Operation {
  op: 'add' | 'remove' | 'replace' | 'test'
  path: string
  value?: Json
}

export function jsonPatched(target: Json, operations: Operation[]): Json {
  const root = structuredClone(target)
  for (const { op, path, value = null } of operations) {
    const steps = path
      .split('/')
      .slice(1)
      .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = steps.pop() ?? ''
    let at: Json | undefined = root
    for (const step of steps) at = Array.isArray(at) ? at[Number(step)] : isFields(at) ? at[step] : undefined
    if (Array.isArray(at)) operateOnList(at, op, last, value)
    else if (isFields(at)) operateOnFields(at, op, last, value, path)
    else throw badRequest(`the path ${path} is not there`)
  }
  return root
}

function operateOnFields(at: Fields, op: Operation['op'], key: string, value: Json, path: string): void {
  const there = key in at
  if (op !== 'add' && !there) throw badRequest(`the path ${path} is not there`)
  if (op === 'test' && JSON.stringify(at[key]) !== JSON.stringify(value)) throw badRequest(`the test of ${path} failed`)
  if (op === 'remove') delete at[key]
  if (op === 'add' || op === 'replace') at[key] = value
}

function operateOnList(at: Json[], op: Operation['op'], key: string, value: Json): void {
  const index = key === '-' ? at.length : Number(key)
  if (op === 'remove') at.splice(index, 1)
  if (op === 'add') at.splice(index, 0, value)
  if (op === 'replace') at[index] = value
}

/** Server-side apply: what this manager said before and says no more goes, what it says now is merged in. */
export function applied(target: Json, before: Json, now: Json): Json {
  return strategicallyMerged(withoutDropped(target, before, now), now)
}

function withoutDropped(target: Json, before: Json, now: Json, by?: string): Json {
  if (by !== undefined && Array.isArray(target) && Array.isArray(before) && Array.isArray(now))
    return droppedFromList(target, before, now, by)
  if (!isFields(target) || !isFields(before)) return target
  const said = isFields(now) ? now : {}
  const result: Fields = { ...target }
  for (const [key, value] of Object.entries(before)) {
    const kept = said[key]
    const there = result[key]
    if (there === undefined) continue
    if (kept !== undefined) result[key] = withoutDropped(there, value, kept, mergeKeys[key])
    else if (!isFields(value)) delete result[key]
    else {
      const rest = withoutDropped(there, value, {})
      if (isFields(rest) && Object.keys(rest).length === 0) delete result[key]
      else result[key] = rest
    }
  }
  return result
}

function droppedFromList(target: Json[], before: Json[], now: Json[], by: string): Json[] {
  const keyIn = (entry: Json): Json | undefined => (isFields(entry) ? entry[by] : entry)
  const find = (list: Json[], key: Json | undefined) => list.find(entry => keyIn(entry) === key)
  return target.flatMap(entry => {
    const key = keyIn(entry)
    const was = find(before, key)
    const is = find(now, key)
    if (was === undefined) return [entry]
    return is === undefined ? [] : [withoutDropped(entry, was, is)]
  })
}
