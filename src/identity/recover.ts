// A way in for whoever has the database and the key that seals secrets, and no access key: the first sign-in where roles run apart
// (the file with the first keys went with the pod that made it), or the last one's secret is lost.
import type { Ctx } from '../db/ctx.ts'
import { Refusal } from '../lib/errors.ts'
import { type IdentityRefusal, userDisabled } from './access.ts'
import type { NewAccessKey } from './access-key.ts'
import { createAccessKey } from './access-keys.ts'
import { getAccount } from './accounts.ts'
import { selectUsers } from './identity.store.ts'
import type { SecretBox } from './secret-box.ts'

/** Another access key of theirs, beside those that they have; the account's history says that it was made this way. */
export async function recoverAccess(
  ctx: Ctx,
  box: SecretBox,
  { account: name, user: userName }: { account: string; user: string },
): Promise<NewAccessKey> {
  const { accountId } = await getAccount(ctx.db, { name })
  const user = (await selectUsers(ctx.db, accountId)).find(one => one.name === userName)
  if (user === undefined) {
    throw new Refusal<IdentityRefusal>('UserNotFound', `user: there is no user ${userName} in the account ${name}`, {
      field: 'user',
    })
  }
  if (user.disabledAt !== null) throw userDisabled({ userName })
  return createAccessKey(ctx, box, { accountId, name: 'system:recover' }, user)
}
