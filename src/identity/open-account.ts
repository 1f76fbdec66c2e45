// An account that somebody can use: with its owner and the owner's first access key, all of it or, refused, none.
import type { Ctx } from '../db/ctx.ts'
import { transaction } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { invariant } from '../lib/invariant.ts'
import type { NewAccessKey } from './access-key.ts'
import { addAccessKey } from './access-keys.ts'
import type { Account } from './account.ts'
import { accountNameInUse, addAccount, addUser, checkName } from './accounts.ts'
import { newPassword } from './password.ts'
import type { Passwords } from './passwords.ts'
import type { SecretBox } from './secret-box.ts'
import { upsertPassword } from './session.store.ts'

export async function openAccount(
  ctx: Ctx,
  box: SecretBox,
  actor: Actor,
  { name, ownerName, withPassword = false }: { name: string; ownerName: string; withPassword?: boolean },
  passwords: Passwords,
): Promise<{ account: Account; key: NewAccessKey; password: string | null }> {
  checkName(name)
  checkName(ownerName, 'ownerName')
  // Outside the transaction: hashing takes its time.
  const password = withPassword ? newPassword(ctx.random) : null
  const hash = password === null ? null : await passwords.hash(password)
  return transaction(ctx, async tx => {
    const account = await addAccount(ctx, tx, actor.name, name)
    if (account === null) throw accountNameInUse(name)
    const inAccount = { accountId: account.accountId, name: actor.name }
    const owner = await addUser(ctx, tx, inAccount, { name: ownerName, role: 'owner' })
    invariant(owner, 'an account that was just made has no users')
    if (hash !== null) await upsertPassword(tx, owner, hash, owner.createdAt)
    const key = await addAccessKey(ctx, box, tx, inAccount, { userId: owner.userId, expiresAt: null })
    return { account, key, password }
  })
}
