// The machines of a group: EAS calls them resource instances.
import { isLive } from '../../fleet/hold.ts'
import type { Machine, MachinePhase, MachineState } from '../../fleet/machine.ts'
import { displayStatus } from '../../fleet/machine.ts'
import { cordonMachine, drainMachine, uncordonMachine } from '../../fleet/machine-wishes.ts'
import { countMachines, getMachine, listMachines } from '../../fleet/machines.ts'
import { reservationsOn } from '../../fleet/reservation.ts'
import { Refusal } from '../../lib/errors.ts'
import { subscriptionsOf } from '../../orders/expiry.ts'
import { requestRelease } from '../../orders/release.ts'
import { listInstancesOnMachine } from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import {
  anything,
  type EasCall,
  type EasOperations,
  flag,
  list,
  map,
  missing,
  notServed,
  oneOf,
  param,
  readBody,
  readQuery,
  text,
} from './call.ts'
import { groupOfPath } from './resources.ts'
import { workerStatus } from './service-instances.ts'
import {
  chargeTypeNames,
  chargeTypes,
  computedMax,
  cores,
  coresUsed,
  gigabytes,
  iso,
  listed,
  megabytes,
  order,
  pageOfItems,
  pageOfRows,
  paging,
  refuseTooMany,
  sorted,
} from './wire.ts'

/** EAS forgets a machine that is gone. */
const shownPhases: readonly MachinePhase[] = ['pending', 'provisioning', 'running', 'stopped', 'failed', 'releasing']

const instancePhases = {
  pending: 'creating',
  provisioning: 'creating',
  failed: 'failed',
} as const satisfies Partial<Record<MachinePhase, string>>

type ResourceInstance = Awaited<ReturnType<typeof instancesOf>>[number]

async function instancesOf({ ctx }: ApiContext, accountId: string, machines: readonly MachineState[]) {
  const now = ctx.clock.now()
  const ids = machines.map(machine => machine.id)
  const [reservations, paid] = await Promise.all([reservationsOn(ctx.db, ids), subscriptionsOf(ctx.db, accountId, ids)])
  const reservedOn = Map.groupBy(reservations, reservation => reservation.machineId)
  const subscriptions = new Map(paid.map(subscription => [subscription.machineId, subscription]))
  return machines.map(machine => {
    const used = { cpuMilli: 0, memoryMib: 0, gpuCount: 0 }
    for (const one of reservedOn.get(machine.id) ?? []) {
      used.cpuMilli += one.cpuMilli
      used.memoryMib += one.memoryMib
      used.gpuCount += one.gpuCount
    }
    const subscription = subscriptions.get(machine.id)
    const cordon = machine.holds.findLast(hold => isLive(hold, now))
    const phases: Partial<Record<MachinePhase, string>> = instancePhases
    return {
      InstanceId: machine.id,
      InstanceName: machine.id,
      InstanceIp: machine.address ?? '',
      InstanceTenantIp: machine.address ?? '',
      InstanceType: machine.specId,
      InstanceStatus: displayStatus(machine, now),
      InstancePhase: phases[machine.phase] ?? 'succeeded',
      ChargeType: chargeTypeNames[machine.chargeType],
      AutoRenewal: subscription?.autoRenew ?? false,
      CreateTime: iso(machine.createdAt),
      ExpiredTime: iso(subscription?.expiresAt ?? null),
      InstanceCpuCount: cores(machine.cpuMilli),
      InstanceUsedCpu: coresUsed(used.cpuMilli),
      InstanceMemory: megabytes(machine.memoryMib),
      InstanceUsedMemory: megabytes(used.memoryMib),
      InstanceGpuCount: machine.gpuCount,
      InstanceUsedGpu: used.gpuCount,
      InstanceGpuMemory: gigabytes(machine.gpuCount * machine.gpuMemoryMib),
      InstanceUsedGpuMemory: megabytes(used.gpuCount * machine.gpuMemoryMib),
      InstanceSystemDiskSize: machine.systemDiskGib,
      Region: machine.regionId,
      Zone: machine.zoneId,
      Arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
      Labels: [],
      LastCordonOperator: cordon?.owner ?? '',
      LastCordonReason: cordon?.reason ?? '',
      ResourceId: machine.groupId,
    }
  })
}

