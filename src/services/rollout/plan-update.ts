// What an update of a service would be: read by the update itself and by the preview of it. Writes nothing.
import { isDeepStrictEqual } from 'node:util'
import type { Tx } from '../../db/db.ts'
import { type ConfigObject, expandDotted, isObject } from '../../lib/config-object.ts'
import { Refusal } from '../../lib/errors.ts'
import { rolloutOf } from '../change-service.ts'
import type { Installation } from '../config/installation.ts'
import { mergeConfig } from '../config/merge-config.ts'
import { type RegistryAuth, readRegistryAuth, withoutRegistryAuth } from '../config/registry-auth.ts'
import { checkEngine, groupIdOf, isWorkspace } from '../config/resolve-config.ts'
import { parseServiceConfig, type ServiceSpec } from '../config/service-config.ts'
import { maxVersion, type ServiceRow, selectVersions, type VersionRow } from '../service.store.ts'
import type { Rollout, ServicesRefusal } from '../service.ts'
import { trafficGroupNameOf } from '../traffic/traffic.store.ts'

export interface ReadOptions {
  /** The JSON is the whole description; else it may name only what changes. */
  replace?: boolean
}

export interface PlannedUpdate {
  /** That of the row when nothing but the replicas changes. */
  version: number
  replicas: number
  spec: ServiceSpec
  /** What runs goes on as this version: `keepsProcesses`. */
  keeps: boolean
  /** The JSON of that version. */
  source: ConfigObject
  /** The login of its registry, if the JSON names one; none of the version's. */
  registryAuth: RegistryAuth
  /** Fields of the JSON that have no effect here. */
  warnings: string[]
}

export async function planUpdate(
  tx: Tx,
  row: ServiceRow,
  json: unknown,
  { replace = false, installation }: ReadOptions & { installation: Installation | undefined },
): Promise<PlannedUpdate> {
  if (!isObject(json)) throw refuseConfig('', 'a service is described by a JSON object')
  const { token: _, ...named } = expandDotted(json)
  const registryAuth = readRegistryAuth(named)
  const given = withoutRegistryAuth(named)
  const { source, warnings, ...read } = parseServiceConfig(replace ? given : mergeConfig(row.source, given))
  await checkTrafficGroup(tx, row, given)
  const spec = await checkUpdate(tx, row, read.spec, installation)
  const metadata = isObject(given.metadata) ? given.metadata : {}
  const replicas = metadata.instance === undefined ? row.replicas : spec.replicas
  // Labels are part of a version, and of nothing that runs.
  const same =
    isDeepStrictEqual(whatRuns(spec), whatRuns(row.spec)) && isDeepStrictEqual(source.labels, row.source.labels)
  const version = same ? row.version : (await maxVersion(tx, row.id)) + 1
  return { version, replicas, spec, keeps: keepsProcesses(row.spec, spec), source, registryAuth, warnings }
}

/** Only what gateways and rollouts go by is another: no process knows of it. */
export function keepsProcesses(before: ServiceSpec, after: ServiceSpec): boolean {
  return isDeepStrictEqual(ofProcesses(before), ofProcesses(after))
}

function ofProcesses(spec: ServiceSpec): Partial<ServiceSpec> {
  const { rateLimit, queueMax, perInstance, maxInFlight, bodyMaxMib, requestTimeoutMs, ...rest } = whatRuns(spec)
  const { maxSurge, maxUnavailable, progressDeadlineMs, noRoom, graceMs, ...others } = rest
  return others
}

/** The rollout with which a service goes to this version; null: there is nothing to roll out. */
export function rolloutTo(
  row: ServiceRow,
  now: Temporal.Instant,
  { version, replicas, keeps }: Pick<PlannedUpdate, 'version' | 'replicas' | 'keeps'>,
): Rollout | null {
  if (version !== row.version && !keeps) return rolloutOf('update', row, now, version)
  // One that is under way keeps its name: the status tells of the larger change.
  return replicas === row.replicas ? row.rollout : (row.rollout ?? rolloutOf('scale', row, now))
}

const whatRuns = (spec: ServiceSpec): ServiceSpec => ({ ...spec, replicas: 0, workspaceId: null })

/** One of the versions that the service had. */
export async function getVersion(tx: Tx, row: ServiceRow, version: number): Promise<VersionRow> {
  const [found] = await selectVersions(tx, row.id, version)
  if (found) return found
  const message = `${row.name} has no version ${version}`
  throw new Refusal<ServicesRefusal>('ServiceVersionNotFound', message, { field: 'version', version })
}

/** Its group is no part of a version: what names none says nothing of it. */
async function checkTrafficGroup(tx: Tx, row: ServiceRow, given: ConfigObject): Promise<void> {
  const wanted = isObject(given.metadata) ? given.metadata.group : undefined
  if (wanted === undefined) return
  const present = await trafficGroupNameOf(tx, row.id)
  if (wanted === present) return
  const where = present === null ? 'is in no traffic group' : `is in the traffic group ${present}`
  throw refuseConfig(
    'metadata.group',
    `${row.name} ${where}: join and leave groups by their own call, not by an update`,
  )
}

async function checkUpdate(
  tx: Tx,
  row: ServiceRow,
  spec: ServiceSpec,
  installation: Installation | undefined,
): Promise<ServiceSpec> {
  if (spec.name !== row.name) throw refuseConfig('metadata.name', 'a service keeps its name')
  const groupId = await groupIdOf(tx, row.accountId, spec.groupId)
  if (groupId !== row.groupId)
    throw refuseConfig('metadata.resource', 'a service keeps its group; deploy another one there')
  if (spec.workspaceId !== null && !(await isWorkspace(tx, row.workspaceId, spec.workspaceId)))
    throw refuseConfig('metadata.workspace_id', 'a service keeps its workspace_id: deploy another one there')
  await checkEngine(tx, row.regionId, spec, installation)
  return { ...spec, groupId }
}

const refuseConfig = (field: string, message: string): Refusal =>
  new Refusal<ServicesRefusal>('InvalidServiceConfig', message, { field })
