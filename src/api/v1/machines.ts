import { z } from 'zod'
import { isOverdue } from '../../fleet/drain.ts'
import { isLive } from '../../fleet/hold.ts'
import type { MachineState } from '../../fleet/machine.ts'
import { displayStatus, machineRefusals } from '../../fleet/machine.ts'
import { cordonMachine, uncordonMachine } from '../../fleet/machine-wishes.ts'
import { getMachine, listMachines } from '../../fleet/machines.ts'
import { reservationsOn } from '../../fleet/reservation.ts'
import { type ActorView as ActorName, actorNames } from '../../identity/actors.ts'
import { actionAsPreviewed } from '../../insight/preview.ts'
import { subscriptionsOf } from '../../orders/expiry.ts'
import { requestRelease, whyNotYet } from '../../orders/release.ts'
import { repairsOf } from '../../services/repair/reconcile-repairs.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import {
  groupId,
  holdView,
  instant,
  isoOrNull,
  machineId,
  machineIds,
  orderId,
  page,
  pageOf,
  paging,
  previewId,
  readPageToken,
  reason,
  refusalView,
  viewOfHold,
} from './fields.ts'

import { RepairView, viewOfRepair } from './repairs.ts'

const actions = [
  'cordon',
  'uncordon',
  'drain',
  'extendDrain',
  'cancelDrain',
  'overrideDrain',
  'forceDrain',
  'release',
  'renew',
  'resize',
] as const

export const MachineView = z.object({
  machineId,
  groupId,
  orderId,
  regionId: z.string(),
  zoneId: z.string(),
  specId: z.string(),
  chargeType: z.enum(['prepaid', 'postpaid']),
  status: z
    .string()
    .describe(
      "EAS's name of where it stands: Attaching, Ready, Ready-SchedulingDisabled, NotReady, Stopped, Deleting, Deleted, CreateFailed.",
    ),
  phase: z.string(),
  stoppedBecause: z.string().nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  cpuMilli: z.number().int(),
  cpuUsedMilli: z.number().int(),
  memoryMib: z.number().int(),
  memoryUsedMib: z.number().int(),
  gpuModel: z.string().nullable(),
  gpuCount: z.number().int(),
  gpuUsed: z.number().int(),
  systemDiskGib: z.number().int(),
  address: z.string().nullable(),
  createdAt: instant,
  runningAt: instant.nullable(),
  expiresAt: instant.nullable().describe('Prepaid: paid until then.'),
  autoRenew: z.boolean(),
  lostAt: instant.nullable(),
  unreachableAt: instant.nullable().describe('Since when there is no word on it: it may well run.'),
  repair: RepairView,
  holds: z.array(holdView),
  drain: z
    .object({
      drainId: z.string(),
      phase: z.string(),
      reason: z.string(),
      startedAt: instant,
      deadlineAt: instant,
      overdue: z.boolean(),
    })
    .nullable(),
  refusals: z
    .object(
      Object.fromEntries(actions.map(action => [action, refusalView])) as Record<
        (typeof actions)[number],
        typeof refusalView
      >,
    )
    .describe('For each action, null or why it can not be done now.'),
})

const holdViews = ({ holds }: MachineState, now: Temporal.Instant, by: (actor: string) => ActorName) =>
  holds.filter(hold => isLive(hold, now)).map(hold => viewOfHold(hold, by))

/** One answer for any number of machines: the reservations and what is paid are read once for all of them. */
export async function machineViews(
  { ctx, settings }: ApiContext,
  accountId: string,
  machines: readonly MachineState[],
) {
  const now = ctx.clock.now()
  const ids = machines.map(machine => machine.id)
  const [reservations, paid] = await Promise.all([reservationsOn(ctx.db, ids), subscriptionsOf(ctx.db, accountId, ids)])
  const by = await actorNames(
    ctx.db,
    accountId,
    machines.flatMap(machine => machine.holds.map(hold => hold.owner)),
  )
  const repairs = new Map((await repairsOf(ctx.db, ids)).map(repair => [repair.machineId, repair]))
  const reservedOn = Map.groupBy(reservations, reservation => reservation.machineId)
  const subscriptions = new Map(paid.map(subscription => [subscription.machineId, subscription]))
  return machines.map(machine => {
    const reserved = reservedOn.get(machine.id) ?? []
    const sum = (pick: (r: (typeof reserved)[number]) => number) => reserved.reduce((total, r) => total + pick(r), 0)
    const subscription = subscriptions.get(machine.id)
    const refusals = machineRefusals(machine, now)
    const notYet = subscription ? whyNotYet(subscription, now, settings.operatorContact) : null
    return {
      machineId: machine.id,
      groupId: machine.groupId,
      orderId: machine.orderId,
      regionId: machine.regionId,
      zoneId: machine.zoneId,
      specId: machine.specId,
      chargeType: machine.chargeType,
      status: displayStatus(machine, now),
      phase: machine.phase,
      stoppedBecause: machine.stoppedBecause,
      failure: machine.failure,
      cpuMilli: machine.cpuMilli,
      cpuUsedMilli: sum(r => r.cpuMilli),
      memoryMib: machine.memoryMib,
      memoryUsedMib: sum(r => r.memoryMib),
      gpuModel: machine.gpuModel,
      gpuCount: machine.gpuCount,
      gpuUsed: sum(r => r.gpuCount),
      systemDiskGib: machine.systemDiskGib,
      address: machine.address,
      createdAt: machine.createdAt.toString(),
      runningAt: isoOrNull(machine.runningAt),
      expiresAt: isoOrNull(subscription?.expiresAt ?? null),
      autoRenew: subscription?.autoRenew ?? false,
      lostAt: isoOrNull(machine.lostAt),
      unreachableAt: isoOrNull(machine.unreachableAt),
      repair: viewOfRepair(repairs.get(machine.id)),
      holds: holdViews(machine, now, by),
      drain: machine.drain && {
        drainId: machine.drain.id,
        phase: machine.drain.phase,
        reason: machine.drain.reason,
        startedAt: machine.drain.startedAt.toString(),
        deadlineAt: machine.drain.deadlineAt.toString(),
        overdue: isOverdue(machine.drain, now),
      },
      refusals: {
        ...refusals,
        release: refusals.release ?? (notYet === null ? null : { code: 'PrepaidNotExpired', message: notYet }),
      },
    }
  })
}

