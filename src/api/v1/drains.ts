import { z } from 'zod'
import { drainDeadlineSecondsDefault, drainDeadlineSecondsMax } from '../../fleet/drain.ts'
import { cancelDrain, drainMachine, extendDrain, forceDrain, overrideDrain } from '../../fleet/machine-wishes.ts'
import { actorNames } from '../../identity/actors.ts'
import { type DrainView as Drain, drainView } from '../../insight/drain-receipt.ts'
import { actionAsPreviewed } from '../../insight/preview.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import { noRoomView } from './causes.ts'
import { ActorView, instant, isoOrNull, machineId, previewId, reason } from './fields.ts'
import { MachineView, machineView } from './machines.ts'

const WaitsFor = z
  .object({
    code: z.enum([
      ...['NoRoom', 'ReplacementFailing', 'ReplacementStarting', 'GatewayNotAcknowledged', 'RequestsInFlight'],
      ...['OpenConnections', 'Stopping'],
    ] as const),
    message: z.string(),
    count: z.number().int().nullable().describe('What the message counts: ends in a row, requests, connections.'),
    gatewayIds: z.array(z.string()).describe('The gateways whose word is missing.'),
    noRoom: noRoomView.nullable().describe('What placement found, of NoRoom.'),
  })
  .describe('The message is made of the facts beside it.')

const streams = {
  streamsWaitedFor: z
    .number()
    .int()
    .describe(
      'Event streams and upgraded connections that ended by themselves after the instance had left the routes.',
    ),
  streamsCut: z.number().int().describe('Those broken off, which only a force does.'),
}

const DrainView = z.object({
  drainId: z.string(),
  machineId,
  phase: z
    .enum(['draining', 'blocked', 'overdue', 'drained', 'cancelled', 'aborted'])
    .describe(
      'Blocked: nothing moves until there is room. Overdue: past its deadline; a person decides, nothing is killed.',
    ),
  reason: z.string(),
  actor: z.string(),
  by: ActorView.describe('Who started it.'),
  force: z.boolean(),
  override: z
    .object({ actor: z.string(), by: ActorView, reason: z.string(), at: instant })
    .nullable()
    .describe('Who lets what finds no room go without a replacement, and why.'),
  startedAt: instant,
  deadlineAt: instant,
  endedAt: instant.nullable(),
  moves: z.array(
    z.object({
      serviceInstanceId: z.string(),
      serviceId: z.string(),
      serviceName: z.string(),
      workspaceId: z.string(),
      owner: z.string(),
      ownerName: ActorView.describe('Whose service it is.'),
      replacementId: z.string().nullable(),
      toMachineId: z.string().nullable(),
      waitsFor: WaitsFor.nullable(),
      inFlightAtStart: z.number().int(),
      served: z.number().int(),
      failed: z.number().int(),
      longestMs: z.number().int(),
      ...streams,
      startedAt: instant.describe('Since when it is to move.'),
      waitsSince: instant.nullable().describe('Since when it waits for what it waits for now.'),
      movedAt: instant.nullable(),
    }),
  ),
  otherMoves: z
    .object({ instances: z.number().int(), moved: z.number().int() })
    .describe('Of services in workspaces that are not yours: their number alone.'),
  receipt: z
    .object({
      instances: z.number().int(),
      moved: z.number().int(),
      inFlightAtStart: z.number().int(),
      requestsServed: z.number().int(),
      requestsFailed: z.number().int(),
      longestMs: z.number().int(),
      ...streams,
      whither: z.array(z.object({ serviceInstanceId: z.string(), from: z.string(), to: z.string().nullable() })),
    })
    .describe('Requests of what moved and of what came in its place, while the drain went on.'),
})

