// Services and their instances as callers see them.
import type { Ctx } from '../db/ctx.ts'
import type { Db } from '../db/db.ts'
import { frozenRegions } from '../fleet/freezes.ts'
import type { ConfigObject } from '../lib/config-object.ts'
import { Refusal } from '../lib/errors.ts'
import type { CronPolicy } from './autoscale/cron-policy.ts'
import type { AutoscalePolicy } from './autoscale/policy.ts'
import { type Cause, endOf, evictionCauseOf, textOf, waitingOf } from './cause.ts'
import type { ServiceSpec } from './config/service-config.ts'
import { acknowledgedByAll } from './routes/routes.store.ts'
import {
  countServiceRows,
  findEverService,
  findService,
  type ServiceFilter,
  type ServiceKey,
  type ServiceRow,
  selectServicePage,
  selectVersions,
} from './service.store.ts'
import {
  type EndedRollout,
  type Rollout,
  type RolloutProgress,
  rolloutProgress,
  type ServiceDesired,
  type ServiceStatus,
  type ServicesRefusal,
  serviceStatus,
} from './service.ts'
import { type ServiceInstanceRow, selectInstances, selectLastEnded, selectLive } from './service-instance.store.ts'
import {
  type InstanceStatus,
  instanceStatus,
  isIsolated,
  isRoutedByAll,
  type LeavingBecause,
} from './service-instance.ts'

export type { ServiceFilter, ServiceKey }

export interface ServiceView {
  id: string
  accountId: string
  workspaceId: string
  groupId: string
  regionId: string
  name: string
  status: ServiceStatus
  reason: string
  causes: Cause[]
  desired: ServiceDesired
  replicas: number
  /** In the routes of every gateway. */
  running: number
  /** Not ended, not isolated, and not running yet. */
  pending: number
  version: number
  rollout: Rollout | null
  progress: RolloutProgress | null
  lastRollout: EndedRollout | null
  autoscaler: AutoscalePolicy | null
  cronScaler: CronPolicy | null
  spec: ServiceSpec
  /** The service JSON of the present version. */
  source: ConfigObject
  actor: string
  createdAt: Temporal.Instant
  updatedAt: Temporal.Instant
  generation: number
}

export interface ServiceInstanceView extends ServiceInstanceRow {
  status: InstanceStatus
  /** Why it is as it is, in words: what it waits for, or how it ended. */
  reason: string
  cause: Cause | null
}

export const serviceNotFound = (key: ServiceKey): Refusal => {
  const name = 'id' in key ? key.id : key.name
  return new Refusal<ServicesRefusal>('ServiceNotFound', `there is no service ${name}`, {
    field: 'service',
    service: name,
  })
}

type Reading = Pick<Ctx, 'db' | 'clock'>

export async function getService(ctx: Reading, accountId: string, key: ServiceKey): Promise<ServiceView> {
  const row = await findService(ctx.db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const [view] = await viewsOf(ctx, [row])
  if (!view) throw serviceNotFound(key)
  return view
}

/** In which workspace a service is, or was last; null: there never was one. */
export async function workspaceOfService(db: Db, accountId: string, key: ServiceKey): Promise<string | null> {
  const row = (await findService(db, accountId, key)) ?? (await findEverService(db, accountId, key))
  return row?.workspaceId ?? null
}

/** By (createdAt, id), the page after `filter.after`. */
export async function listServices(ctx: Reading, filter: ServiceFilter): Promise<ServiceView[]> {
  return viewsOf(ctx, await selectServicePage(ctx.db, filter))
}

export const countServices = (
  db: Db,
  filter: Pick<ServiceFilter, 'accountId' | 'groupId' | 'workspaceId' | 'workspaceIds' | 'nameContains'>,
): Promise<number> => countServiceRows(db, filter)

export interface ServiceVersionView {
  version: number
  spec: ServiceSpec
  source: ConfigObject
  actor: string
  createdAt: Temporal.Instant
}

/** Newest first. */
export async function listServiceVersions(db: Db, accountId: string, key: ServiceKey): Promise<ServiceVersionView[]> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const versions = await selectVersions(db, row.id)
  return versions.map(({ config, ...version }) => ({ ...version, ...config }))
}

