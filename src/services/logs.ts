// Logs of service instances, through the driver that ran them: kept after the end of the instance and of the service, and
// readable by the account that owned it alone (Q54).
import { Refusal } from '../lib/errors.ts'
import type { LogPage, RuntimeRef } from './driver.ts'
import { refOf } from './rollout/perform-plan.ts'
import { findEverService, findService, type ServiceKey, type ServiceRow } from './service.store.ts'
import type { ServicesRefusal } from './service.ts'
import { type ServiceInstanceRow, selectInstances } from './service-instance.store.ts'
import { serviceNotFound } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

export interface ServiceLogQuery {
  /** Of which service instance; the newest that has run, if not given. */
  serviceInstanceId?: string
  /** The one before the newest: what a crash has left. */
  previous?: boolean
  /** Bytes from the start of the log; absent: the tail. */
  offset?: number
  /** Lines; default 500, at most 5,000. */
  limit?: number
  keyword?: string
}

export interface ServiceLogPage extends LogPage {
  serviceInstanceId: string
}

export async function serviceLogs(
  ctx: ServicesCtx,
  actor: { accountId: string },
  key: ServiceKey,
  query: ServiceLogQuery = {},
): Promise<ServiceLogPage> {
  const { service, ref } = await findLog(ctx, actor, key, query)
  const { offset, limit, keyword } = query
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 5_000)) {
    throw new Refusal<ServicesRefusal>('InvalidLogQuery', 'limit is a whole number from 1 to 5000', { field: 'limit' })
  }
  if (offset !== undefined && !(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new Refusal<ServicesRefusal>('InvalidLogQuery', 'offset is a whole number from 0', { field: 'offset' })
  }
  const page = await ctx.runtimeDriver(service.regionId).logs(ref, {
    ...(offset === undefined ? {} : { offset }),
    ...(limit === undefined ? {} : { limit }),
    ...(keyword === undefined || keyword === '' ? {} : { keyword }),
  })
  return { ...page, serviceInstanceId: ref.serviceInstanceId }
}

/** Lines from now on, until the service instance has ended or the signal aborts. */
export async function followServiceLogs(
  ctx: ServicesCtx,
  actor: { accountId: string },
  key: ServiceKey,
  query: Pick<ServiceLogQuery, 'serviceInstanceId'>,
  signal: AbortSignal,
): Promise<AsyncIterable<string>> {
  const { service, ref } = await findLog(ctx, actor, key, query)
  return ctx.runtimeDriver(service.regionId).followLogs(ref, signal)
}

async function findLog(
  ctx: ServicesCtx,
  { accountId }: { accountId: string },
  key: ServiceKey,
  query: ServiceLogQuery,
): Promise<{ service: ServiceRow; ref: RuntimeRef }> {
  const service = (await findService(ctx.db, accountId, key)) ?? (await findEverService(ctx.db, accountId, key))
  if (!service) throw serviceNotFound(key)
  const { serviceInstanceId: id } = query
  const filter = { accountId, serviceId: service.id, limit: 1_000, ...(id === undefined ? {} : { id }) }
  const ran = (await selectInstances(ctx.db, filter)).filter(instance => instance.machineId !== null)
  const chosen = id === undefined && query.previous === true ? ran.filter(isOver)[0] : ran[0]
  const ref = chosen ? refOf(chosen) : null
  if (ref) return { service, ref }
  const message = id === undefined ? `${service.name} has run no instance yet` : `${service.name} has no instance ${id}`
  throw new Refusal<ServicesRefusal>('ServiceInstanceNotFound', message, { field: 'serviceInstanceId' })
}

const isOver = (instance: ServiceInstanceRow): boolean => instance.phase === 'ended'
