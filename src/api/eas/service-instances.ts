// The running copies of a service.
import { machinesById } from '../../fleet/machines.ts'
import { Refusal } from '../../lib/errors.ts'
import { restartProcesses } from '../../services/restart-process.ts'
import type { InstanceStatus } from '../../services/service-instance.ts'
import { endIsolation, isolateServiceInstance, restartServiceInstance } from '../../services/service-instances.ts'
import { getService, listServiceInstances, type ServiceInstanceView } from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import {
  type EasCall,
  type EasOperations,
  flag,
  invalid,
  list,
  missing,
  notServed,
  param,
  readBody,
  readQuery,
  text,
} from './call.ts'
import { keyOf } from './services.ts'
import { iso, listed, order, pageOfItems, paging, sorted } from './wire.ts'

/** A copy that is on its way is waited for; one that fails its check still runs. */
export function workerStatus(status: InstanceStatus): string {
  if (status === 'Pending' || status === 'Starting' || status === 'Restarting') return 'Waiting'
  return runs(status) ? 'Running' : status
}

/** EAS says what is wrong with it, or that it is isolated, with a field of its own. */
const runs = (status: InstanceStatus): boolean => status === 'Running' || status === 'NotReady' || status === 'Isolated'

/** EAS knows fewer words for the same; why it is not there yet is in `Reason`. */
const statusOf = (status: InstanceStatus): string => {
  if (status === 'Starting' || status === 'Restarting') return 'Pending'
  return runs(status) ? 'Running' : status
}

type EasInstance = ReturnType<typeof instanceOf>

function instanceOf(one: ServiceInstanceView, machine: MachineFacts | undefined, currentVersion: number) {
  const ready = one.status === 'Running'
  return {
    InstanceName: one.id,
    Status: statusOf(one.status),
    Reason: one.reason,
    CreateTime: iso(one.createdAt),
    StartAt: iso(one.startedAt),
    StartTime: iso(one.startedAt),
    InnerIP: one.host ?? '',
    InstancePort: one.port ?? 0,
    HostIP: machine?.address ?? '',
    HostName: one.machineId ?? '',
    InstanceType: machine?.specId ?? '',
    Zone: machine?.zoneId ?? '',
    ResourceType: 'DedicatedResource',
    ReadyProcesses: ready ? 1 : 0,
    TotalProcesses: 1,
    RestartCount: one.crashCount + one.restartCount,
    IsLatest: one.version === currentVersion,
    LastState: lastState(one),
    // To isolate is to detach: one in its place serves.
    Isolated: one.status === 'Isolated',
    Detached: one.status === 'Isolated',
    ...unknownHere,
  }
}

interface MachineFacts {
  address: string | null
  specId: string
  zoneId: string
}

/** How it ended, in the words of the command line's LASTSTATE column. */
function lastState(one: ServiceInstanceView): object[] {
  if (one.endedAt === null) return []
  const { endReason: reason, exitCode } = one
  return [{ reason, exitCode, startedAt: iso(one.startedAt), finishedAt: iso(one.endedAt) }]
}

const unknownHere = {
  CurrentAmount: 0,
  ExternalIP: '',
  ExternalInstancePort: 0,
  IsReplica: false,
  IsSpot: false,
  Namespace: '',
  OriginalAmount: 0,
  ReplicaName: '',
  Role: '',
  TenantHostIP: '',
  TenantInstanceIP: '',
} as const

/** What may be sorted by is not written down anywhere: another name sorts as none does. */
const sortKeys = new Map([
  ['CreateTime', (one: EasInstance) => one.CreateTime],
  ['StartTime', (one: EasInstance) => one.StartTime],
  ['InstanceName', (one: EasInstance) => one.InstanceName],
  ['Status', (one: EasInstance) => one.Status],
])
const byCreation = (one: EasInstance) => one.CreateTime

const listQuery = {
  ...paging,
  Order: order,
  Sort: text.optional(),
  Filter: text.optional(),
  HostIP: text.optional(),
  InstanceIP: text.optional(),
  InstanceName: text.optional(),
  InstanceStatus: text.optional(),
  InstanceType: text.optional(),
  IsSpot: flag.optional(),
  ListReplica: flag.optional(),
  MemberType: text.optional(),
  QuotaId: text.optional(),
  ReplicaName: text.optional(),
  Resource: text.optional(),
  ResourceType: text.optional(),
  Role: text.optional(),
}

