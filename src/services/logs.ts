// Logs of service instances, through the driver that ran them: kept after the end of the instance and of the service, and
// readable by the account that owned it alone (Q54).
import { isRefusal, Refusal } from '../lib/errors.ts'
import type { LogPage, RuntimeDriver, RuntimeRef } from './driver.ts'
import { refOf } from './rollout/perform-plan.ts'
import { findEverService, findService, type ServiceKey, type ServiceRow } from './service.store.ts'
import type { ServicesRefusal } from './service.ts'
import { selectInstances } from './service-instance.store.ts'
import { serviceNotFound } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

type LogQuery = Parameters<RuntimeDriver['logs']>[1]

export interface ServiceLogQuery {
  /** Of which service instance; the newest of which a log is kept, if not given. */
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
  const { offset, limit, keyword } = query
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 5_000)) {
    throw new Refusal<ServicesRefusal>('InvalidLogQuery', 'limit is a whole number from 1 to 5000', { field: 'limit' })
  }
  if (offset !== undefined && !(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new Refusal<ServicesRefusal>('InvalidLogQuery', 'offset is a whole number from 0', { field: 'offset' })
  }
  const ran = await findRan(ctx, actor, key, query)
  const { ref, page } = await newestKept(ctx, ran, {
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
  const ran = await findRan(ctx, actor, key, query)
  const { ref } = await newestKept(ctx, ran, { limit: 1 })
  return ctx.runtimeDriver(ran.service.regionId).followLogs(ref, signal)
}

/** Older ones than so many are asked for by name. */
const looksMax = 100

interface Ran {
  service: ServiceRow
  /** Newest first; those that have had a machine. */
  refs: RuntimeRef[]
}

async function findRan(
  ctx: ServicesCtx,
  { accountId }: { accountId: string },
  key: ServiceKey,
  { serviceInstanceId: id, previous = false }: ServiceLogQuery,
): Promise<Ran> {
  const service = (await findService(ctx.db, accountId, key)) ?? (await findEverService(ctx.db, accountId, key))
  if (!service) throw serviceNotFound(key)
  const filter = { accountId, serviceId: service.id, limit: 1_000, ...(id === undefined ? {} : { id }) }
  const found = await selectInstances(ctx.db, filter)
  const refs = found
    .filter(instance => id !== undefined || !previous || instance.phase === 'ended')
    .flatMap(instance => refOf(instance) ?? [])
  if (refs.length > 0) return { service, refs }
  throw noLog(id === undefined ? `${service.name} has run no instance yet` : `${service.name} has no instance ${id}`)
}

/** One that has its machine and has not begun there has no log yet, and old ones have none any more. */
async function newestKept(
  ctx: ServicesCtx,
  { service, refs }: Ran,
  query: LogQuery,
): Promise<{ ref: RuntimeRef; page: LogPage }> {
  const driver = ctx.runtimeDriver(service.regionId)
  for (const ref of refs.slice(0, looksMax)) {
    try {
      return { ref, page: await driver.logs(ref, query) }
    } catch (error) {
      if (!isRefusal(error, 'ServiceInstanceNotFound')) throw error
    }
  }
  const [only] = refs
  const whose = refs.length === 1 && only ? only.serviceInstanceId : `what ${service.name} has run`
  throw noLog(`no log is kept of ${whose}`)
}

const noLog = (message: string): Refusal<ServicesRefusal> =>
  new Refusal<ServicesRefusal>('ServiceInstanceNotFound', message, { field: 'serviceInstanceId' })
