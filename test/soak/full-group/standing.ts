// How a full group stands once nothing moves any more: each service and each drain has ended, or asks a person, and what it says
// is so. What is neither would hang for ever.
import { sql } from 'kysely'
import { drainView } from '../../../src/insight/drain-receipt.ts'
import { isRefusal } from '../../../src/lib/errors.ts'
import { waitingOf } from '../../../src/services/cause.ts'
import { previewGoFirst } from '../../../src/services/rollout/let-go-first.ts'
import { isRouted } from '../../../src/services/service-instance.ts'
import { getService, type ServiceInstanceView, type ServiceView } from '../../../src/services/services.ts'
import type { Services } from '../../services/services-fixtures.ts'
import { fullName, type Group } from './acts.ts'
import { type DrawnService, machineSize } from './draw.ts'

export interface Standing {
  /** What it asks, one for each who asks; none: it has ended. */
  asks: string[]
  /** Neither ended nor asking, or asking for what it does not need. */
  wrong: string[]
}

interface Free {
  machineId: string
  cpu: number
  gpu: number
}

export async function standingOf(services: Services, group: Group): Promise<Standing> {
  const standing: Standing = { asks: [], wrong: [] }
  const free = await freeOnOpen(services, group)
  for (const drawn of group.drawn.services) await ofService(services, group, drawn, free, standing)
  for (const machineId of group.machineIds) await ofDrain(services, machineId, standing)
  return standing
}

/** By the reservations themselves: what placement says is not asked. */
export async function freeOnOpen(services: Services, group: Group): Promise<Free[]> {
  const { cpu, gpu } = machineSize
  const { rows } = await sql<Free>`
    select m.id as machine_id, ${cpu} - coalesce(sum(r.cpu_milli), 0)::int / 1000 as cpu,
      ${gpu} - coalesce(sum(r.gpu_count), 0)::int as gpu
    from machines m left join reservations r on r.machine_id = m.id
    where m.group_id = ${group.groupId} and m.phase = 'running' and m.desired = 'running'
      and not exists (select from holds h where h.machine_id = m.id and h.lifted_at is null)
    group by m.id`.execute(services.fleet.db)
  return rows
}

async function ofService(
  services: Services,
  group: Group,
  drawn: DrawnService,
  free: readonly Free[],
  standing: Standing,
): Promise<void> {
  const name = fullName(group, drawn.name)
  const view = await getService(services.fleet, services.actor.accountId, { name })
  const instances = await services.instances(name)
  if (view.rollout === null && instances.length === view.replicas && instances.every(isRouted)) return
  const before = standing.asks.length + standing.wrong.length
  if (view.rollout?.pause) standing.asks.push(`${name}: ${view.reason}`)
  for (const one of instances.filter(instance => !isRouted(instance))) {
    const waiting = one.phase === 'waiting' ? waitingOf(one.waitingReason) : null
    if (waiting === null) standing.wrong.push(`${name}: ${one.id} is ${one.phase} and stays so`)
    else standing.asks.push(`${name}: ${waiting.message}`)
    if (waiting !== null) standing.wrong.push(...(await doubtsOf(services, drawn, view, instances, one, free)))
  }
  if (standing.asks.length + standing.wrong.length === before) standing.wrong.push(`${name} neither ended nor asks`)
}

/** What speaks against it that this one waits: room that is there, no way out that is offered, a way out that needs no person. */
async function doubtsOf(
  services: Services,
  { resource, maxUnavailable, noRoom }: DrawnService,
  view: ServiceView,
  instances: readonly ServiceInstanceView[],
  waiting: ServiceInstanceView,
  free: readonly Free[],
): Promise<string[]> {
  const size = await sizeOf(services, view.id, waiting.version, resource)
  const room = free.find(machine => machine[resource] >= size)
  if (room) return [`${view.name}: ${waiting.id} waits for ${size} ${resource}, which ${room.machineId} has`]
  const head = instances.find(({ id }) => id === waiting.replacesId)
  if (!head || !isRouted(head)) return []
  try {
    const { running, regainsRoom } = await previewGoFirst(services.ctx, services.actor, { name: view.name }, head.id)
    const spare = running - Math.max(1, view.replicas - maxUnavailable)
    const mayGo = spare > 0 || (noRoom === 'swap' && running >= view.replicas && running > 1)
    return mayGo && regainsRoom ? [`${view.name}: ${head.id} may go first by itself, and does not`] : []
  } catch (error) {
    // What it would lack even so is said with the refusal.
    if (isRefusal(error, 'SwapDoesNotHelp') && 'shortage' in error.details) return []
    return [`${view.name}: nothing can be done about ${head.id}: ${String(error)}`]
  }
}

async function sizeOf(services: Services, serviceId: string, version: number, resource: 'cpu' | 'gpu') {
  const { config } = await services.fleet.db
    .selectFrom('serviceVersions')
    .select('config')
    .where('serviceId', '=', serviceId)
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  const { spec } = config as { spec: { cpuMilli: number; gpuCount: number } }
  return resource === 'cpu' ? spec.cpuMilli / 1000 : spec.gpuCount
}

async function ofDrain(services: Services, machineId: string, standing: Standing): Promise<void> {
  const { fleet, actor } = services
  const view = await drainView(fleet.db, actor.accountId, machineId, fleet.clock.now(), null)
  if (view === null || view.endedAt !== null) return
  const open = view.moves.filter(({ movedAt }) => movedAt === null)
  const hang = open.filter(({ waitsFor }) => waitsFor?.code !== 'NoRoom')
  if (open.length === 0) standing.wrong.push(`the drain of ${machineId} has nothing to wait for`)
  for (const { serviceInstanceId, waitsFor } of hang)
    standing.wrong.push(`the drain of ${machineId} waits for ${serviceInstanceId}: ${JSON.stringify(waitsFor)}`)
  if (view.phase !== 'blocked' && view.phase !== 'overdue')
    standing.wrong.push(`the drain of ${machineId} is ${view.phase}, and asks nobody`)
  standing.asks.push(`the drain of ${machineId} is ${view.phase}`)
}