async function listInstances({ ctx }: ApiContext, call: EasCall) {
  const query = readQuery(call, listQuery)
  const { accountId } = call.actor
  const service = await getService(ctx, accountId, keyOf(call))
  const live = await listServiceInstances(ctx.db, accountId, { id: service.id })
  const machineIds = [...new Set(live.flatMap(one => one.machineId ?? []))]
  const machines = new Map((await machinesById(ctx.db, machineIds)).map(machine => [machine.id, machine]))
  const all = live.map(one => instanceOf(one, machines.get(one.machineId ?? ''), service.version))
  const is = (wanted: string | undefined, value: string) => wanted === undefined || wanted === value
  // What these ask for does not exist here.
  const none = [query.MemberType, query.QuotaId, query.ReplicaName, query.Role].some(given => given !== undefined)
  const found = all.filter(
    one =>
      !none &&
      query.IsSpot !== true &&
      query.ListReplica !== true &&
      (query.Filter === undefined || one.InstanceName.includes(query.Filter) || one.InnerIP.includes(query.Filter)) &&
      (query.InstanceName === undefined || one.InstanceName.includes(query.InstanceName)) &&
      is(query.HostIP, one.HostIP) &&
      is(query.InstanceIP, one.InnerIP) &&
      is(query.InstanceStatus, one.Status) &&
      is(query.InstanceType, one.InstanceType) &&
      is(query.Resource, service.groupId) &&
      is(query.ResourceType, one.ResourceType),
  )
  const key = sortKeys.get(query.Sort ?? '') ?? byCreation
  return { ...listed(query, found.length), Instances: pageOfItems(query, sorted(found, key, query.Order)) }
}

/**
 * EAS deletes an instance to restart it: another one comes in its place, and here it comes first. In the place of one that is
 * isolated there is one already. `SoftRestart` restarts the processes alone; `AcceptGap` is Berth's own, and optional.
 */
async function restartInstances({ ctx }: ApiContext, call: EasCall) {
  const {
    InstanceList = [],
    SoftRestart,
    AcceptGap,
  } = readQuery(call, {
    InstanceList: list.optional(),
    SoftRestart: flag.default(false),
    AcceptGap: flag.default(false),
  })
  if (InstanceList.length === 0) throw missing('InstanceList')
  const key = keyOf(call)
  if (SoftRestart) {
    await restartProcesses(ctx, call.actor, key, InstanceList, { acceptGap: AcceptGap })
    return { Message: `The processes of ${InstanceList.length} instances of ${key.name} are being restarted` }
  }
  const live = new Map((await listServiceInstances(ctx.db, call.actor.accountId, key)).map(one => [one.id, one]))
  // All are known before the first is touched.
  const unknown = InstanceList.find(id => !live.has(id))
  if (unknown !== undefined) {
    const details = { field: 'InstanceList', serviceInstanceId: unknown }
    throw new Refusal('ServiceInstanceNotFound', `${key.name} has no running instance ${unknown}`, details)
  }
  for (const id of InstanceList) {
    const end = live.get(id)?.status === 'Isolated' ? endIsolation : restartServiceInstance
    await end(ctx, call.actor, key, id)
  }
  return { Message: `${InstanceList.length} instances of ${key.name} are being restarted` }
}

/** EAS's detached instance is replaced for good; its isolated one may come back, which none does here. */
async function updateInstance({ ctx }: ApiContext, call: EasCall) {
  const asked = readBody(call, { Detach: flag.optional(), Isolate: flag.optional(), Hibernate: flag.optional() })
  if (asked.Hibernate === true) throw notServed('Hibernate is not served.', 'Use UpdateService to scale in.')
  if (asked.Isolate === false)
    throw invalid('Isolate', 'cannot be undone: one in its place serves. Use DeleteServiceInstances to end it')
  if (asked.Detach !== true && asked.Isolate !== true) throw missing('Isolate', 'or Detach must be true')
  const id = param(call, 'InstanceName')
  await isolateServiceInstance(ctx, call.actor, keyOf(call), id)
  return { Message: `${id} is being isolated: it leaves the routes once one in its place serves` }
}

export const serviceInstanceOperations: EasOperations = {
  ListServiceInstances: { can: 'service.read', handle: listInstances },
  DeleteServiceInstances: { can: 'service.write', handle: restartInstances },
  UpdateServiceInstance: { can: 'service.write', handle: updateInstance },
}
