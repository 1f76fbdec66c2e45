// What becomes of machines that are away, and regions in which nothing is done by itself meanwhile.
import { z } from 'zod'
import { frozenRegions } from '../../fleet/freezes.ts'
import type { RepairView as Repair } from '../../services/repair/reconcile-repairs.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull } from './fields.ts'

const WaitsFor = z.discriminatedUnion('code', [
  z.object({ code: z.literal('NotYet'), message: z.string(), dueAt: instant }),
  z.object({
    ...{ code: z.literal('Brake'), message: z.string(), repairing: z.number().int(), limit: z.number().int() },
    machines: z.number().int(),
  }),
  z.object({ code: z.literal('Frozen'), message: z.string(), away: z.number().int(), machines: z.number().int() }),
])

export const RepairView = z
  .object({
    phase: z.enum(['waiting', 'repairing', 'repaired']),
    because: z.enum(['lost', 'unreachable']),
    awayAt: instant,
    startedAt: instant.nullable(),
    waitsFor: WaitsFor.nullable().describe('Why what ran there does not come elsewhere yet.'),
  })
  .nullable()
  .describe('Of a machine that is away: how far its service instances come elsewhere.')

export const viewOfRepair = (repair: Repair | undefined) =>
  repair === undefined
    ? null
    : {
        ...{ phase: repair.phase, because: repair.because, waitsFor: repair.waitsFor },
        ...{ awayAt: repair.awayAt.toString(), startedAt: isoOrNull(repair.startedAt) },
      }

export const repairRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/freezes',
    summary: 'List regions in which nothing is done by itself, since most of their machines are away at once',
    tag: 'status',
    can: 'fleet.read',
    returns: z.object({
      items: z.array(
        z.object({ regionId: z.string(), frozenAt: instant, away: z.number().int(), machines: z.number().int() }),
      ),
    }),
    handle: async ({ ctx }) => ({
      items: (await frozenRegions(ctx.db)).map(({ frozenAt, ...one }) => ({ ...one, frozenAt: frozenAt.toString() })),
    }),
  }),
]
