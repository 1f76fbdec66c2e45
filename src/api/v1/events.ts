import { z } from 'zod'
import { listEvents } from '../../events/event.ts'
import { actorNames } from '../../identity/actors.ts'
import { audienceOf } from '../../identity/audience.ts'
import { Refusal } from '../../lib/errors.ts'
import { defineRoute } from '../route.ts'
import { ActorView, instant } from './fields.ts'

const eventId = z.string().regex(/^\d{1,18}$/)

const subjectKinds = [
  ...(['group', 'machine', 'drain_plan', 'order', 'service', 'service_instance', 'traffic_group'] as const),
  ...(['account', 'access_key', 'user', 'workspace'] as const),
  ...(['offering', 'stock', 'zone', 'region', 'billing_day'] as const),
] as const

export const eventRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/events',
    summary: 'List what happened, newest first',
    tag: 'event',
    can: 'event.read',
    query: {
      subjectKind: z.enum(subjectKinds).optional(),
      subjectId: z.string().max(100).optional(),
      before: eventId.optional().describe('`eventId` of the last item of the page before.'),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    },
    returns: z.object({
      items: z.array(
        z.object({
          eventId: z.string(),
          at: instant,
          kind: z.string(),
          subjectKind: z.string(),
          subjectId: z.string(),
          actor: z.string(),
          by: ActorView,
          data: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
    async handle({ ctx }, { query, principal }) {
      const events = await listEvents(ctx.db, {
        audience: await audienceOf(ctx.db, principal),
        limit: query.limit,
        ...(query.subjectKind === undefined ? {} : { subjectKind: query.subjectKind }),
        ...(query.subjectId === undefined ? {} : { subjectId: query.subjectId }),
        ...(query.before === undefined ? {} : { beforeId: BigInt(query.before) }),
      })
      const by = await actorNames(
        ctx.db,
        principal.accountId,
        events.map(event => event.actor),
      )
      return {
        items: events.map(({ id, at, accountId: _, workspaceId: __, data, ...event }) => ({
          ...event,
          by: by(event.actor),
          eventId: id.toString(),
          at: at.toString(),
          data: data as Record<string, unknown>,
        })),
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/events/stream',
    summary: 'Follow what changes, as server-sent events',
    tag: 'event',
    can: 'event.read',
    query: {
      after: eventId
        .optional()
        .describe(
          '`id` of the last event that you were told; the header `Last-Event-ID` says the same. From now on by default.',
        ),
    },
    returns: z
      .string()
      .describe(
        '`ready` when it begins: with `resumed` true nothing was missed since `after`, else ask anew for what you show. `changes`: which things have changed, each once; `subjectIds` null means many. `end`: `because` the session or the key is over (`credential`), or the database does not answer (`database`): come back with `after`, and you are told what you missed.',
      ),
    streams: 'text/event-stream',
    async handle({ eventStreams }, { query, principal, request }) {
      const header = request.headers['last-event-id']
      if (header !== undefined && !eventId.safeParse(header).success) {
        throw new Refusal('InvalidParameter', 'last-event-id: send the `id` of an event of this stream, or nothing.', {
          field: 'last-event-id',
        })
      }
      const after = header ?? query.after
      const { frames, ends } = await eventStreams.open(principal, after === undefined ? null : BigInt(String(after)))
      return { contentType: 'text/event-stream', lines: frames, ends }
    },
  }),
]
