// Many machines at once: what an action would do, and the actions that are wishes (releasing is in machines.ts).
import { z } from 'zod'
import { drainDeadlineSecondsDefault, drainDeadlineSecondsMax } from '../../fleet/drain.ts'
import { wishMachines } from '../../fleet/machine-wishes.ts'
import { type ActorView as ActorName, actorNames } from '../../identity/actors.ts'
import { actionAsPreviewed, type ChangePreview, previewChange } from '../../insight/preview.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import {
  fen,
  fenText,
  groupId,
  holdView,
  instant,
  machineId,
  machineIds,
  previewed,
  previewId,
  reason,
  refusalView,
  viewOfHold,
} from './fields.ts'
import { otherServices, serviceImpact, viewsOfImpacts } from './service-impact.ts'

const wishes = ['cordon', 'uncordon', 'drain', 'extendDrain', 'cancelDrain', 'overrideDrain', 'forceDrain'] as const

export const PreviewView = z.object({
  previewId: previewed,
  action: z.enum([...wishes, 'release']),
  machines: z.array(
    z.object({
      machineId,
      refusal: refusalView.describe('Why it can not be done to this one; null where it can.'),
      unchanged: z.boolean().describe('It is so already: nothing is written.'),
      places: z.enum(['cordon', 'drain']).nullable().describe('A hold that is placed.'),
      lifts: z.array(holdView).describe('Holds that go.'),
      remaining: z.array(holdView).describe('Holds that are there afterwards besides.'),
      endsDrain: z.boolean().describe('Whether a drain under way ends with it.'),
      setsDeadline: z.boolean().describe('Whether a drain under way gets another deadline.'),
      setsOverride: z.boolean().describe('Whether what finds no room may go without a replacement.'),
      stops: z.boolean().describe('Whether what runs there is stopped, with grace.'),
      serviceInstances: z.number().int(),
      accruedFen: fen.nullable().describe('Of a release: used and not billed yet, for a machine paid by use.'),
    }),
  ),
  services: z.array(serviceImpact).describe('Services that it touches, by name.'),
  otherServices,
  groups: z.array(
    z.object({
      groupId,
      openMachines: z.number().int().describe('Machines that take new service instances now.'),
      openMachinesAfter: z.number().int(),
    }),
  ),
  billing: z
    .object({ endsAt: instant, accruedFen: fen })
    .nullable()
    .describe('Of a release: until when use is counted, and what is not billed of it yet.'),
})

export function viewOfPreview(
  { previewId, action, machines, services, groups, billing }: ChangePreview,
  seen: readonly string[] | null,
  by: (actor: string) => ActorName,
) {
  return {
    ...{ previewId, action },
    machines: machines.map(({ lifts, remaining, endsDrain, accruedFen, ...one }) => ({
      ...one,
      lifts: lifts.map(hold => viewOfHold(hold, by)),
      remaining: remaining.map(hold => viewOfHold(hold, by)),
      endsDrain: endsDrain !== null,
      accruedFen: accruedFen === null ? null : fenText(accruedFen),
    })),
    ...viewsOfImpacts(services, seen, by),
    groups,
    billing: billing && { endsAt: billing.endsAt.toString(), accruedFen: fenText(billing.accruedFen) },
  }
}

export const actorsInPreview = ({ machines, services }: ChangePreview): string[] => [
  ...machines.flatMap(({ lifts, remaining }) => [...lifts, ...remaining].map(hold => hold.owner)),
  ...services.map(service => service.owner),
]

export const machineChangeRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/machines/preview',
    summary: 'Preview an action on machines: what it would do, decided as the action decides; nothing is done',
    tag: 'machine',
    can: 'fleet.read',
    body: {
      action: z.enum([...wishes, 'release']),
      machineIds,
      force: z.boolean().default(false).describe('Of a release: stops what runs there, with grace.'),
    },
    returns: PreviewView,
    async handle(context, { body, actor, principal }) {
      const preview = await previewChange(context.ctx, actor, body)
      const by = await actorNames(context.ctx.db, actor.accountId, actorsInPreview(preview))
      return viewOfPreview(preview, await seenWorkspaces(context, principal), by)
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/actions',
    summary: 'Cordon, uncordon or drain machines: all of them or, refused, none',
    tag: 'machine',
    can: 'fleet.operate',
    status: 202,
    body: {
      action: z.enum(wishes),
      machineIds,
      reason: reason.describe('Why; kept with the action. Needed to override or force a drain.'),
      deadlineSeconds: z
        .number()
        .int()
        .min(0)
        .max(drainDeadlineSecondsMax)
        .optional()
        .describe(`Of a drain, counted from now; ${drainDeadlineSecondsDefault} by default.`),
      previewId,
    },
    returns: z.object({ machineIds: z.array(machineId) }),
    async handle({ ctx }, { body: { action, machineIds: ids, previewId: shown, ...options }, actor }) {
      const asShown = actionAsPreviewed(ctx, actor, { action, machineIds: ids }, shown)
      const machines = await wishMachines(ctx, actor, action, ids, { ...options, ...asShown })
      return { machineIds: machines.map(machine => machine.id) }
    },
  }),
]
