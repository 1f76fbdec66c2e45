// Many machines drained one batch after the other, within maintenance windows.
import { z } from 'zod'
import { drainDeadlineSecondsDefault, drainDeadlineSecondsMax } from '../../fleet/drain.ts'
import type { DrainPlanRequest } from '../../fleet/plans/plan-request.ts'
import { type ActorView as ActorName, actorNames } from '../../identity/actors.ts'
import { previewChange } from '../../insight/preview.ts'
import {
  cancelDrainPlan,
  createDrainPlan,
  firstOpening,
  getDrainPlan,
  listDrainPlans,
  type DrainPlanView as Plan,
  pauseDrainPlan,
  planBatches,
  resumeDrainPlan,
} from '../../services/drain-plans/drain-plans.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import { ActorView, groupId, instant, isoOrNull, machineId, machineIds } from './fields.ts'
import { actorsInPreview, PreviewView, viewOfPreview } from './machine-changes.ts'

const planId = z.string().min(1).max(100)
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 22:00')
const window = z
  .object({
    days: z.array(z.number().int().min(1).max(7)).max(7).describe('On which it begins: 1 is Monday, 7 is Sunday.'),
    from: time,
    to: time.describe('At or before `from` it is on the next day.'),
  })
  .strict()

const DrainPlanView = z.object({
  planId,
  groupId,
  phase: z.enum(['running', 'paused', 'done', 'cancelled']),
  reason: z.string(),
  actor: z.string(),
  by: ActorView,
  batchSize: z.number().int(),
  deadlineSeconds: z.number().int(),
  afterwards: z.enum(['hold', 'return']),
  windows: z.array(window),
  timeZone: z.string(),
  createdAt: instant,
  endedAt: instant.nullable(),
  asks: z
    .array(z.object({ code: z.enum(['Overdue', 'Blocked', 'DrainEnded']), machineId }))
    .describe('Where it stopped: answer the drain, or resume the plan without what was not emptied.'),
  waitsFor: z
    .object({ code: z.enum(['Batch', 'Window', 'Frozen']), opensAt: instant.nullable() })
    .nullable()
    .describe('Why the next batch does not begin.'),
  batches: z.number().int(),
  machines: z.array(
    z.object({
      machineId,
      batch: z.number().int(),
      phase: z.enum(['waiting', 'draining', 'drained', 'failed', 'skipped']),
      drainId: z.string().nullable(),
      note: z.string().nullable().describe('Why it was left out.'),
      endedAt: instant.nullable(),
      instances: z.number().int(),
      moved: z.number().int(),
      requestsServed: z.number().int(),
      requestsFailed: z.number().int(),
    }),
  ),
})

const viewOf = ({ id, asks, machines, ...plan }: Plan, by: (actor: string) => ActorName) => ({
  ...{ planId: id, groupId: plan.groupId, phase: plan.phase, reason: plan.reason, actor: plan.actor },
  ...{ by: by(plan.actor), batchSize: plan.batchSize, deadlineSeconds: plan.deadlineSeconds },
  ...{ afterwards: plan.afterwards, windows: plan.windows, timeZone: plan.timeZone, asks },
  ...{ createdAt: plan.createdAt.toString(), endedAt: isoOrNull(plan.endedAt) },
  waitsFor: plan.waitsFor && {
    code: plan.waitsFor.code,
    opensAt: 'opensAt' in plan.waitsFor ? isoOrNull(plan.waitsFor.opensAt) : null,
  },
  batches: machines.at(-1)?.batch ?? 0,
  machines: machines.map(({ position: _, drainPhase: __, overdue: ___, blocked: ____, ...machine }) => ({
    ...{ machineId: machine.machineId, batch: machine.batch, phase: machine.phase, drainId: machine.drainId },
    ...{ note: machine.note, endedAt: isoOrNull(machine.endedAt), instances: machine.instances, moved: machine.moved },
    ...{ requestsServed: machine.requestsServed, requestsFailed: machine.requestsFailed },
  })),
})

async function viewsOf({ ctx }: ApiContext, accountId: string, plans: readonly Plan[]) {
  const by = await actorNames(
    ctx.db,
    accountId,
    plans.map(plan => plan.actor),
  )
  return plans.map(plan => viewOf(plan, by))
}

async function oneView(context: ApiContext, accountId: string, plan: Plan) {
  const [view] = await viewsOf(context, accountId, [plan])
  return view as NonNullable<typeof view>
}

