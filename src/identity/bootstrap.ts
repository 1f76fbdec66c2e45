// First start: the tenant account with its owner, and the platform's account with its operator, one access key each.
import type { Ctx } from '../db/ctx.ts'
import { lockInTransaction, type Tx, transaction } from '../db/db.ts'
import { invariant } from '../lib/invariant.ts'
import type { Role } from './access.ts'
import type { NewAccessKey } from './access-key.ts'
import { addAccessKey } from './access-keys.ts'
import { defaultAccountName, platformAccountName } from './account.ts'
import { addAccount, addUser } from './accounts.ts'
import { selectAccount } from './identity.store.ts'
import type { SecretBox } from './secret-box.ts'

export interface FirstKeys {
  owner: NewAccessKey & { accountId: string }
  operator: NewAccessKey & { accountId: string }
}

/**
 * Makes both accounts and answers their secrets, which are shown this once; null when they stand already. One transaction:
 * after a crash either all of it is there or none.
 */
export async function firstStart(ctx: Ctx, box: SecretBox): Promise<FirstKeys | null> {
  return transaction(ctx, async tx => {
    await lockInTransaction(tx, 'identity.first-start')
    if (await selectAccount(tx, { name: platformAccountName })) return null
    return {
      owner: await firstUser(ctx, box, tx, defaultAccountName, { name: 'admin', role: 'owner' }),
      operator: await firstUser(ctx, box, tx, platformAccountName, { name: 'operator', role: 'operator' }),
    }
  })
}

async function firstUser(ctx: Ctx, box: SecretBox, tx: Tx, accountName: string, user: { name: string; role: Role }) {
  const by = 'system:first-start'
  const account = (await addAccount(ctx, tx, by, accountName)) ?? (await selectAccount(tx, { name: accountName }))
  invariant(account, 'an account whose name is taken is there')
  const actor = { accountId: account.accountId, name: by }
  const made = await addUser(ctx, tx, actor, user)
  invariant(made, 'nobody has made users before the first start')
  const key = await addAccessKey(ctx, box, tx, actor, { userId: made.userId, expiresAt: null })
  return { ...key, accountId: account.accountId }
}
