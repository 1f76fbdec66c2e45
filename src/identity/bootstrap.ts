// First start: the tenant account with its owner, and the platform's account with its operator, one access key and one
// random password each.
import type { Ctx } from '../db/ctx.ts'
import { lockInTransaction, type Tx, transaction } from '../db/db.ts'
import { invariant } from '../lib/invariant.ts'
import type { Role } from './access.ts'
import type { NewAccessKey } from './access-key.ts'
import { addAccessKey } from './access-keys.ts'
import { defaultAccountName, platformAccountName } from './account.ts'
import { addAccount, addUser } from './accounts.ts'
import { selectAccount } from './identity.store.ts'
import { newPassword } from './password.ts'
import type { Passwords } from './passwords.ts'
import type { SecretBox } from './secret-box.ts'
import { upsertPassword } from './session.store.ts'

export interface FirstKeys {
  owner: FirstUser
  operator: FirstUser
}

export interface FirstUser extends NewAccessKey {
  accountId: string
  account: string
  user: string
  password: string
}

/**
 * Makes both accounts and answers their secrets, which are shown this once; null when they stand already. One transaction:
 * after a crash either all of it is there or none.
 */
export async function firstStart(ctx: Ctx, box: SecretBox, passwords: Passwords): Promise<FirstKeys | null> {
  if (await selectAccount(ctx.db, { name: platformAccountName })) return null
  // Outside the transaction: hashing takes its time.
  const owner = await makePassword(ctx, passwords)
  const operator = await makePassword(ctx, passwords)
  return transaction(ctx, async tx => {
    await lockInTransaction(tx, 'identity.first-start')
    if (await selectAccount(tx, { name: platformAccountName })) return null
    return {
      owner: await firstUser(ctx, box, tx, defaultAccountName, { name: 'admin', role: 'owner' }, owner),
      operator: await firstUser(ctx, box, tx, platformAccountName, { name: 'operator', role: 'operator' }, operator),
    }
  })
}

interface Made {
  password: string
  hash: string
}

async function makePassword(ctx: Ctx, passwords: Passwords): Promise<Made> {
  const password = newPassword(ctx.random)
  return { password, hash: await passwords.hash(password) }
}

async function firstUser(
  ctx: Ctx,
  box: SecretBox,
  tx: Tx,
  accountName: string,
  user: { name: string; role: Role },
  { password, hash }: Made,
): Promise<FirstUser> {
  const by = 'system:first-start'
  const account = (await addAccount(ctx, tx, by, accountName)) ?? (await selectAccount(tx, { name: accountName }))
  invariant(account, 'an account whose name is taken is there')
  const actor = { accountId: account.accountId, name: by }
  const made = await addUser(ctx, tx, actor, user)
  invariant(made, 'nobody has made users before the first start')
  const key = await addAccessKey(ctx, box, tx, actor, { userId: made.userId, expiresAt: null })
  await upsertPassword(tx, made, hash, made.createdAt)
  return { ...key, accountId: account.accountId, account: account.name, user: user.name, password }
}