const sortKeys = {
  CreateTime: instance => instance.CreateTime,
  ExpireTime: instance => instance.ExpiredTime,
  CpuUsed: instance => instance.InstanceUsedCpu,
  GpuUsed: instance => instance.InstanceUsedGpu,
  MemoryUsed: instance => Number.parseInt(instance.InstanceUsedMemory, 10),
} as const satisfies Record<string, (instance: ResourceInstance) => string | number>
type SortKey = keyof typeof sortKeys

const listQuery = {
  ...paging,
  Order: order,
  Sort: oneOf(...(Object.keys(sortKeys) as SortKey[])).default('CreateTime'),
  ChargeType: oneOf('PrePaid', 'PostPaid').optional(),
  InstanceId: text.optional(),
  Zone: text.optional(),
  Filter: text.optional(),
  InstanceName: text.optional(),
  InstanceIP: text.optional(),
  InstanceStatus: text.optional(),
  Label: map.optional(),
}
type ListQuery = ReturnType<typeof readQuery<typeof listQuery>>

/** Filters that only the answer's own fields can tell; null where none is given. */
function computedFilter(query: ListQuery): ((instance: ResourceInstance) => boolean) | null {
  const { Filter, InstanceName, InstanceIP, InstanceStatus, Label } = query
  const tests: ((instance: ResourceInstance) => boolean)[] = []
  if (Filter !== undefined) {
    tests.push(one => one.InstanceId.includes(Filter) || one.InstanceIp.includes(Filter))
  }
  if (InstanceName !== undefined) tests.push(one => one.InstanceName.includes(InstanceName))
  if (InstanceIP !== undefined) tests.push(one => one.InstanceIp === InstanceIP)
  if (InstanceStatus !== undefined) tests.push(one => one.InstanceStatus === InstanceStatus)
  // Machines have no labels yet, so one that is asked for is on none of them.
  if (Object.keys(Label ?? {}).length > 0) tests.push(() => false)
  return tests.length === 0 ? null : one => tests.every(test => test(one))
}

async function listResourceInstances(context: ApiContext, call: EasCall) {
  const query = readQuery(call, listQuery)
  const { db } = context.ctx
  const { accountId } = call.actor
  const group = await groupOfPath(context, call)
  const filter = {
    accountId,
    groupId: group.id,
    phases: shownPhases,
    ...(query.ChargeType === undefined ? {} : { chargeType: chargeTypes[query.ChargeType] }),
    ...(query.InstanceId === undefined ? {} : { ids: [query.InstanceId] }),
    ...(query.Zone === undefined ? {} : { zoneId: query.Zone }),
  }
  const matches = computedFilter(query)
  if (matches === null && query.Sort === 'CreateTime') {
    const page = await pageOfRows(query, {
      count: () => countMachines(db, filter),
      rows: range => listMachines(db, { ...filter, ...range }),
    })
    return { ...listed(query, page.total), Instances: await instancesOf(context, accountId, page.rows) }
  }
  const count = await countMachines(db, filter)
  refuseTooMany(count, matches === null ? 'Sort' : 'This filter', 'narrow it by ChargeType, Zone or InstanceId.')
  const all = await instancesOf(context, accountId, await listMachines(db, { ...filter, limit: computedMax }))
  const found = sorted(matches === null ? all : all.filter(matches), sortKeys[query.Sort], query.Order)
  return { ...listed(query, found.length), Instances: pageOfItems(query, found) }
}

/** A machine of the group that the path names; any other one is not there. */
async function machineOfPath(context: ApiContext, call: EasCall, machineId: string): Promise<Machine> {
  const group = await groupOfPath(context, call)
  const machine = await getMachine(context.ctx.db, call.actor.accountId, machineId)
  if (machine.groupId === group.id) return machine
  throw noMachine(machineId)
}

const noMachine = (machineId: string): Refusal =>
  new Refusal('MachineNotFound', `there is no machine ${machineId}`, { field: 'machineId', machineId })

type Act = (...args: Parameters<typeof cordonMachine>) => Promise<MachineState>
const actions: Readonly<Record<'Cordon' | 'Uncordon' | 'Drain', Act>> = {
  Cordon: cordonMachine,
  Drain: drainMachine,
  Uncordon: uncordonMachine,
}

