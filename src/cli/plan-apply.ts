// What `berth apply` would do with one service of its file, and how that is said. Pure: the server has said before what the update
// would have for an effect, by the code that makes it, so that plan and deed are one.
import type { Operations } from '../client/client.ts'
import { changesOf } from '../lib/changes.ts'
import { type ConfigObject, isObject } from '../lib/config-object.ts'
import type { Described } from './apply-file.ts'
import { type Fit, fitText } from './fit-text.ts'
import { plural } from './output.ts'

export type Action = 'create' | 'update' | 'scale' | 'unchanged'
export type Impact = Operations['POST /v1/services/{service}/check']['returns']['impact']

/** Of the service as it is. */
export interface Present {
  config: ConfigObject
  replicas: number
  autoscaler: object | null
}

/** Texts to show: secrets are not in them. undefined: it is not there. */
export interface ShownChange {
  field: string
  before: string | undefined
  after: string | undefined
}

export interface Planned extends Described {
  action: Action
  changes: ShownChange[]
  /** That of the service when it was looked at; null: it is created. */
  fromVersion: number | null
  /** null: it is created. */
  impact: Impact | null
  /** null: nothing changes. */
  fit: Fit | null
  /** Fields that have no effect, or that are left alone. */
  notes: string[]
}

/**
 * What it comes to, and what of the service changes. `effect`: of the update as the server tells it; `present` null: there is no
 * such service yet. A field that is written in another way and has no effect is no difference.
 */
export function decide(
  config: ConfigObject,
  { present, effect }: { present: Present; effect: Impact['effect'] } | { present: null; effect: null },
): Pick<Planned, 'action' | 'changes' | 'notes'> {
  if (present === null) return { action: 'create', changes: [], notes: [] }
  const notes = leftAlone(config, present)
  if (effect === 'none') return { action: 'unchanged', changes: [], notes }
  const changes = shownChanges(present, toSend(config, present))
  if (effect !== 'scale') return { action: 'update', changes, notes }
  return { action: 'scale', changes: changes.filter(one => one.field === 'metadata.instance'), notes }
}

/** What is sent: a service that scales by itself keeps its count. */
export function toSend(config: ConfigObject, present: Present | null): ConfigObject {
  return present?.autoscaler ? withoutMetadata(config, ['instance']) : config
}

/** What differs between the service and what would be sent, in the order of the file. */
function shownChanges(present: Present, sent: ConfigObject): ShownChange[] {
  const { instance: _, ...metadata } = isObject(present.config.metadata) ? present.config.metadata : {}
  // The JSON of a version says with how many it began; how many there are is the service's.
  const now = {
    ...present.config,
    metadata: { ...metadata, ...(namesCount(sent) ? { instance: present.replicas } : {}) },
  }
  return changesOf(compared(now), compared(sent)).map(({ field, before, after }) => {
    const [old, wanted] = [textOf(field, before), textOf(field, after)]
    return { field, before: old, after: old === wanted ? `${wanted}, another one` : wanted }
  })
}

/** The name and the group are those of the service, or the server refuses; the others stand in no version's JSON. */
function compared(config: ConfigObject): ConfigObject {
  const { token: _, dockerAuth: __, name: ___, ...rest } = config
  return withoutMetadata(rest, ['name', 'resource', 'group'])
}

function withoutMetadata(config: ConfigObject, fields: readonly string[]): ConfigObject {
  if (!isObject(config.metadata)) return config
  const kept = Object.entries(config.metadata).filter(([field]) => !fields.includes(field))
  return { ...config, metadata: Object.fromEntries(kept) }
}

/** What of the file is not carried over to a service that is there already. */
function leftAlone(config: ConfigObject, present: Present): string[] {
  const left: [boolean, string][] = [
    [config.token !== undefined, 'token: is of the deployment only; `berth service rotate-key` changes the access key'],
    [config.dockerAuth !== undefined, 'dockerAuth: is secret and not compared; `berth service update` sets it'],
    [
      present.autoscaler !== null && namesCount(config),
      'metadata.instance: is left alone: the service scales by itself',
    ],
  ]
  return left.flatMap(([holds, text]) => (holds ? [text] : []))
}

const namesCount = ({ metadata }: ConfigObject): boolean => isObject(metadata) && metadata.instance !== undefined

const hidden = '(not shown)'
const secretName = /(^|[._-])(token|secret|password|passwd|credentials?|api_?key|access_?key|dockerauth)$/i
/** Any variable may be a secret. */
const variable = /\.env\[\d+\]\.value$/

