// Will it fit: placed now, placed after some moves, or not, and then what helps and what to buy. Placed by the scheduler, priced
// by the code that quotes orders. Nothing is written.
import type { Actor } from '../events/event.ts'
import { statesOf } from '../fleet/machines.ts'
import { invalid } from '../orders/buy-request.ts'
import { type Fit, findFit, lessTaken } from '../scheduler/fit.ts'
import type { Demand, WaitingReason } from '../scheduler/snapshot.ts'
import type { DeployLimits } from '../services/config/resolve-config.ts'
import {
  movableIn,
  type ServiceChange,
  type ToFit,
  toFitChange,
  toFitDeployment,
  toFitDrain,
  type WantedInstance,
} from '../services/impact/to-fit.ts'
import type { ServiceKey } from '../services/services.ts'
import type { ServicesCtx } from '../services/services-ctx.ts'
import { type Purchase, purchasesFor } from './fit-purchases.ts'

export interface FitAnswer {
  groupId: string
  verdict: Fit['verdict']
  /** What asks for a place, in the order of placement. */
  instances: FitInstance[]
  /** One after another, each replacement first; then all has its place. */
  moves: FitMove[]
  /** Where it does not fit: machines that would be enough, the cheapest of each charge type first. */
  buy: Purchase[]
}

export interface FitInstance
  extends Pick<WantedInstance, 'service' | 'serviceInstanceId' | 'replacesId' | 'cpuMilli' | 'memoryMib' | 'gpuCount'> {
  machineId: string | null
  reason: WaitingReason | null
}

export interface FitMove {
  serviceInstanceId: string
  serviceName: string
  fromMachineId: string
  toMachineId: string
}

/** Room that is spoken for, by what was asked about before. */
export interface Taken extends Omit<Demand, 'gpuMemoryMib'> {
  machineId: string
}

/** `workspaceIds`: what the caller sees (null: all): moves are of these alone. */
export interface Asker {
  actor: Actor
  workspaceIds: readonly string[] | null
  taken?: readonly Taken[]
}

export async function fitDeployment(
  ctx: ServicesCtx,
  asker: Asker,
  json: unknown,
  limits: DeployLimits,
): Promise<FitAnswer> {
  return answer(ctx, asker, await toFitDeployment(ctx, asker.actor, json, limits))
}

export async function fitChange(
  ctx: ServicesCtx,
  asker: Asker,
  key: ServiceKey,
  change: ServiceChange,
): Promise<FitAnswer> {
  return answer(ctx, asker, await toFitChange(ctx, asker.actor, key, change))
}

/** Refuses machines of more than one group. */
export async function fitDrain(ctx: ServicesCtx, asker: Asker, machineIds: readonly string[]): Promise<FitAnswer> {
  const states = await statesOf(ctx.db, asker.actor.accountId, machineIds)
  const [groupId = '', other] = new Set(states.map(machine => machine.groupId))
  if (other !== undefined) {
    throw invalid('machineIds', `are of two groups, ${groupId} and ${other}; what moves stays in its own: ask for each`)
  }
  return answer(ctx, asker, await toFitDrain(ctx.db, groupId, machineIds, ctx.clock.now()))
}

async function answer(
  ctx: ServicesCtx,
  { actor, workspaceIds, taken = [] }: Asker,
  { groupId, rooms: free, wanted }: ToFit,
): Promise<FitAnswer> {
  const now = ctx.clock.now()
  const rooms = lessTaken(free, taken)
  const asked = { groupId, rooms, wanted }
  const plain = findFit(rooms, wanted, [])
  const movable = plain.verdict === 'fits' ? [] : await movableIn(ctx.db, asked, workspaceIds, now)
  const found = movable.length === 0 ? plain : findFit(rooms, wanted, movable)
  const names = new Map(movable.map(({ id, service }) => [id, service.name]))
  return {
    ...{ groupId, verdict: found.verdict, instances: instancesOf(wanted, found) },
    moves: found.moves.map(({ id, ...move }) => ({
      ...{ serviceInstanceId: id, serviceName: names.get(id) ?? '', ...move },
    })),
    buy: found.verdict === 'does_not_fit' ? await purchasesFor(ctx.db, actor.accountId, asked, now) : [],
  }
}

function instancesOf(wanted: readonly WantedInstance[], { placed, unplaced }: Fit): FitInstance[] {
  const places = new Map(placed.map(one => [one.id, one.machineId]))
  const reasons = new Map(unplaced.map(one => [one.id, one.reason]))
  return wanted
    .filter(one => !one.beside)
    .map(({ id, service, serviceInstanceId, replacesId, cpuMilli, memoryMib, gpuCount }) => ({
      ...{ service, serviceInstanceId, replacesId, cpuMilli, memoryMib, gpuCount },
      ...{ machineId: places.get(id) ?? null, reason: reasons.get(id) ?? null },
    }))
}
