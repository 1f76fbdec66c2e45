// Which events somebody may read, by their role and their workspaces.
import type { Db } from '../db/db.ts'
import type { Audience } from '../events/event.ts'
import { may, type Principal } from './access.ts'
import { workspacesOf } from './members.ts'

export async function audienceOf(db: Db, principal: Principal): Promise<Audience> {
  const { accountId, userId, role } = principal
  return {
    ...{ accountId, userId },
    workspaceIds: await workspacesOf(db, principal, 'read'),
    managesUsers: may(role, 'user.read'),
    installation: may(role, 'platform.operate'),
  }
}
