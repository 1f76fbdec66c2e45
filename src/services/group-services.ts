// What stands in the way of deleting a group, as far as services know.
import type { Tx } from '../db/db.ts'

/** Services that are not deleted yet, as `deleteGroup` of the fleet asks for them. */
export async function servicesInGroup(tx: Tx, groupId: string): Promise<{ id: string; name: string }[]> {
  const query = tx.selectFrom('services').select(['id', 'name'])
  return query.where('groupId', '=', groupId).where('deletedAt', 'is', null).orderBy('name').execute()
}
