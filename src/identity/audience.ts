// Which events somebody may read, by their role and their workspaces.
import type { Db } from '../db/db.ts'
import type { Audience } from '../events/event.ts'
import { may, type Principal } from './access.ts'
import { selectMembershipsOf } from './member.store.ts'
import { isMemberRole, workspacesOf } from './members.ts'

export async function audienceOf(db: Db, principal: Principal): Promise<Audience> {
  return audience(principal, await workspacesOf(db, principal, 'read'))
}

/** For many at once, in their order, with one query. */
export async function audiencesOf(db: Db, principals: readonly Principal[]): Promise<Audience[]> {
  const members = principals.filter(({ role }) => isMemberRole(role)).map(({ userId }) => userId)
  const memberships = members.length > 0 ? await selectMembershipsOf(db, members) : []
  const workspaces = Map.groupBy(memberships, ({ userId }) => userId)
  return principals.map(principal => {
    const { role, userId } = principal
    const own = workspaces.get(userId)?.map(({ workspaceId }) => workspaceId) ?? []
    return audience(principal, isMemberRole(role) ? own : null)
  })
}

const audience = ({ accountId, userId, role }: Principal, workspaceIds: string[] | null): Audience => ({
  ...{ accountId, userId, workspaceIds },
  managesUsers: may(role, 'user.read'),
  installation: may(role, 'platform.operate'),
})