export async function machineView(context: ApiContext, machine: MachineState) {
  const [only] = await machineViews(context, machine.accountId, [machine])
  return only as NonNullable<typeof only>
}

const phases = ['pending', 'provisioning', 'running', 'stopped', 'failed', 'releasing', 'released'] as const

export const machineQuery = {
  ...paging,
  groupId: groupId.optional(),
  machineIds: z
    .string()
    .regex(/^[\w-]{1,100}(,[\w-]{1,100}){0,99}$/, 'must be at most 100 ids, separated by commas')
    .optional()
    .describe('Only these, separated by commas; at most 100.'),
  zoneId: z.string().max(100).optional(),
  specId: z.string().max(100).optional(),
  chargeType: z.enum(['prepaid', 'postpaid']).optional(),
  phase: z.enum(phases).optional().describe('All but the released ones by default.'),
}

/** Without an account: of all of them. */
export async function machinePage(
  { ctx }: ApiContext,
  {
    limit,
    after,
    phase,
    machineIds: some,
    ...query
  }: z.output<z.ZodObject<typeof machineQuery>> & {
    accountId?: string | undefined
    regionId?: string | undefined
  },
) {
  const filter = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
  const found = await listMachines(ctx.db, {
    ...filter,
    ...(some === undefined ? {} : { ids: some.split(',') }),
    phases: phase ? [phase] : phases.filter(other => other !== 'released'),
    after: readPageToken(after),
    limit: limit + 1,
  })
  const { items: machines, nextPageToken } = page(
    found,
    limit,
    machine => machine,
    machine => machine,
  )
  return { machines, nextPageToken }
}

export const machineRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/machines',
    summary: 'List machines',
    tag: 'machine',
    can: 'fleet.read',
    query: machineQuery,
    returns: pageOf(MachineView),
    async handle(context, { query, actor }) {
      const { machines, nextPageToken } = await machinePage(context, { ...query, accountId: actor.accountId })
      return { items: await machineViews(context, actor.accountId, machines), nextPageToken }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/machines/{machineId}',
    summary: 'Get machine',
    tag: 'machine',
    can: 'fleet.read',
    params: { machineId },
    returns: MachineView,
    handle: async (context, { params, actor }) =>
      machineView(context, await getMachine(context.ctx.db, actor.accountId, params.machineId)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/cordon',
    summary: 'Cordon machine: no new placement',
    tag: 'machine',
    can: 'fleet.operate',
    params: { machineId },
    body: { reason },
    returns: MachineView,
    handle: async (context, { params, body, actor }) =>
      machineView(context, await cordonMachine(context.ctx, actor, params.machineId, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/uncordon',
    summary: 'Uncordon machine: lifts what people hold and cancels the drain',
    tag: 'machine',
    can: 'fleet.operate',
    params: { machineId },
    returns: MachineView,
    handle: async (context, { params, actor }) =>
      machineView(context, await uncordonMachine(context.ctx, actor, params.machineId)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/release',
    summary: 'Release machines: all of them or, refused, none',
    tag: 'machine',
    can: 'order.write',
    status: 202,
    body: {
      machineIds,
      force: z.boolean().default(false).describe('Stops what runs there, with grace.'),
      reason,
      previewId,
    },
    returns: z.object({ machineIds: z.array(machineId) }),
    async handle({ ctx }, { body, actor }) {
      const { machineIds: ids, previewId: shown, ...how } = body
      const asShown = actionAsPreviewed(ctx, actor, { action: 'release', machineIds: ids, force: how.force }, shown)
      const released = await requestRelease(ctx, actor, ids, { ...how, ...asShown })
      return { machineIds: released }
    },
  }),
]
