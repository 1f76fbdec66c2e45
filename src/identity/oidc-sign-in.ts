// Which user an identity of the provider is: the one it was bound to, else the one with its verified e-mail, who is bound to
// it by that. Nobody is made by signing in.
import type { Ctx } from '../db/ctx.ts'
import { transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import type { IdentityRefusal } from './access.ts'
import { bindOidc, selectOidcUser, selectUnboundUser } from './oidc.store.ts'
import type { OidcIdentity } from './oidc-client.ts'
import type { Visitor } from './session.ts'
import { type NewSession, startSession } from './sessions.ts'

export async function signInByOidc(
  ctx: Ctx,
  identity: OidcIdentity,
  how: { visitor: Visitor; before: string | null },
): Promise<NewSession> {
  return transaction(ctx, async tx => {
    const bound = await selectOidcUser(tx, identity.issuer, identity.subject)
    if (bound) return startSession(ctx, tx, bound, { method: 'oidc', ...how })
    if (identity.email === null) throw unknown('vouches for no e-mail of yours')
    const user = await selectUnboundUser(tx, identity.email)
    if (!user)
      throw unknown('knows you by an e-mail that no user here has, or whose user has signed in as somebody else')
    const now = ctx.clock.now()
    await bindOidc(tx, user, identity.issuer, identity.subject)
    await appendEvents(tx, now, [
      {
        ...{ accountId: user.accountId, kind: 'user.identity_bound', subjectKind: 'user', subjectId: user.userId },
        ...{ actor: `user:${user.userId}`, data: { issuer: identity.issuer, subject: identity.subject } },
      },
    ])
    return startSession(ctx, tx, user, { method: 'oidc', ...how })
  })
}

const unknown = (why: string): Refusal<IdentityRefusal> =>
  new Refusal(
    'IdentityNotKnown',
    `The identity provider ${why}. The owner of the account adds you with your e-mail: \`berth user add --email\`.`,
  )