const request = {
  groupId,
  machineIds: machineIds.optional().describe('These; else every running machine of the group, or of a zone or spec.'),
  zoneId: z.string().max(100).optional(),
  specId: z.string().max(100).optional(),
  batchSize: z.number().int().min(1).max(9_999).default(1).describe('Machines at a time.'),
  deadlineSeconds: z.number().int().min(0).max(drainDeadlineSecondsMax).default(drainDeadlineSecondsDefault),
  afterwards: z
    .enum(['hold', 'return'])
    .default('hold')
    .describe('A machine that is drained stays held until somebody uncordons it, or takes instances again at once.'),
  windows: z.array(window).default([]).describe('When a batch may begin; none: at any time.'),
  timeZone: z.string().max(64).optional().describe('Of the windows; the billing zone by default.'),
  reason: z.string().max(500).default('').describe('Why; kept with each drain.'),
}

const requestOf = (
  { settings }: ApiContext,
  { timeZone = settings.billingZone, ...body }: Omit<DrainPlanRequest, 'timeZone'> & { timeZone?: string | undefined },
): DrainPlanRequest => ({ ...body, timeZone })

const turns = [
  ['pause', 'Pause drain plan: no further batch; what is draining goes on', pauseDrainPlan],
  ['resume', 'Resume drain plan: on with the next batch, without what was not emptied', resumeDrainPlan],
  ['cancel', 'Cancel drain plan, and its drains under way; what it emptied stays held', cancelDrainPlan],
] as const

export const drainPlanRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/drain-plans',
    summary: 'Create a drain plan: machines drained one batch after the other, within windows',
    tag: 'machine',
    can: 'fleet.operate',
    status: 201,
    body: request,
    returns: DrainPlanView,
    handle: async (context, { body, actor }) =>
      oneView(context, actor.accountId, await createDrainPlan(context.ctx, actor, requestOf(context, body))),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/drain-plans/preview',
    summary:
      'Preview a drain plan: its batches, when it would begin, and what its first batch would move; nothing is done',
    tag: 'machine',
    can: 'fleet.read',
    body: request,
    returns: z.object({
      batches: z.array(z.array(machineId)),
      opensAt: instant.nullable().describe('When its first window opens; null: now.'),
      firstBatch: PreviewView,
    }),
    async handle(context, { body, actor, principal }) {
      const { ctx } = context
      const wanted = requestOf(context, body)
      const batches = await planBatches(ctx.db, actor.accountId, wanted)
      const preview = await previewChange(ctx, actor, { action: 'drain', machineIds: batches[0] ?? [] })
      const by = await actorNames(ctx.db, actor.accountId, actorsInPreview(preview))
      const firstBatch = viewOfPreview(preview, await seenWorkspaces(context, principal), by)
      return { batches, opensAt: isoOrNull(firstOpening(wanted, ctx.clock.now())), firstBatch }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/drain-plans',
    summary: 'List drain plans, newest first',
    tag: 'machine',
    can: 'fleet.read',
    query: { groupId: groupId.optional() },
    returns: z.object({ items: z.array(DrainPlanView) }),
    async handle(context, { query, actor }) {
      const filter = query.groupId === undefined ? {} : { groupId: query.groupId }
      const { db, clock } = context.ctx
      const plans = await listDrainPlans(db, actor.accountId, filter, clock.now())
      return { items: await viewsOf(context, actor.accountId, plans) }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/drain-plans/{planId}',
    summary: 'Get a drain plan: its progress, what it asks or waits for, and what each drain did',
    tag: 'machine',
    can: 'fleet.read',
    params: { planId },
    returns: DrainPlanView,
    handle: async (context, { params, actor }) =>
      oneView(
        context,
        actor.accountId,
        await getDrainPlan(context.ctx.db, actor.accountId, params.planId, context.ctx.clock.now()),
      ),
  }),
  ...turns.map(([verb, summary, act]) =>
    defineRoute({
      method: 'POST',
      path: `/v1/drain-plans/{planId}/${verb}`,
      summary,
      tag: 'machine',
      can: 'fleet.operate',
      params: { planId },
      returns: DrainPlanView,
      handle: async (context, { params, actor }) =>
        oneView(context, actor.accountId, await act(context.ctx, actor, params.planId)),
    }),
  ),
]
