// What a group holds, as far as services know: it stands in the way of deleting the group.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'

/** Services that are not deleted yet, as `deleteGroup` of the fleet asks for them. */
export async function servicesInGroup(
  db: Db | Tx,
  groupId: string,
): Promise<{ id: string; name: string; workspaceId: string }[]> {
  const query = db.selectFrom('services').select(['id', 'name', 'workspaceId'])
  return query.where('groupId', '=', groupId).where('deletedAt', 'is', null).orderBy('name').execute()
}

/** The same for somebody who sees these workspaces (null: all): the others' services count, and have no names. */
export const servicesInGroupSeenBy =
  (workspaceIds: readonly string[] | null) =>
  async (db: Db | Tx, groupId: string): Promise<{ id: string; name: string; hidden: boolean }[]> =>
    (await servicesInGroup(db, groupId)).map(({ id, name, workspaceId }) => ({
      ...{ id, name, hidden: workspaceIds !== null && !workspaceIds.includes(workspaceId) },
    }))

/** How many services each of these groups has; a group without any is left out. */
export async function countServicesByGroup(
  db: Db,
  accountId: string,
  groupIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('services')
    .select(['groupId', sql<number>`count(*)::int`.as('count')])
    .where('accountId', '=', accountId)
    .where(sql<boolean>`group_id = any(${groupIds}::text[])`)
    .where('deletedAt', 'is', null)
    .groupBy('groupId')
    .execute()
  return new Map(rows.map(row => [row.groupId, row.count]))
}