async function viewOf(db: ApiContext['ctx']['db'], account: string, drain: Drain) {
  const { overriddenBy, overrideReason, overriddenAt, ...shown } = drain
  const names = [drain.actor, ...(overriddenBy === null ? [] : [overriddenBy]), ...drain.moves.map(move => move.owner)]
  const by = await actorNames(db, account, names)
  const override = overriddenBy !== null &&
    overrideReason !== null &&
    overriddenAt !== null && {
      ...{ actor: overriddenBy, by: by(overriddenBy), reason: overrideReason, at: overriddenAt.toString() },
    }
  return {
    ...shown,
    override: override || null,
    by: by(drain.actor),
    startedAt: drain.startedAt.toString(),
    deadlineAt: drain.deadlineAt.toString(),
    endedAt: isoOrNull(drain.endedAt),
    moves: drain.moves.map(move => ({
      ...{ ...move, ownerName: by(move.owner) },
      ...{ startedAt: move.startedAt.toString(), waitsSince: isoOrNull(move.waitsSince) },
      ...{ movedAt: isoOrNull(move.movedAt) },
    })),
  }
}

const deadlineSeconds = z.number().int().min(0).max(drainDeadlineSecondsMax).default(drainDeadlineSecondsDefault)

export const drainRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/drain',
    summary: 'Drain machine: cordon it and move everything away, replacement first',
    tag: 'machine',
    can: 'fleet.operate',
    status: 202,
    params: { machineId },
    body: {
      reason,
      deadlineSeconds: deadlineSeconds.describe('After this the drain is overdue and asks; nothing is killed.'),
      previewId,
    },
    returns: MachineView,
    async handle(context, { params: { machineId }, body: { previewId: shown, ...options }, actor }) {
      const asShown = actionAsPreviewed(context.ctx, actor, { action: 'drain', machineIds: [machineId] }, shown)
      return machineView(context, await drainMachine(context.ctx, actor, machineId, { ...options, ...asShown }))
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/machines/{machineId}/drain',
    summary: 'Get the latest drain: progress, what blocks it, its receipt',
    tag: 'machine',
    can: 'fleet.read',
    params: { machineId },
    returns: DrainView,
    async handle(context, { params, actor, principal }) {
      const { db, clock } = context.ctx
      const seen = await seenWorkspaces(context, principal)
      const drain = await drainView(db, actor.accountId, params.machineId, clock.now(), seen)
      if (drain) return viewOf(db, actor.accountId, drain)
      throw new Refusal('NeverDrained', `${params.machineId} was never drained`, { machineId: params.machineId })
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/drain/cancel',
    summary: 'Cancel drain: what was moved stays moved',
    tag: 'machine',
    can: 'fleet.operate',
    params: { machineId },
    returns: MachineView,
    handle: async (context, { params, actor }) =>
      machineView(context, await cancelDrain(context.ctx, actor, params.machineId)),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/machines/{machineId}/drain/deadline',
    summary: 'Set another deadline for a drain under way: one that is overdue waits on',
    tag: 'machine',
    can: 'fleet.operate',
    params: { machineId },
    body: { deadlineSeconds: deadlineSeconds.describe('Counted from now.') },
    returns: MachineView,
    handle: async (context, { params, body, actor }) =>
      machineView(context, await extendDrain(context.ctx, actor, params.machineId, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/drain/override',
    summary:
      'Override the floor of services: what finds no room elsewhere goes without a replacement, its requests finished',
    tag: 'machine',
    can: 'fleet.operate',
    status: 202,
    params: { machineId },
    body: { reason: z.string().min(1).max(500).describe('Why; kept with your name.') },
    returns: MachineView,
    handle: async (context, { params, body, actor }) =>
      machineView(context, await overrideDrain(context.ctx, actor, params.machineId, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/{machineId}/drain/force',
    summary: 'Force drain: stops what is left, with grace',
    tag: 'machine',
    can: 'fleet.operate',
    status: 202,
    params: { machineId },
    body: { reason: z.string().min(1).max(500).describe('Why; it goes into the receipt.'), previewId },
    returns: MachineView,
    async handle(context, { params: { machineId }, body: { reason, previewId: shown }, actor }) {
      const asShown = actionAsPreviewed(context.ctx, actor, { action: 'forceDrain', machineIds: [machineId] }, shown)
      return machineView(context, await forceDrain(context.ctx, actor, machineId, { reason, ...asShown }))
    },
  }),
]
