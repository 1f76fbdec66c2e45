// Will it fit: of a service to be deployed, of a change of one, and of a drain; the same answer for each.
import { z } from 'zod'
import { type FitAnswer, type FitInstance, fitChange, fitDeployment, fitDrain } from '../../insight/fit.ts'
import type { Purchase } from '../../insight/fit-purchases.ts'
import { replicasMax } from '../../services/config/rolling-strategy.ts'
import { defineRoute } from '../route.ts'
import { keyOf, seenWorkspaces, writableWorkspaces } from '../workspace-scope.ts'
import { noRoomView } from './causes.ts'
import { fen, fenText, groupId, machineId, machineIds, serviceId } from './fields.ts'
import { config, replace } from './services.ts'

const demand = { cpuMilli: z.number().int(), memoryMib: z.number().int(), gpuCount: z.number().int() }
const amount = z.number().int().min(0).max(1_000_000_000)

const taken = z
  .array(z.object({ machineId, cpuMilli: amount, memoryMib: amount, gpuCount: amount }))
  .max(10_000)
  .default([])
  .describe('Room that is spoken for: what was asked about before and is to come first.')

const FitView = z.object({
  groupId,
  verdict: z
    .enum(['fits', 'fits_after_moves', 'does_not_fit'])
    .describe('fits: all of it has its place now. fits_after_moves: once `moves` are made.'),
  instances: z
    .array(
      z.object({
        serviceId: serviceId.nullable().describe('null: it is not deployed yet.'),
        serviceName: z.string(),
        serviceInstanceId: z.string().nullable().describe('Of one that waits already.'),
        replacesId: z.string().nullable().describe('In whose place it comes.'),
        ...demand,
        machineId: machineId.nullable().describe('Where it would be placed.'),
        reason: noRoomView.nullable().describe('Why it finds no place; null where it does.'),
      }),
    )
    .describe('What asks for a place at first: an update replaces only so many at once.'),
  otherInstances: z
    .object({ placed: z.number().int(), unplaced: z.number().int() })
    .describe('The same of services in workspaces that the caller does not see.'),
  moves: z
    .array(
      z.object({
        serviceInstanceId: z.string(),
        serviceName: z.string(),
        fromMachineId: machineId,
        toMachineId: machineId,
      }),
    )
    .describe('One after another, each with its replacement first: no service serves with fewer on the way.'),
  buy: z
    .array(
      z.object({
        regionId: z.string(),
        zoneId: z.string(),
        specId: z.string(),
        chargeType: z.enum(['prepaid', 'postpaid']),
        months: z.literal([1, 2, 3, 6, 12]).nullable().describe('The shortest time sold; null for postpaid.'),
        quantity: z.number().int().describe('So many are enough.'),
        available: z.number().int(),
        unitFen: fen,
        totalFen: fen.describe('What the order takes when it is paid: 0 for postpaid.'),
        dayFen: fen.describe('Postpaid: what 24 hours of all of them use.'),
        formula: z.string(),
      }),
    )
    .describe('Where it does not fit: machines in stock that would be enough, the cheapest of each charge type first.'),
})

const viewOfPurchase = ({ unitFen, totalFen, dayFen, ...one }: Purchase) => ({
  ...one,
  ...{ unitFen: fenText(unitFen), totalFen: fenText(totalFen), dayFen: fenText(dayFen) },
})

const viewOfInstance = ({ service, ...one }: FitInstance) => ({
  ...{ serviceId: service.id, serviceName: service.name, ...one },
})

function viewOf({ instances, buy, ...answer }: FitAnswer, seen: readonly string[] | null): z.input<typeof FitView> {
  const shown = instances.filter(({ service }) => seen === null || seen.includes(service.workspaceId))
  const hidden = instances.filter(one => !shown.includes(one))
  const placed = hidden.filter(one => one.machineId !== null).length
  return {
    ...answer,
    instances: shown.map(viewOfInstance),
    otherInstances: { placed, unplaced: hidden.length - placed },
    buy: buy.map(viewOfPurchase),
  }
}

export const fitRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/services/fit',
    summary: 'Will it fit: where a service would be placed, after which moves, or what helps and what to buy',
    tag: 'service',
    can: 'service.write',
    asks: true,
    body: { config, taken },
    returns: FitView,
    async handle(context, { body, actor, principal }) {
      const workspaceIds = await seenWorkspaces(context, principal)
      const limits = await writableWorkspaces(context, principal)
      const asker = { actor, workspaceIds, taken: body.taken }
      return viewOf(await fitDeployment(context.ctx, asker, body.config, limits), workspaceIds)
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/fit',
    summary: 'Will it fit: an update or a scaling of a service; with neither, what of it waits now',
    tag: 'service',
    can: 'service.read',
    asks: true,
    params: { service: z.string().min(1).max(100).describe('Id or name of the service.') },
    body: {
      config: config.optional(),
      replace,
      replicas: z
        .number()
        .int()
        .min(0)
        .max(replicasMax)
        .optional()
        .describe('Without `config`, which names them itself.'),
      taken,
    },
    returns: FitView,
    async handle(context, { params, body: { taken, ...change }, actor, principal }) {
      const workspaceIds = await seenWorkspaces(context, principal)
      const asker = { actor, workspaceIds, taken }
      return viewOf(await fitChange(context.ctx, asker, keyOf(params.service), change), workspaceIds)
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/machines/fit',
    summary: 'Will it fit: where what runs on machines of a group would move if they were drained',
    tag: 'machine',
    can: 'fleet.read',
    asks: true,
    body: { machineIds },
    returns: FitView,
    async handle(context, { body, actor, principal }) {
      const workspaceIds = await seenWorkspaces(context, principal)
      return viewOf(await fitDrain(context.ctx, { actor, workspaceIds }, body.machineIds), workspaceIds)
    },
  }),
]
