// What a service has written and what has happened to it.
import { type Event, listEvents } from '../../events/event.ts'
import { isRefusal, Refusal } from '../../lib/errors.ts'
import { serviceLogs } from '../../services/logs.ts'
import { getService, listServiceInstances } from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import { type EasCall, type EasOperations, flag, instant, invalid, oneOf, readQuery, text } from './call.ts'
import { keyOf } from './services.ts'
import { iso, pageNum, pageOfItems } from './wire.ts'

/** Pages reach so many lines back from the end of a log; /v1 reads all of it. */
const logLinesMax = 5_000

const logQuery = {
  ...pageNum,
  ContainerName: text.optional(),
  EndTime: text.optional(),
  InstanceName: text.optional(),
  Ip: text.optional(),
  Keyword: text.optional(),
  Previous: flag.default(false),
  StartTime: text.optional(),
}

/** Page 1 is the tail, as it is written; page 2 are the lines before it. */
async function describeLog({ ctx }: ApiContext, call: EasCall) {
  const query = readQuery(call, logQuery)
  const timed = query.StartTime !== undefined ? 'StartTime' : query.EndTime !== undefined ? 'EndTime' : null
  if (timed !== null) throw invalid(timed, 'can not be asked for: lines are kept as the service writes them')
  if (query.ContainerName !== undefined && query.ContainerName !== 'worker0') {
    throw invalid('ContainerName', 'must be worker0: a service has one container')
  }
  const id = query.InstanceName ?? (query.Ip === undefined ? undefined : await instanceAt({ ctx }, call, query.Ip))
  const lines = await linesOf({ ctx }, call, {
    previous: query.Previous,
    limit: logLinesMax,
    ...(id === undefined ? {} : { serviceInstanceId: id }),
    ...(query.Keyword === undefined ? {} : { keyword: query.Keyword }),
  })
  const end = lines.length - (query.PageNum - 1) * query.PageSize
  return { Logs: end <= 0 ? [] : lines.slice(Math.max(0, end - query.PageSize), end), ...numbered(query, lines.length) }
}

async function linesOf(
  { ctx }: Pick<ApiContext, 'ctx'>,
  call: EasCall,
  query: NonNullable<Parameters<typeof serviceLogs>[3]>,
): Promise<string[]> {
  try {
    return (await serviceLogs(ctx, call.actor, keyOf(call), query)).lines
  } catch (error) {
    // Nothing has run yet: nothing was written.
    if (query.serviceInstanceId === undefined && isRefusal(error, 'ServiceInstanceNotFound')) return []
    throw error
  }
}

async function instanceAt({ ctx }: Pick<ApiContext, 'ctx'>, call: EasCall, ip: string): Promise<string> {
  const instances = await listServiceInstances(ctx.db, call.actor.accountId, keyOf(call))
  const found = instances.find(one => one.host === ip)
  if (found) return found.id
  throw new Refusal('ServiceInstanceNotFound', `Ip: no instance of the service is at ${ip}`, { field: 'Ip' })
}

const numbered = ({ PageNum, PageSize }: { PageNum: number; PageSize: number }, total: number) => ({
  PageNum,
  TotalPageNum: Math.ceil(total / PageSize),
  TotalCount: total,
})

const eventQuery = {
  ...pageNum,
  EndTime: instant.optional(),
  EventType: oneOf('Normal', 'Warning').optional(),
  InstanceName: text.optional(),
  StartTime: instant.optional(),
}

const windowHours = 7 * 24

/** The latest 500 events of the service and the latest 500 of its instances, in the window; newest first. */
async function describeEvents({ ctx }: ApiContext, call: EasCall) {
  const query = readQuery(call, eventQuery)
  const { accountId } = call.actor
  const service = await getService(ctx, accountId, keyOf(call))
  const instances = await listServiceInstances(ctx.db, accountId, { id: service.id }, { ended: true })
  const wanted = instances.map(one => one.id).filter(id => (query.InstanceName ?? id) === id)
  const own = { accountId, limit: 500 }
  const [ofService, ofInstances] = [
    query.InstanceName === undefined
      ? await listEvents(ctx.db, { ...own, subjectKind: 'service', subjectId: service.id })
      : [],
    await listEvents(ctx.db, { ...own, subjectKind: 'service_instance', subjectIds: wanted }),
  ]
  const to = query.EndTime ?? ctx.clock.now()
  const from = query.StartTime ?? to.subtract({ hours: windowHours })
  const found = [...ofService, ...ofInstances]
    .filter(({ at }) => Temporal.Instant.compare(at, from) >= 0 && Temporal.Instant.compare(at, to) <= 0)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .map(eventOf)
    .filter(event => query.EventType === undefined || event.Type === query.EventType)
  const page = { PageNumber: query.PageNum, PageSize: query.PageSize }
  return { Events: pageOfItems(page, found), ...numbered(query, found.length) }
}

function eventOf({ at, kind, subjectKind, subjectId, data }: Event) {
  const happened = kind.slice(kind.indexOf('.') + 1)
  const facts = data as { version?: number }
  const message = {
    versionId: facts.version ?? null,
    message: `${subjectId} ${happened.replaceAll('_', ' ')}`,
    ...data,
  }
  return {
    Time: iso(at),
    Type: isWarning(happened, data) ? 'Warning' : 'Normal',
    Reason: happened.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    Message: JSON.stringify(message),
    Resource: subjectKind === 'service' ? 'Service' : 'Pod',
  }
}

/** It waits for room, fails its check, or ended although nobody asked for it. */
function isWarning(happened: string, data: object): boolean {
  if (happened === 'waiting' || happened === 'not_ready') return true
  return happened === 'ended' && 'because' in data && data.because === null
}

export const serviceHistoryOperations: EasOperations = {
  DescribeServiceLog: { can: 'service.read', handle: describeLog },
  DescribeServiceEvent: { can: 'service.read', handle: describeEvents },
}