async function updateResourceInstance(context: ApiContext, call: EasCall) {
  const { Action, NewDiskSize, Reason } = readBody(call, {
    Action: oneOf('Cordon', 'Uncordon', 'Drain').optional(),
    NewDiskSize: anything,
    Reason: text.optional(),
  })
  if (NewDiskSize !== undefined) throw notServed('NewDiskSize: system disks can not be resized yet.')
  if (Action === undefined) throw missing('Action', 'is needed: Cordon, Uncordon or Drain')
  const machine = await machineOfPath(context, call, param(call, 'InstanceId'))
  await actions[Action](context.ctx, call.actor, machine.id, Reason === undefined ? {} : { reason: Reason })
  return { ResourceId: machine.groupId, InstanceId: machine.id }
}

/** `Force` is Berth's own: what runs there is stopped with grace. Without it a machine in use is refused, and with it all. */
async function deleteResourceInstances(context: ApiContext, call: EasCall) {
  const { InstanceList, AllFailed, Force } = readQuery(call, {
    InstanceList: list.optional(),
    AllFailed: flag.default(false),
    Force: flag.default(false),
  })
  const named = InstanceList ?? []
  if (named.length === 0 && !AllFailed) throw missing('InstanceList', 'or AllFailed is needed')
  const { db } = context.ctx
  const { accountId } = call.actor
  const group = await groupOfPath(context, call)
  const inGroup = { accountId, groupId: group.id, limit: computedMax }
  const found = new Set((await listMachines(db, { ...inGroup, ids: named })).map(machine => machine.id))
  const foreign = named.find(id => !found.has(id))
  if (foreign !== undefined) throw noMachine(foreign)
  const failed = AllFailed ? await listMachines(db, { ...inGroup, phases: ['failed'] }) : []
  const ids = [...new Set([...named, ...failed.map(machine => machine.id)])]
  if (ids.length > 0) {
    await requestRelease(context.ctx, call.actor, ids, { force: Force, reason: 'DeleteResourceInstances' })
  }
  return { Message: `${ids.length} instances are being deleted` }
}

async function listResourceInstanceWorker(context: ApiContext, call: EasCall) {
  const query = readQuery(call, {
    ...paging,
    Order: order,
    Sort: text.optional(),
    ServiceName: text.optional(),
    WorkerName: text.optional(),
    Status: text.optional(),
    Ready: flag.optional(),
  })
  const machine = await machineOfPath(context, call, param(call, 'InstanceName'))
  const { db } = context.ctx
  const seen = await seenWorkspaces(context, call.principal)
  const { items: running } = await listInstancesOnMachine(db, call.actor.accountId, machine.id, seen)
  const reservations = await reservationsOn(db, [machine.id])
  const reservedBy = new Map(reservations.map(reservation => [reservation.serviceInstanceId, reservation]))
  const pods = running.map(one => {
    const reserved = reservedBy.get(one.id)
    const [cpu, memory, gpu] = [
      Math.ceil(coresUsed(reserved?.cpuMilli ?? 0)),
      reserved?.memoryMib ?? 0,
      reserved?.gpuCount ?? 0,
    ]
    return {
      Name: one.id,
      ServiceName: one.serviceName,
      Status: workerStatus(one.status),
      Ready: one.status === 'Running',
      RestartCount: one.crashCount,
      StartTime: iso(one.startedAt),
      CpuLimit: cpu,
      CpuRequest: cpu,
      GpuLimit: gpu,
      GpuRequest: gpu,
      MemoryLimit: memory,
      // EAS's own spelling.
      MemoryRquest: memory,
    }
  })
  const found = pods.filter(
    pod =>
      (query.ServiceName === undefined || pod.ServiceName === query.ServiceName) &&
      (query.WorkerName === undefined || pod.Name.includes(query.WorkerName)) &&
      (query.Status === undefined || pod.Status === query.Status) &&
      (query.Ready === undefined || pod.Ready === query.Ready),
  )
  const inOrder = query.Order === 'Asc' ? found.reverse() : found
  return { ...listed(query, found.length), Pods: pageOfItems(query, inOrder) }
}

export const machineOperations: EasOperations = {
  ListResourceInstances: { can: 'fleet.read', handle: listResourceInstances },
  UpdateResourceInstance: { can: 'fleet.operate', handle: updateResourceInstance },
  DeleteResourceInstances: { can: 'order.write', handle: deleteResourceInstances },
  ListResourceInstanceWorker: { can: 'fleet.read', handle: listResourceInstanceWorker },
}
