// What a service's JSON names, found in this installation: its group, its workspace, and whether its engine can run it.
import { sql } from 'kysely'
import type { Tx } from '../../db/db.ts'
import { groupNameKey } from '../../fleet/resource-group.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'
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

export async function checkEngine(tx: Tx, regionId: string, spec: ServiceSpec): Promise<void> {
  const region = await tx.selectFrom('regions').select('engine').where('id', '=', regionId).executeTakeFirstOrThrow()
  const problem = whyNotOn(region.engine, spec)
  if (problem === null) return
  const { field, message } = problem
  throw new Refusal<ServicesRefusal>('EngineNotSupported', `${field}: ${message(regionId)}`, { field, regionId })
}

interface EngineProblem {
  field: string
  message(regionId: string): string
}

const needsDocker: EngineProblem = {
  field: 'containers[0].image',
  message: regionId =>
    `images need Docker; region ${regionId} runs processes. Give containers[0].command or script instead`,
}
const needsImage: EngineProblem = {
  field: 'containers[0].image',
  message: regionId => `is missing: region ${regionId} runs containers. Name the image that the command runs in`,
}
/** Its files are this host's, and a container sees none of them. */
const noProcessor: EngineProblem = {
  field: 'processor',
  message: regionId =>
    `the built-in model server runs as a process; region ${regionId} runs containers. Name an image that serves the model in containers[0].image, or deploy to a region whose engine is process`,
}

const noMounts: EngineProblem = {
  field: 'storage',
  message: regionId =>
    `region ${regionId} has no host whose directories could be mounted. Bring the files in the image`,
}

function whyNotOn(engine: string, { program: { kind }, mounts }: ServiceSpec): EngineProblem | null {
  if (engine === 'process') return kind === 'image' ? needsDocker : null
  if (engine === 'simulated') return null
  if (kind !== 'image') return kind === 'onnx' ? noProcessor : needsImage
  return engine === 'docker' || mounts === undefined ? null : noMounts
}

/** By id or by name. */
export async function isWorkspace(tx: Tx, workspaceId: string, wanted: string): Promise<boolean> {
  if (wanted === workspaceId) return true
  const query = tx.selectFrom('workspaces').select('name').where('id', '=', workspaceId)
  return (await query.executeTakeFirst())?.name === wanted
}
