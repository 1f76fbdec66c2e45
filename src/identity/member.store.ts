// SQL of workspace_members. Nobody else writes this table.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Member, MemberRole } from './account.ts'

export async function upsertMember(tx: Tx, member: Omit<Member, 'userName'>): Promise<void> {
  await sql`
    insert into workspace_members (account_id, workspace_id, user_id, role, added_at)
    values (${member.accountId}, ${member.workspaceId}, ${member.userId}, ${member.role}, ${member.addedAt})
    on conflict (workspace_id, user_id) do update set role = excluded.role`.execute(tx)
}

/** False: not a member. */
export async function deleteMember(tx: Tx, accountId: string, workspaceId: string, userId: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from workspace_members
    where account_id = ${accountId} and workspace_id = ${workspaceId} and user_id = ${userId}`.execute(tx)
  return numAffectedRows === 1n
}

export async function selectMembers(db: Db, accountId: string, workspaceId: string): Promise<Member[]> {
  const { rows } = await sql<Member>`
    select m.account_id, m.workspace_id, m.user_id, u.name as user_name, m.role, m.added_at
    from workspace_members m join users u on u.account_id = m.account_id and u.id = m.user_id
    where m.account_id = ${accountId} and m.workspace_id = ${workspaceId} order by u.name`.execute(db)
  return rows
}

export async function selectMemberships(
  db: Db,
  accountId: string,
  userId: string,
): Promise<{ workspaceId: string; role: MemberRole }[]> {
  const { rows } = await sql<{ workspaceId: string; role: MemberRole }>`
    select workspace_id, role from workspace_members
    where account_id = ${accountId} and user_id = ${userId}`.execute(db)
  return rows
}

/** Of many users at once. */
export async function selectMembershipsOf(
  db: Db,
  userIds: readonly string[],
): Promise<{ userId: string; workspaceId: string }[]> {
  const { rows } = await sql<{ userId: string; workspaceId: string }>`
    select user_id, workspace_id from workspace_members where user_id = any(${userIds}::text[])`.execute(db)
  return rows
}
