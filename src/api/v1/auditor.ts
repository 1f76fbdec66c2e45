import { z } from 'zod'
import { auditorView } from '../../insight/auditor.ts'
import { auditorMetrics } from '../../insight/auditor-metrics.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull } from './fields.ts'

export const auditorRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/auditor',
    summary: 'Get what the auditor has checked and found, and whether billing is parked for it',
    tag: 'status',
    can: 'platform.operate',
    returns: z.object({
      billingParkedSince: instant
        .nullable()
        .describe('While set, no billing day is closed and nothing is charged by itself; null: all runs.'),
      checks: z.array(
        z.object({
          name: z.string(),
          parksBilling: z.boolean(),
          checkedAt: instant.nullable(),
          roundEndedAt: instant.nullable().describe('When all of it was last looked at.'),
          findings: z.array(z.object({ detail: z.string(), firstSeenAt: instant, lastSeenAt: instant })),
        }),
      ),
    }),
    async handle({ ctx }) {
      const { billingParkedSince, checks } = await auditorView(ctx.db)
      return {
        billingParkedSince: isoOrNull(billingParkedSince),
        checks: checks.map(({ checkedAt, roundEndedAt, findings, ...check }) => ({
          ...check,
          checkedAt: isoOrNull(checkedAt),
          roundEndedAt: isoOrNull(roundEndedAt),
          findings: findings.map(({ detail, firstSeenAt, lastSeenAt }) => ({
            detail,
            firstSeenAt: firstSeenAt.toString(),
            lastSeenAt: lastSeenAt.toString(),
          })),
        })),
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/auditor/metrics',
    summary: "Get the auditor's figures in Prometheus' text format",
    tag: 'status',
    can: 'platform.operate',
    streams: true,
    returns: z.string(),
    async handle({ ctx }) {
      const text = await auditorMetrics(ctx.db, ctx.clock.now())
      return {
        contentType: 'text/plain; charset=utf-8' as const,
        async *lines() {
          yield text.trimEnd()
        },
      }
    },
  }),
]
