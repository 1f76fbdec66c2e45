import { z } from 'zod'
import { controllersView, setAsideKinds, setAsideView, unheldDuties } from '../../insight/controllers.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull } from './fields.ts'

export const controllerRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/controllers',
    summary: 'List the controllers: who lives and has which duties, and how those of the last day ended',
    tag: 'status',
    can: 'platform.operate',
    returns: z.object({
      items: z.array(
        z.object({
          controllerId: z.string(),
          host: z.string().describe('Its boot and process namespace.'),
          hostName: z.string().describe('Of its machine or pod; empty where an older release has not said.'),
          pid: z.number().int(),
          version: z.string(),
          duties: z.array(z.string()),
          startedAt: instant,
          beatAt: instant.describe('When it last said that it lives.'),
          endedAt: instant.nullable(),
          endedBecause: z
            .enum(['stopped', 'silent', 'gone'])
            .nullable()
            .describe('It stopped in order, was silent for too long, or its process was gone.'),
          refusedWrites: z.string().describe('Writes that were refused because another had taken over.'),
        }),
      ),
      unheldDuties: z.array(z.string()).describe('What none of those who live does.'),
    }),
    async handle({ ctx }) {
      const items = await controllersView(ctx.db)
      return {
        items: items.map(({ id, startedAt, beatAt, endedAt, refusedWrites, ...rest }) => ({
          controllerId: id,
          ...rest,
          startedAt: startedAt.toString(),
          beatAt: beatAt.toString(),
          endedAt: isoOrNull(endedAt),
          refusedWrites: refusedWrites.toString(),
        })),
        unheldDuties: unheldDuties(items),
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/set-aside',
    summary: 'List rows that fail again and again: each waits longer from time to time, and others go on',
    tag: 'status',
    can: 'platform.operate',
    returns: z.object({
      items: z.array(
        z.object({
          kind: z.enum(setAsideKinds),
          id: z.string(),
          attempts: z.number().int(),
          error: z.string().describe('What was said when it failed last.'),
          since: instant,
          lastAt: instant,
          dueAt: instant.describe('When it is tried again.'),
        }),
      ),
    }),
    async handle({ ctx }) {
      const items = await setAsideView(ctx.db)
      return {
        items: items.map(({ kind, rowId, attempts, error, since, lastAt, dueAt }) => ({
          ...{ kind, id: rowId, attempts, error },
          ...{ since: since.toString(), lastAt: lastAt.toString(), dueAt: dueAt.toString() },
        })),
      }
    },
  }),
]
