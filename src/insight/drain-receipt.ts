// A drain as people watch it: what has moved and what waits for whom; at its end, the receipt.
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { isOverdue } from '../fleet/drain.ts'
import { getMachine, listDrains } from '../fleet/machines.ts'
import type { WaitingReason } from '../scheduler/snapshot.ts'
import type { Obstacle } from '../services/rollout/rollout-snapshot.ts'

/** `blocked`: nothing moves until there is room; `overdue`: past its deadline, and a person is asked. */
export type DrainViewPhase = 'draining' | 'blocked' | 'overdue' | 'drained' | 'cancelled' | 'aborted'

/** The obstacle as it was last seen. */
export interface DrainWaitsFor {
  code: Obstacle['code']
  message: string
  count: number | null
  gatewayIds: string[]
  noRoom: WaitingReason | null
}

export interface DrainMoveView {
  serviceInstanceId: string
  serviceId: string
  serviceName: string
  workspaceId: string
  replacementId: string | null
  toMachineId: string | null
  /** What it waits for; null once it has moved. */
  waitsFor: DrainWaitsFor | null
  /** Since when it waits for that. */
  waitsSince: Temporal.Instant | null
  /** Whose service: who can make room, or scale it in. */
  owner: string
  inFlightAtStart: number
  served: number
  failed: number
  longestMs: number
  /** Event streams and upgraded connections that ended by themselves after it had left the routes, and those broken off. */
  streamsWaitedFor: number
  streamsCut: number
  /** Since when it is to move. */
  startedAt: Temporal.Instant
  movedAt: Temporal.Instant | null
}

export interface DrainView {
  drainId: string
  machineId: string
  phase: DrainViewPhase
  reason: string
  actor: string
  force: boolean
  overriddenBy: string | null
  overrideReason: string | null
  overriddenAt: Temporal.Instant | null
  startedAt: Temporal.Instant
  deadlineAt: Temporal.Instant
  endedAt: Temporal.Instant | null
  /** Of services in the workspaces that whoever asks sees. */
  moves: DrainMoveView[]
  /** The others, as numbers. */
  otherMoves: { instances: number; moved: number }
  receipt: DrainReceipt
}

/** Requests are those of the service instances that moved and of the ones in their place, while the drain went on. */
export interface DrainReceipt {
  instances: number
  moved: number
  inFlightAtStart: number
  requestsServed: number
  requestsFailed: number
  longestMs: number
  streamsWaitedFor: number
  streamsCut: number
  /** `{ from, to }` by service instance; `to` is null where nothing was needed in its place. */
  whither: { serviceInstanceId: string; from: string; to: string | null }[]
}

/** Of the machine's latest drain; null when it was never drained. */
export async function drainView(
  db: Db,
  accountId: string,
  machineId: string,
  now: Temporal.Instant,
  /** null: all of them. */
  workspaceIds: readonly string[] | null,
): Promise<DrainView | null> {
  await getMachine(db, accountId, machineId)
  const [drain] = await listDrains(db, machineId, 1)
  if (!drain) return null
  const all = await selectMoves(db, drain.id)
  const moves = all.filter(move => workspaceIds === null || workspaceIds.includes(move.workspaceId))
  const hidden = all.filter(move => !moves.includes(move))
  const blocked = all.some(move => move.waitsFor?.code === 'NoRoom' || move.waitsFor?.code === 'ReplacementFailing')
  const running = isOverdue(drain, now) ? 'overdue' : blocked ? 'blocked' : 'draining'
  const { id, reason, actor, force, startedAt, deadlineAt, endedAt } = drain
  const { overriddenBy, overrideReason, overriddenAt } = drain
  return {
    ...{ drainId: id, machineId, reason, actor, force, startedAt, deadlineAt, endedAt, moves },
    ...{ overriddenBy, overrideReason, overriddenAt },
    otherMoves: { instances: hidden.length, moved: hidden.filter(move => move.movedAt !== null).length },
    phase: drain.phase === 'draining' ? running : drain.phase,
    receipt: receiptOf(machineId, all, moves),
  }
}

async function selectMoves(db: Db, drainId: string): Promise<DrainMoveView[]> {
  const { rows } = await sql<Omit<DrainMoveView, 'waitsFor'> & { blockedReason: Obstacle | null }>`
    select v.service_instance_id, v.service_id, s.name as service_name, s.workspace_id, s.actor as owner, v.replacement_id, v.to_machine_id,
      v.blocked_reason, v.blocked_since as waits_since, v.in_flight_at_start, v.served, v.failed, v.longest_ms,
      v.streams_waited_for, v.streams_cut, v.started_at, v.moved_at
    from drain_moves v join services s on s.id = v.service_id
    where v.drain_id = ${drainId} order by v.started_at, v.service_instance_id`.execute(db)
  return rows.map(({ blockedReason, ...row }) => ({
    ...row,
    waitsFor: blockedReason === null ? null : waitsForOf(blockedReason),
  }))
}

const waitsForOf = ({ code, message, count, gatewayIds, noRoom }: Obstacle): DrainWaitsFor => ({
  ...{ code, message, count: count ?? null, noRoom: noRoom ?? null },
  gatewayIds: [...(gatewayIds ?? [])],
})

/** The figures are of all moves, whither only of those that are shown. */
function receiptOf(machineId: string, moves: readonly DrainMoveView[], shown: readonly DrainMoveView[]): DrainReceipt {
  const sum = (read: (move: DrainMoveView) => number): number => moves.reduce((total, move) => total + read(move), 0)
  const moved = moves.filter(move => move.movedAt !== null)
  return {
    instances: moves.length,
    moved: moved.length,
    inFlightAtStart: sum(move => move.inFlightAtStart),
    requestsServed: sum(move => move.served),
    requestsFailed: sum(move => move.failed),
    longestMs: Math.max(0, ...moves.map(move => move.longestMs)),
    streamsWaitedFor: sum(move => move.streamsWaitedFor),
    streamsCut: sum(move => move.streamsCut),
    whither: moved
      .filter(move => shown.includes(move))
      .map(move => ({
        serviceInstanceId: move.serviceInstanceId,
        from: machineId,
        to: move.toMachineId,
      })),
  }
}
