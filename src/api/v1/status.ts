import { z } from 'zod'
import { defineRoute } from '../route.ts'

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
]
