import { z } from 'zod'
import { clockJump } from '../../time/time-guard.ts'
import { defineRoute } from '../route.ts'
import { instant } from './fields.ts'

export const statusRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/health/live',
    summary: 'Say that the process answers; asks nothing of the database',
    tag: 'status',
    can: 'anyone',
    returns: z.object({ ok: z.literal(true) }),
    handle: async () => ({ ok: true as const }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/installation',
    summary: 'Get facts of the installation',
    tag: 'status',
    can: 'catalog.read',
    returns: z.object({
      version: z.string(),
      currency: z.string(),
      billingZone: z.string(),
      operatorContact: z.string(),
      gatewayUrl: z.string(),
      exampleModelPath: z.string().nullable().describe('The example model on the host of the control plane.'),
    }),
    handle: async ({ settings }) => settings,
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/clock',
    summary: 'Say whether the clock is trusted: while it is not, expiry, release and billing wait',
    tag: 'status',
    can: 'platform.operate',
    returns: z.object({
      jump: z
        .object({
          reason: z.enum(['ahead', 'behind']).describe('Whether it jumped forward or back.'),
          trustedAt: instant.describe('What it said when it was last to be trusted.'),
          jumpedTo: instant.describe('What it said when the jump was seen.'),
        })
        .nullable()
        .describe('null: time is steady.'),
    }),
    async handle({ ctx }) {
      const jump = await clockJump(ctx.db)
      return {
        jump: jump && { ...jump, trustedAt: jump.trustedAt.toString(), jumpedTo: jump.jumpedTo.toString() },
      }
    },
  }),
]
