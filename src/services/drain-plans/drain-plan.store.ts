// SQL of drain plans and the machines in them.
import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../../db/db.ts'
import type { DrainPlan, DrainPlanPhase, PlanAsk, PlanMachine, PlanMachinePhase } from '../../fleet/plans/drain-plan.ts'

export interface DrainPlanRow extends DrainPlan {
  asks: PlanAsk[]
}

/** With what its drain has done. */
export interface PlanMachineRow extends PlanMachine {
  instances: number
  moved: number
  requestsServed: number
  requestsFailed: number
}

const columns = [
  ...(['id', 'accountId', 'groupId', 'phase', 'reason', 'actor', 'batchSize', 'deadlineSeconds'] as const),
  ...(['afterwards', 'windows', 'timeZone', 'asks', 'createdAt', 'endedAt', 'generation'] as const),
] as const

export async function insertPlan(tx: Tx, plan: DrainPlan, machineIds: readonly string[]): Promise<void> {
  const { id: planId, accountId, createdAt: dueAt } = plan
  await tx
    .insertInto('drainPlans')
    .values({ ...plan, windows: jsonb(plan.windows), dueAt })
    .execute()
  await sql`
    insert into drain_plan_machines (plan_id, machine_id, account_id, position, phase)
    select ${planId}, m.id, ${accountId}, m.position - 1, 'waiting'
    from unnest(${machineIds}::text[]) with ordinality as m (id, position)`.execute(tx)
}

export async function selectPlans(
  db: Db | Tx,
  filter: { accountId: string; id?: string; groupId?: string; limit: number },
): Promise<DrainPlanRow[]> {
  let query = db.selectFrom('drainPlans').select(columns).where('accountId', '=', filter.accountId)
  if (filter.id !== undefined) query = query.where('id', '=', filter.id)
  if (filter.groupId !== undefined) query = query.where('groupId', '=', filter.groupId)
  return (await query.orderBy('createdAt', 'desc').orderBy('id').limit(filter.limit).execute()) as DrainPlanRow[]
}

/** Locks it until the transaction ends; null: it is not there. */
export async function lockPlan(tx: Tx, id: string, accountId?: string): Promise<DrainPlanRow | null> {
  let query = tx.selectFrom('drainPlans').select(columns).where('id', '=', id)
  if (accountId !== undefined) query = query.where('accountId', '=', accountId)
  return ((await query.forUpdate().executeTakeFirst()) as DrainPlanRow | undefined) ?? null
}

export async function changePlan(
  tx: Tx,
  id: string,
  change: { phase?: DrainPlanPhase; endedAt?: Temporal.Instant; dueAt?: Temporal.Instant | null; asks?: PlanAsk[] },
): Promise<void> {
  const { asks, ...rest } = change
  await tx
    .updateTable('drainPlans')
    .set({ ...rest, ...(asks ? { asks: jsonb(asks) } : {}), generation: sql<number>`generation + 1`, leaseUntil: null })
    .where('id', '=', id)
    .execute()
}

/** In the plan's order. */
export async function selectPlanMachines(
  db: Db | Tx,
  planIds: readonly string[],
  now: Temporal.Instant,
): Promise<(PlanMachineRow & { planId: string })[]> {
  const { rows } = await sql<PlanMachineRow & { planId: string }>`
    select p.plan_id, p.machine_id, p.position, p.phase, p.drain_id, p.note, p.ended_at, d.phase as drain_phase,
      coalesce(d.phase = 'draining' and d.deadline_at <= ${now}::timestamptz, false) as overdue,
      coalesce(v.blocked, false) as blocked, coalesce(v.instances, 0)::int as instances,
      coalesce(v.moved, 0)::int as moved, coalesce(v.served, 0)::int as requests_served,
      coalesce(v.failed, 0)::int as requests_failed
    from drain_plan_machines p left join drains d on d.id = p.drain_id
      left join lateral (
        select count(*) as instances, count(v.moved_at) as moved, sum(v.served) as served, sum(v.failed) as failed,
          bool_or(v.moved_at is null and v.blocked_reason ->> 'code' in ('NoRoom', 'ReplacementFailing')) as blocked
        from drain_moves v where v.drain_id = p.drain_id) v on true
    where p.plan_id = any(${planIds}::text[]) order by p.plan_id, p.position`.execute(db)
  return rows
}

export interface PlanMachineChange {
  machineId: string
  phase: PlanMachinePhase
  drainId?: string
  note?: string
  endedAt?: Temporal.Instant
}

export async function changePlanMachine(tx: Tx, planId: string, change: PlanMachineChange): Promise<void> {
  const { machineId, ...rest } = change
  await tx
    .updateTable('drainPlanMachines')
    .set(rest)
    .where('planId', '=', planId)
    .where('machineId', '=', machineId)
    .execute()
}

export async function regionOfGroup(db: Db | Tx, accountId: string, groupId: string): Promise<string | null> {
  const query = db.selectFrom('resourceGroups').select('regionId').where('id', '=', groupId)
  const row = await query.where('accountId', '=', accountId).where('deletedAt', 'is', null).executeTakeFirst()
  return row?.regionId ?? null
}
