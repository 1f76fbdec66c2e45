// Notices as they come over weeks: three of a machine, in the books as the parts of Berth give them.
import { transaction } from '../../src/db/db.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { NewNotice } from '../../src/notices/notice.ts'
import { giveNotices } from '../../src/notices/notices.ts'
import type { ConsoleWorld } from './console-world.ts'

export async function furnishNotices(world: ConsoleWorld, machineId: string): Promise<void> {
  const { accountId } = world.installation.credentials().owner
  const about = { accountId, subjectKind: 'machine' as const, subjectId: machineId }
  const expiresAt = '2026-12-24T04:00:00Z'
  const notices: NewNotice[] = [
    { ...about, kind: 'subscription.expires', key: 'e2e:3d', data: { expiresAt, before: '3d', autoRenew: false } },
    {
      ...{ ...about, kind: 'subscription.renewal_failed', key: 'e2e:failed' },
      data: { code: 'BalanceInsufficient', message: 'the wallet does not cover it', nextTryAt: '2026-12-23T04:00:00Z' },
    },
    {
      ...about,
      kind: 'subscription.expired',
      key: 'e2e:expired',
      data: { expiresAt, keptUntil: '2027-01-08T04:00:00Z' },
    },
  ]
  await world.withDb(db =>
    transaction({ db, random: systemRandom }, tx =>
      giveNotices(tx, Temporal.Instant.from('2026-11-26T04:00:00Z'), notices),
    ),
  )
}
