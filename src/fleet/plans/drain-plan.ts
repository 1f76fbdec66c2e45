// A drain plan empties many machines, one batch after the other. Pure: what it does next, and what it waits for, from its rows
// and their drains. The next batch begins when every machine of this one is drained or left out, within a window, and while no
// freeze is on; a drain that is overdue, blocked, aborted or was cancelled stops it there, and it asks. What is draining goes
// on when a window ends: half a drain helps nobody.
import type { DrainPhase } from '../drain.ts'
import { isOpen, type MaintenanceWindow, opensAt } from './window.ts'

export type DrainPlanPhase = 'running' | 'paused' | 'done' | 'cancelled'
/** `failed`: its drain ended without emptying it; `skipped`: it could not be drained, or nobody waits for it any more. */
export type PlanMachinePhase = 'waiting' | 'draining' | 'drained' | 'failed' | 'skipped'

export interface DrainPlan {
  id: string
  accountId: string
  groupId: string
  phase: DrainPlanPhase
  reason: string
  actor: string
  batchSize: number
  deadlineSeconds: number
  afterwards: 'hold' | 'return'
  windows: MaintenanceWindow[]
  timeZone: string
  createdAt: Temporal.Instant
  endedAt: Temporal.Instant | null
  generation: number
}

export interface PlanMachine {
  machineId: string
  position: number
  phase: PlanMachinePhase
  drainId: string | null
  note: string | null
  endedAt: Temporal.Instant | null
  /** Of its drain. */
  drainPhase: DrainPhase | null
  overdue: boolean
  /** Something of it waits for room, or for a replacement that fails. */
  blocked: boolean
}

export interface PlanAsk {
  code: 'Overdue' | 'Blocked' | 'DrainEnded'
  machineId: string
}

export type PlanWaitsFor = { code: 'Batch' } | { code: 'Window'; opensAt: Temporal.Instant | null } | { code: 'Frozen' }

export interface PlanStep {
  /** Of machines whose drain has ended. */
  ended: { machineId: string; phase: 'drained' | 'failed' }[]
  start: string[]
  asks: PlanAsk[]
  waitsFor: PlanWaitsFor | null
  done: boolean
}

export function nextOfPlan(
  plan: Pick<DrainPlan, 'phase' | 'batchSize' | 'windows' | 'timeZone'>,
  machines: readonly PlanMachine[],
  frozen: boolean,
  now: Temporal.Instant,
): PlanStep {
  const ended = machines.flatMap(({ machineId, phase, drainPhase }): PlanStep['ended'] => {
    if (phase !== 'draining' || drainPhase === null || drainPhase === 'draining') return []
    return [{ machineId, phase: drainPhase === 'drained' ? 'drained' : 'failed' }]
  })
  const after = new Map(ended.map(one => [one.machineId, one.phase]))
  const seen = machines.map(machine => ({ ...machine, phase: after.get(machine.machineId) ?? machine.phase }))
  const asks = seen.flatMap(asksOf)
  const step: PlanStep = { ended, start: [], asks, waitsFor: null, done: false }
  if (plan.phase !== 'running') return step
  const waiting = seen.filter(machine => machine.phase === 'waiting')
  const draining = seen.some(machine => machine.phase === 'draining')
  if (draining || asks.length > 0) return { ...step, waitsFor: { code: 'Batch' } }
  if (waiting.length === 0) return { ...step, done: true }
  if (frozen) return { ...step, waitsFor: { code: 'Frozen' } }
  if (!isOpen(plan.windows, plan.timeZone, now)) {
    return { ...step, waitsFor: { code: 'Window', opensAt: opensAt(plan.windows, plan.timeZone, now) } }
  }
  const [next = []] = intoBatches(inOrder(waiting), plan.batchSize)
  return { ...step, start: next.map(machine => machine.machineId) }
}

function asksOf({ machineId, phase, overdue, blocked }: PlanMachine): PlanAsk[] {
  if (phase === 'failed') return [{ code: 'DrainEnded', machineId }]
  if (phase !== 'draining') return []
  return overdue ? [{ code: 'Overdue', machineId }] : blocked ? [{ code: 'Blocked', machineId }] : []
}

const inOrder = (machines: readonly PlanMachine[]): PlanMachine[] =>
  machines.toSorted((a, b) => a.position - b.position)

/** As the plan takes them, and as its preview shows them. */
export function intoBatches<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => {
    return items.slice(index * size, (index + 1) * size)
  })
}
