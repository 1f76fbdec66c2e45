// SQL of what binds users to identities of the provider: columns of users.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'
import type { SignInUser } from './session.store.ts'

const columns = sql`account_id, id as user_id, name as user_name, role, disabled_at`

export async function selectOidcUser(tx: Tx, issuer: string, subject: string): Promise<SignInUser | null> {
  const { rows } = await sql<SignInUser>`
    select ${columns} from users where oidc_issuer = ${issuer} and oidc_subject = ${subject}`.execute(tx)
  return rows[0] ?? null
}

export async function selectUnboundUser(tx: Tx, email: string): Promise<SignInUser | null> {
  const { rows } = await sql<SignInUser>`
    select ${columns} from users
    where lower(email) = lower(${email}) and oidc_subject is null for update`.execute(tx)
  return rows[0] ?? null
}

export async function bindOidc(tx: Tx, user: SignInUser, issuer: string, subject: string): Promise<void> {
  await sql`
    update users set oidc_issuer = ${issuer}, oidc_subject = ${subject}
    where account_id = ${user.accountId} and id = ${user.userId}`.execute(tx)
}
