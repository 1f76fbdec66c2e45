// Services belong to workspaces: members see those of theirs, a developer there changes them, and to everyone else a service is
// not there. Asked in one place, before any operation that names a service in its path.
import { type Action, type Principal, roles } from '../identity/access.ts'
import { workspacesOf } from '../identity/members.ts'
import { Refusal } from '../lib/errors.ts'
import { type ServiceKey, serviceNotFound, workspaceOfService } from '../services/services.ts'
import { type TrafficGroupKey, trafficGroupNotFound, workspaceOfGroup } from '../services/traffic/traffic-groups.ts'
import type { ApiContext } from './context.ts'

/** By id or by name: an id has its prefix, a name has no dash. */
export const keyOf = (text: string): ServiceKey => (text.startsWith('eas-m-') ? { id: text } : { name: text })
export const groupKeyOf = (text: string): TrafficGroupKey =>
  text.startsWith('eas-tg-') ? { id: text } : { name: text }

export async function refuseOtherWorkspace(
  { ctx }: ApiContext,
  principal: Principal,
  key: ServiceKey,
  action: Action,
): Promise<void> {
  await refuseWorkspace(ctx, principal, action, {
    workspaceOf: () => workspaceOfService(ctx.db, principal.accountId, key),
    notThere: () => serviceNotFound(key),
  })
}

/** The same of traffic groups. */
export async function refuseOtherGroup(
  { ctx }: ApiContext,
  principal: Principal,
  key: TrafficGroupKey,
  action: Action,
): Promise<void> {
  await refuseWorkspace(ctx, principal, action, {
    workspaceOf: () => workspaceOfGroup(ctx.db, principal.accountId, key),
    notThere: () => trafficGroupNotFound(key),
  })
}

interface Named {
  workspaceOf(): Promise<string | null>
  notThere(): Refusal
}

async function refuseWorkspace(
  ctx: ApiContext['ctx'],
  principal: Principal,
  action: Action,
  named: Named,
): Promise<void> {
  const readable = await workspacesOf(ctx.db, principal, 'read')
  if (readable === null) return
  const workspaceId = await named.workspaceOf()
  // Not there at all: the operation says so itself, in its own words.
  if (workspaceId === null) return
  if (!readable.includes(workspaceId)) throw named.notThere()
  if (action === 'service.read') return
  const writable = await workspacesOf(ctx.db, principal, 'write')
  if (writable?.includes(workspaceId)) return
  throw new Refusal(
    'Forbidden',
    `${principal.userName} is viewer in the workspace ${workspaceId}; ${action} needs developer there`,
    { action, role: 'viewer', allowed: roles.filter(role => role === 'developer'), workspaceId },
  )
}

/** The ids of the workspaces that the principal sees; null: all of the account. */
export const seenWorkspaces = ({ ctx }: ApiContext, principal: Principal): Promise<string[] | null> =>
  workspacesOf(ctx.db, principal, 'read')

/** For lists: a filter on the workspaces that the principal sees; none for who sees all. */
export async function visibleWorkspaces(
  { ctx }: ApiContext,
  principal: Principal,
): Promise<{ workspaceIds?: string[] }> {
  const workspaceIds = await workspacesOf(ctx.db, principal, 'read')
  return workspaceIds === null ? {} : { workspaceIds }
}

/** For what is deployed anew. */
export async function writableWorkspaces(
  { ctx }: ApiContext,
  principal: Principal,
): Promise<{ workspaceIds?: string[] }> {
  const workspaceIds = await workspacesOf(ctx.db, principal, 'write')
  return workspaceIds === null ? {} : { workspaceIds }
}