function textOf(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  const shown = withoutSecrets(field, value)
  return typeof shown === 'string' && shown !== '' ? shown : JSON.stringify(shown)
}

function withoutSecrets(field: string, value: unknown): unknown {
  if (secretName.test(field) || variable.test(field)) return hidden
  if (Array.isArray(value)) return value.map((item, n) => withoutSecrets(`${field}[${n}]`, item))
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, withoutSecrets(`${field}.${key}`, item)]),
    )
  }
  // A signed URL: its query is its key.
  return typeof value === 'string' ? value.replaceAll(/(\b[a-z0-9]+:\/\/[^\s?#]+)\?[^\s#]*/gi, `$1?${hidden}`) : value
}

export type Taken = NonNullable<Operations['POST /v1/services/fit']['body']['taken']>[number]

/** The room that these will have been given, by machine. */
export function takenBy(plan: readonly Pick<Planned, 'fit'>[]): Taken[] {
  const placed = plan.flatMap(({ fit }) =>
    (fit?.instances ?? []).flatMap(({ machineId, cpuMilli, memoryMib, gpuCount }) =>
      machineId === null ? [] : [{ machineId, cpuMilli, memoryMib, gpuCount }],
    ),
  )
  return [...Map.groupBy(placed, one => one.machineId)].map(([machineId, there]) => {
    const sum = (of: 'cpuMilli' | 'memoryMib' | 'gpuCount') => there.reduce((total, one) => total + one[of], 0)
    return { machineId, cpuMilli: sum('cpuMilli'), memoryMib: sum('memoryMib'), gpuCount: sum('gpuCount') }
  })
}

/** Whether something of it waits for room once it is applied. */
export const waitsForRoom = ({ fit }: Pick<Planned, 'fit'>): boolean => fit !== null && fit.verdict !== 'fits'

export interface Counts {
  create: number
  update: number
  scale: number
  unchanged: number
}

export function countsOf(plan: readonly Pick<Planned, 'action'>[]): Counts {
  const count = (action: Action) => plan.filter(one => one.action === action).length
  return { create: count('create'), update: count('update'), scale: count('scale'), unchanged: count('unchanged') }
}

export const countsText = ({ create, update, scale, unchanged }: Counts): string =>
  `${create} to create, ${update} to update, ${scale} to scale, ${unchanged} unchanged.`

export function planText(plan: readonly Planned[]): string[] {
  const asking = plan.filter(one => one.action !== 'unchanged')
  return [
    ...plan.flatMap(itemText),
    'Services that are not in the file are not touched.',
    ...(asking.length > 1 ? ['Whether it fits was asked of each with the room that those before it take.'] : []),
    countsText(countsOf(plan)),
  ]
}

function itemText({ where, name, action, changes, impact, fit, notes }: Planned): string[] {
  const about = [
    ...changes.map(({ field, before = '-', after = '-' }) => `${field}: ${before} → ${after}`),
    ...(impact && action !== 'unchanged' ? [impactText(impact)] : []),
    ...(fit === null ? [] : [...fitText(fit), ...restText(fit, impact)]),
    ...notes.map(note => `note: ${note}`),
  ]
  return [`${action} ${name} (${where})`, ...about.flatMap(text => text.split('\n')).map(line => `  ${line}`)]
}

/** Whether it fits is asked of what begins at once. */
function restText({ instances }: Fit, impact: Impact | null): string[] {
  const rest = impact === null ? 0 : impact.replaced + impact.started - instances.length
  if (rest <= 0 || instances.length === 0) return []
  return [
    `Asked of ${plural(instances.length, 'instance')} at once, not of the ${rest} after them: those begin as old ones end.`,
  ]
}

function impactText({ effect, version, replicas, replaced, started, ended, maxSurge, mayEndFirst }: Impact): string {
  const counts = [
    ...(replaced > 0 ? [`${plural(replaced, 'instance')} replaced, ${maxSurge} at once`] : []),
    ...(started > 0 ? [`${plural(started, 'instance')} more`] : []),
    ...(ended > 0 ? [`${plural(ended, 'instance')} fewer`] : []),
    ...(mayEndFirst ? ['old ones end first where there is no room'] : []),
  ]
  const nothing = effect === 'settings' ? 'what runs goes on' : 'nothing runs that would change'
  const what = effect === 'scale' ? `${plural(replicas, 'instance')} wanted` : `version ${version}`
  return `${what}: ${counts.join('; ') || nothing}`
}
