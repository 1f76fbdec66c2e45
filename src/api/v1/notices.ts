import { z } from 'zod'
import { type Notice, noticeKinds, severityOf } from '../../notices/notice.ts'
import { listNotices, readNotices, unreadNotices } from '../../notices/notices.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull } from './fields.ts'

const NoticeView = z.object({
  noticeId: z.string(),
  kind: z.enum(noticeKinds),
  severity: z.enum(['info', 'warning', 'critical']),
  subjectKind: z.string(),
  subjectId: z.string(),
  createdAt: instant,
  readAt: instant.nullable(),
  data: z.record(z.string(), z.unknown()).describe('What the kind tells: instants, amounts in fen, codes.'),
})

const noticeId = z.string().regex(/^\d{1,18}$/, 'must be the noticeId of a notice')

const viewOf = ({ id, kind, subjectKind, subjectId, createdAt, readAt, data }: Notice) => ({
  ...{ noticeId: id.toString(), kind, severity: severityOf(kind), subjectKind, subjectId },
  ...{ createdAt: createdAt.toString(), readAt: isoOrNull(readAt), data: data as Record<string, unknown> },
})

export const noticeRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/notices',
    summary: 'List notices of the account, newest first: expiry, renewal, arrears',
    tag: 'notice',
    can: 'notice.read',
    query: {
      unread: z.enum(['true', 'false']).optional().describe('`true`: only those that nobody has read.'),
      kind: z.enum(noticeKinds).optional(),
      subjectId: z.string().max(100).optional(),
      before: noticeId.optional().describe('`noticeId` of the last item of the page before.'),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    },
    returns: z.object({ items: z.array(NoticeView), unread: z.number().int() }),
    async handle({ ctx }, { query, actor }) {
      const { unread, kind, subjectId, before, limit } = query
      const items = await listNotices(ctx.db, {
        ...{ accountId: actor.accountId, limit, unread: unread === 'true' },
        ...(kind === undefined ? {} : { kind }),
        ...(subjectId === undefined ? {} : { subjectId }),
        ...(before === undefined ? {} : { beforeId: BigInt(before) }),
      })
      return { items: items.map(viewOf), unread: await unreadNotices(ctx.db, actor.accountId) }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/notices/read',
    summary: 'Mark notices as read, up to and with one',
    tag: 'notice',
    can: 'notice.write',
    body: { throughNoticeId: noticeId },
    returns: z.object({ read: z.number().int().describe('How many were not read before.') }),
    handle: async ({ ctx }, { body, actor }) => ({
      read: await readNotices(ctx, actor.accountId, BigInt(body.throughNoticeId)),
    }),
  }),
]
