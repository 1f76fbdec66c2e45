// Logs of service instances, through the driver that ran them: kept after the end of the instance and of the service, and
// readable by the account that owned it alone (Q54).
import { isRefusal, Refusal } from '../lib/errors.ts'
import type { LogPage, RuntimeDriver, RuntimeRef } from './driver.ts'
import { refOf } from './rollout/perform-plan.ts'
import { findEverService, findService, type ServiceKey, type ServiceRow } from './service.store.ts'
import type { ServicesRefusal } from './service.ts'
import { type ServiceInstanceRow, selectInstances } from './service-instance.store.ts'
import { serviceNotFound } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

type LogQuery = Parameters<RuntimeDriver['logs']>[1]

export interface ServiceLogQuery {
  /** Of which service instance; the newest of which a log is kept, if not given. */
  serviceInstanceId?: string
  /** The process before: what a crash or a restart has left. */
  previous?: boolean
  /** Of the process that was begun after so many restarts; the newest of which a log is kept, if not given. */
  restartCount?: number
  /** Bytes from the start of the log; absent: the tail. */
  offset?: number
  /** Lines; default 500, at most 5,000. */
  limit?: number
  keyword?: string
}

export interface ServiceLogPage extends LogPage {
  serviceInstanceId: string
  /** Offsets are of the process that was begun after so many restarts. */
  restartCount: number
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
  const { serviceInstanceId, restartCount } = ref
  return { ...page, serviceInstanceId, restartCount }
}

/** Lines from now on, until the process has ended or the signal aborts. */
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
  { serviceInstanceId: id, previous = false, restartCount }: ServiceLogQuery,
): Promise<Ran> {
  const service = (await findService(ctx.db, accountId, key)) ?? (await findEverService(ctx.db, accountId, key))
  if (!service) throw serviceNotFound(key)
  const filter = { accountId, serviceId: service.id, limit: 1_000, ...(id === undefined ? {} : { id }) }
  const found = await selectInstances(ctx.db, filter)
  const runs = found.flatMap(runsOf)
  const chosen =
    restartCount === undefined
      ? chooseRuns(runs, { named: id !== undefined, previous })
      : runs.filter(run => run.ref.restartCount === restartCount)
  const refs = chosen.map(run => run.ref)
  if (refs.length > 0) return { service, refs }
  throw noLog(id === undefined ? `${service.name} has run no instance yet` : `${service.name} has no instance ${id}`)
}

/** One process of an instance. */
interface Run {
  ref: RuntimeRef
  /** null: it is not over. */
  overAt: Temporal.Instant | null
}

/** The newest first. */
function runsOf(instance: ServiceInstanceRow): Run[] {
  const last = refOf(instance)
  if (last === null) return []
  const { restartCount, startedAt, endedAt } = instance
  // The next one began when the one before it had ended.
  const earlier = Array.from({ length: restartCount }, (_, n) => restartCount - 1 - n)
  return [
    { ref: last, overAt: endedAt },
    ...earlier.map(count => ({ ref: { ...last, restartCount: count }, overAt: startedAt })),
  ]
}

/** In the order in which they are asked for: of one that is named and has had no other process, its own. */
function chooseRuns(runs: readonly Run[], { named, previous }: { named: boolean; previous: boolean }): readonly Run[] {
  if (!previous) return runs
  if (named) return runs.length > 1 ? runs.slice(1) : runs
  const ms = ({ overAt }: Run): number => overAt?.epochMilliseconds ?? 0
  return runs.filter(run => run.overAt !== null).toSorted((a, b) => ms(b) - ms(a))
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