/** Newest first; those that have ended only with `ended`. */
export async function listServiceInstances(
  db: Db,
  accountId: string,
  key: ServiceKey,
  options: { ended?: boolean; limit?: number } = {},
): Promise<ServiceInstanceView[]> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const { limit = 1_000 } = options
  const rows = await selectInstances(db, { accountId, serviceId: row.id, live: options.ended !== true, limit })
  return rows.map(instanceView)
}

export interface InstancesOnMachine {
  items: (ServiceInstanceView & { serviceName: string; workspaceId: string })[]
  /** How many more there are, of services in other workspaces. */
  others: number
}

/** What runs on a machine now, as far as it belongs to these workspaces (null: all). */
export async function listInstancesOnMachine(
  db: Db,
  accountId: string,
  machineId: string,
  workspaceIds: readonly string[] | null,
): Promise<InstancesOnMachine> {
  const rows = await selectInstances(db, { accountId, machineId, live: true, limit: 1_000 })
  const ids = [...new Set(rows.map(row => row.serviceId))]
  const services = new Map((await selectServicePage(db, { accountId, ids, limit: 1_000 })).map(row => [row.id, row]))
  const items = rows.flatMap(row => {
    const { name = row.serviceId, workspaceId = '' } = services.get(row.serviceId) ?? {}
    if (workspaceIds !== null && !workspaceIds.includes(workspaceId)) return []
    return [{ ...instanceView(row), serviceName: name, workspaceId }]
  })
  return { items, others: rows.length - items.length }
}

function instanceView(row: ServiceInstanceRow): ServiceInstanceView {
  const cause = causeOf(row)
  return { ...row, status: instanceStatus(row), reason: cause === null ? '' : textOf([cause]), cause }
}

function causeOf(row: ServiceInstanceRow): Cause | null {
  if (row.phase === 'ended') return endOf(row)
  const waiting = row.phase === 'waiting' ? waitingOf(row.waitingReason) : null
  if (waiting !== null) return waiting
  if (row.eviction !== null) return evictionCauseOf(row.eviction)
  if (row.phase === 'ready' && !row.ready) return { code: 'HealthCheckFails' }
  if (row.phase === 'starting' && row.fetching) return { code: 'Fetching', ...row.fetching }
  const because = row.leavingBecause ?? wishOf(row)
  return because === null ? null : { code: 'Leaving', because }
}

/** What is to become of one that serves on. */
function wishOf({ moveTo, processRestart }: ServiceInstanceRow): LeavingBecause | null {
  if (moveTo !== null) return 'rebalanced'
  return processRestart === null ? null : 'process_restarted'
}

async function viewsOf({ db, clock }: Reading, rows: readonly ServiceRow[]): Promise<ServiceView[]> {
  const ids = rows.map(row => row.id)
  const live = Map.groupBy(await selectLive(db, ids), instance => instance.serviceId)
  const ended = new Map((await selectLastEnded(db, ids)).map(instance => [instance.serviceId, instance]))
  const frozen = new Set((await frozenRegions(db)).map(freeze => freeze.regionId))
  const acknowledged = await acknowledgedByAll(db, clock.now())
  const runs = (one: ServiceInstanceRow) => isRoutedByAll(one, acknowledged)
  return rows.map(({ restartGeneration, routeGeneration: _, deletedAt: __, registryAuthCipher: ___, ...row }) => {
    const instances = live.get(row.id) ?? []
    const last = ended.get(row.id)
    const lastEnd = last ? endOf(last) : null
    const running = instances.filter(runs).length
    const input = { service: { ...row, restartGeneration }, instances }
    const progress = rolloutProgress(input)
    const status = serviceStatus({ ...input, lastEnd, frozen: frozen.has(row.regionId), acknowledged })
    const pending = instances.filter(one => !runs(one) && !isIsolated(one)).length
    return { ...row, ...status, progress, running, pending }
  })
}
