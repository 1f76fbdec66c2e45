// What a service's JSON names, found in this installation: its group, its workspace, and whether its engine can run it.
import { sql } from 'kysely'
import type { Tx } from '../../db/db.ts'
import { groupNameKey } from '../../fleet/resource-group.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'
import { whyNotOn } from './engine-config.ts'
import type { Installation } from './installation.ts'
import type { ServiceSpec } from './service-config.ts'

/** `workspaceIds`: those it may go to; every one of the account unless told. */
export interface DeployLimits {
  workspaceIds?: readonly string[]
}

/** By id, or by a name that is resolved once: the service keeps the id (Q52). */
export async function groupIdOf(tx: Tx, accountId: string, resource: string): Promise<string> {
  const query = tx.selectFrom('resourceGroups').select('id').where('accountId', '=', accountId)
  const named = query.where('deletedAt', 'is', null).where('nameKey', '=', groupNameKey(resource))
  const byId = await query.where('id', '=', resource).executeTakeFirst()
  return byId?.id ?? (await named.executeTakeFirst())?.id ?? resource
}

export async function workspaceIdOf(
  tx: Tx,
  accountId: string,
  wanted: string | null,
  { workspaceIds }: DeployLimits,
): Promise<string> {
  let query = tx.selectFrom('workspaces').select('id').where('accountId', '=', accountId)
  if (wanted !== null) query = query.where(eb => eb.or([eb('id', '=', wanted), eb('name', '=', wanted)]))
  if (workspaceIds !== undefined) query = query.where(sql<boolean>`id = any(${workspaceIds}::text[])`)
  const row = await query.orderBy('createdAt').orderBy('id').limit(1).executeTakeFirst()
  if (row) return row.id
  const message = wanted === null ? 'there is no workspace that you may deploy to' : `there is no workspace ${wanted}`
  throw new Refusal<ServicesRefusal>('WorkspaceNotFound', message, { field: 'metadata.workspace_id' })
}

export async function checkEngine(
  tx: Tx,
  regionId: string,
  spec: ServiceSpec,
  installation: Installation | undefined,
): Promise<void> {
  const region = await tx.selectFrom('regions').select('engine').where('id', '=', regionId).executeTakeFirstOrThrow()
  const problem = whyNotOn(region.engine, spec, installation)
  if (problem === null) return
  const { field, message } = problem
  throw new Refusal<ServicesRefusal>('EngineNotSupported', `${field}: ${message(regionId)}`, { field, regionId })
}

/** By id or by name. */
export async function isWorkspace(tx: Tx, workspaceId: string, wanted: string): Promise<boolean> {
  if (wanted === workspaceId) return true
  const query = tx.selectFrom('workspaces').select('name').where('id', '=', workspaceId)
  return (await query.executeTakeFirst())?.name === wanted
}
