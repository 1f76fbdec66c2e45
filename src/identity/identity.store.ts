// SQL of accounts, workspaces, users, access_keys and signature_nonces. Nobody else writes these tables.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Role } from './access.ts'
import type { AccessKey } from './access-key.ts'
import type { Account, User, Workspace } from './account.ts'

/** False: the name is taken. */
export async function insertAccount(tx: Tx, account: Account): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into accounts (id, name, created_at) values (${account.accountId}, ${account.name}, ${account.createdAt})
    on conflict (name) do nothing`.execute(tx)
  return numAffectedRows === 1n
}

/** False: the account has a workspace of this name. */
export async function insertWorkspace(tx: Tx, workspace: Workspace): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into workspaces (id, account_id, name, created_at)
    values (${workspace.workspaceId}, ${workspace.accountId}, ${workspace.name}, ${workspace.createdAt})
    on conflict (account_id, name) do nothing`.execute(tx)
  return numAffectedRows === 1n
}

/** False: the account has a user of this name. An e-mail that another user has breaks `users_email`. */
export async function insertUser(tx: Tx, user: User): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into users (id, account_id, name, role, email, created_at)
    values (${user.userId}, ${user.accountId}, ${user.name}, ${user.role}, ${user.email}, ${user.createdAt})
    on conflict (account_id, name) do nothing`.execute(tx)
  return numAffectedRows === 1n
}

export async function selectAccounts(db: Db): Promise<Account[]> {
  const { rows } = await sql<Account>`
    select id as account_id, name, created_at from accounts order by name`.execute(db)
  return rows
}

export async function selectAccount(db: Db, by: { name: string } | { accountId: string }): Promise<Account | null> {
  const column = 'name' in by ? 'name' : 'id'
  const { rows } = await sql<Account>`
    select id as account_id, name, created_at from accounts
    where ${sql.ref(column)} = ${'name' in by ? by.name : by.accountId}`.execute(db)
  return rows[0] ?? null
}

export async function selectUsers(db: Db, accountId: string): Promise<User[]> {
  const { rows } = await sql<User>`
    select id as user_id, account_id, name, role, email, disabled_at, created_at from users
    where account_id = ${accountId} order by name`.execute(db)
  return rows
}

/** A new e-mail is another identity: what was bound to the old one is bound no more. */
export async function updateUser(tx: Tx, { accountId, userId, role, email, disabledAt }: User): Promise<void> {
  await sql`
    update users set role = ${role}, email = ${email}, disabled_at = ${disabledAt},
      oidc_issuer = case when email is distinct from ${email} then null else oidc_issuer end,
      oidc_subject = case when email is distinct from ${email} then null else oidc_subject end
    where account_id = ${accountId} and id = ${userId}`.execute(tx)
}

export async function selectWorkspaces(db: Db, accountId: string): Promise<Workspace[]> {
  const { rows } = await sql<Workspace>`
    select id as workspace_id, account_id, name, created_at from workspaces
    where account_id = ${accountId} order by name`.execute(db)
  return rows
}

/** A name that another has breaks `workspaces_account_id_name_key`. */
export async function updateWorkspaceName(tx: Tx, accountId: string, workspaceId: string, name: string): Promise<void> {
  await sql`
    update workspaces set name = ${name} where account_id = ${accountId} and id = ${workspaceId}`.execute(tx)
}

export async function insertAccessKey(tx: Tx, key: Omit<AccessKey, 'userName'>, secretCipher: Buffer): Promise<void> {
  await sql`
    insert into access_keys (id, account_id, user_id, secret_cipher, created_at, expires_at)
    values (${key.accessKeyId}, ${key.accountId}, ${key.userId}, ${secretCipher}, ${key.createdAt}, ${key.expiresAt})`.execute(
    tx,
  )
}

export async function selectAccessKeys(
  db: Db,
  accountId: string,
  by: { accessKeyId?: string; userId?: string } = {},
): Promise<AccessKey[]> {
  const { rows } = await sql<AccessKey>`
    select k.id as access_key_id, k.account_id, k.user_id, u.name as user_name, k.created_at, k.expires_at, k.revoked_at,
      k.last_used_at
    from access_keys k join users u on u.account_id = k.account_id and u.id = k.user_id
    where k.account_id = ${accountId}
      and (${by.accessKeyId ?? null}::text is null or k.id = ${by.accessKeyId ?? null})
      and (${by.userId ?? null}::text is null or k.user_id = ${by.userId ?? null})
    order by k.created_at, k.id`.execute(db)
  return rows
}

/** Sets an end; an end that is nearer already stays. */
export async function endAccessKey(
  tx: Tx,
  key: { accountId: string; accessKeyId: string },
  end: { expiresAt: Temporal.Instant } | { revokedAt: Temporal.Instant },
): Promise<void> {
  if ('revokedAt' in end) {
    await sql`
      update access_keys set revoked_at = coalesce(revoked_at, ${end.revokedAt})
      where account_id = ${key.accountId} and id = ${key.accessKeyId}`.execute(tx)
    return
  }
  await sql`
    update access_keys set expires_at = least(expires_at, ${end.expiresAt})
    where account_id = ${key.accountId} and id = ${key.accessKeyId}`.execute(tx)
}

export interface Signer {
  accountId: string
  userId: string
  userName: string
  role: Role
  disabledAt: Temporal.Instant | null
  secretCipher: Buffer
  expiresAt: Temporal.Instant | null
  revokedAt: Temporal.Instant | null
  lastUsedAt: Temporal.Instant | null
}

/** The key with its user as both are now: a changed role, a user who was disabled, counts from the next request on (Q65). */
export async function selectSigner(db: Db, accessKeyId: string): Promise<Signer | null> {
  const { rows } = await sql<Signer>`
    select k.account_id, k.user_id, u.name as user_name, u.role, u.disabled_at, k.secret_cipher, k.expires_at,
      k.revoked_at, k.last_used_at
    from access_keys k join users u on u.account_id = k.account_id and u.id = k.user_id
    where k.id = ${accessKeyId}`.execute(db)
  return rows[0] ?? null
}

/** The same for many at once; unknown ids are left out. */
export async function selectSigners(
  db: Db,
  accessKeyIds: readonly string[],
): Promise<(Omit<Signer, 'secretCipher'> & { accessKeyId: string })[]> {
  const { rows } = await sql<Omit<Signer, 'secretCipher'> & { accessKeyId: string }>`
    select k.id as access_key_id, k.account_id, k.user_id, u.name as user_name, u.role, u.disabled_at, k.expires_at,
      k.revoked_at, k.last_used_at
    from access_keys k join users u on u.account_id = k.account_id and u.id = k.user_id
    where k.id = any(${accessKeyIds}::text[])`.execute(db)
  return rows
}

/** False: this key has used the nonce before. The unique key decides between two at once. */
export async function insertNonce(db: Db, accessKeyId: string, nonce: string, now: Temporal.Instant): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into signature_nonces (access_key_id, nonce, seen_at) values (${accessKeyId}, ${nonce}, ${now})
    on conflict do nothing`.execute(db)
  return numAffectedRows === 1n
}

export async function deleteNonces(db: Db, seenBefore: Temporal.Instant, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from signature_nonces where ctid in (
      select ctid from signature_nonces where seen_at < ${seenBefore} limit ${limit}
    )`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

export async function touchAccessKey(
  db: Db,
  accessKeyId: string,
  now: Temporal.Instant,
  unlessSince: Temporal.Instant,
): Promise<void> {
  await sql`
    update access_keys set last_used_at = ${now}
    where id = ${accessKeyId} and (last_used_at is null or last_used_at < ${unlessSince})`.execute(db)
}

export async function selectUserNames(db: Db, accountId: string, ids: readonly string[]): Promise<[string, string][]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from users where account_id = ${accountId} and id = any(${ids}::text[])`.execute(db)
  return rows.map(({ id, name }) => [id, name])
}
