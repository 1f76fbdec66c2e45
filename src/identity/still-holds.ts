// Answers that go on for hours: whether those who asked for them may still ask.
import type { Ctx } from '../db/ctx.ts'
import type { Principal } from './access.ts'
import { isUsable } from './access-key.ts'
import { selectSigners } from './identity.store.ts'
import { selectSessionsById } from './session.store.ts'
import { isLive } from './session.ts'

export const credentialOf = ({ accessKeyId, sessionId }: Principal): string => accessKeyId ?? sessionId ?? ''

/** By `credentialOf`, the principals as they are now; those whose session or key is over, or who are disabled, are left out. */
export async function whoStillHolds(
  { db, clock }: Pick<Ctx, 'db' | 'clock'>,
  principals: readonly Principal[],
): Promise<Map<string, Principal>> {
  const now = clock.now()
  const idsOf = (pick: (principal: Principal) => string | null) => [
    ...new Set(principals.map(pick).filter(id => id !== null)),
  ]
  const sessionIds = idsOf(({ sessionId }) => sessionId)
  const accessKeyIds = idsOf(({ accessKeyId }) => accessKeyId)
  const sessions = sessionIds.length > 0 ? await selectSessionsById(db, sessionIds) : []
  const signers = accessKeyIds.length > 0 ? await selectSigners(db, accessKeyIds) : []
  const held = [
    ...sessions.filter(session => isLive(session, now)).map(session => ({ ...session, accessKeyId: null })),
    ...signers.filter(signer => isUsable(signer, now)).map(signer => ({ ...signer, sessionId: null })),
  ]
  return new Map(
    held
      .filter(({ disabledAt }) => disabledAt === null)
      .map(({ accountId, userId, userName, role, accessKeyId, sessionId }) => {
        const principal: Principal = { accountId, userId, userName, role, accessKeyId, sessionId }
        return [credentialOf(principal), principal]
      }),
  )
}
