// What people may do with services. Each call writes what is wanted, in one transaction, and returns; the reconciler makes it
// so. A service keeps its group and its name for life; a change of its JSON is a new version.
import { isUniqueViolation, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { lockGroup } from '../fleet/resource-groups.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { acceptCount } from './autoscale/accept-count.ts'
import {
  type Change,
  type ChangeOptions,
  change,
  type Decide,
  requireRunning,
  rolloutOf,
  serviceEvent,
} from './change-service.ts'
import { checkInstallation } from './config/installation.ts'
import type { RegistryAuth } from './config/registry-auth.ts'
import { checkEngine, type DeployLimits, groupIdOf, workspaceIdOf } from './config/resolve-config.ts'
import { replicasMax } from './config/rolling-strategy.ts'
import { parseServiceConfig, type ServiceConfig, type ServiceSpec } from './config/service-config.ts'
import { getVersion, keepsProcesses, planUpdate, type ReadOptions, rolloutTo } from './rollout/plan-update.ts'
import { requireNotPaused } from './rollout/steer-rollout.ts'
import { bumpRoutes } from './routes/routes.store.ts'
import {
  insertService,
  insertVersion,
  isServiceNameTaken,
  type ServiceChange,
  type ServiceKey,
  type ServiceRow,
} from './service.store.ts'
import type { Rollout, ServicesRefusal } from './service.ts'
import { markVersion } from './service-instance.store.ts'
import { getService, type ServiceView } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'
import { addServiceKey } from './traffic/service-keys.ts'
import { joinIn, refuseGroupsName } from './traffic/traffic-groups.ts'

const faults = declareFaults('services.deploy.before-commit', 'services.deploy.after-commit')

export interface Deployed {
  service: ServiceView
  /** Fields of the JSON that have no effect here. */
  warnings: string[]
}

/** Deploys EAS's service JSON. */
export async function deployService(
  ctx: ServicesCtx,
  actor: Actor,
  json: unknown,
  limits: DeployLimits = {},
): Promise<Deployed> {
  const config = parseServiceConfig(json)
  checkInstallation(ctx.installation, config.spec)
  const id = newId(ctx.random, 'eas-m')
  try {
    await transaction(ctx, tx => insertDeployment(ctx, tx, actor, id, config, limits))
  } catch (error) {
    if (!isUniqueViolation(error, 'services_name')) throw error
    throw nameTaken(config.spec.name)
  }
  await faults.point('services.deploy.after-commit')
  return { service: await getService(ctx, actor.accountId, { id }), warnings: config.warnings }
}

async function insertDeployment(
  ctx: ServicesCtx,
  tx: Tx,
  actor: Actor,
  id: string,
  config: ServiceConfig,
  limits: DeployLimits,
): Promise<void> {
  const now = ctx.clock.now()
  const { accountId, name: actorName } = actor
  const { group, spec, workspaceId } = await resolveDeployment(ctx, tx, accountId, config, limits)
  await refuseGroupsName(tx, { accountId, regionId: group.regionId, name: spec.name })
  const rollout: Rollout = { kind: 'create', fromVersion: null, startedAt: now.toString() }
  await insertService(tx, now, {
    ...{ id, accountId, groupId: group.id, regionId: group.regionId, name: spec.name, replicas: spec.replicas },
    workspaceId,
    registryAuthCipher: config.registryAuth ? ctx.box.seal(config.registryAuth) : null,
    // Taken before its traffic group is looked for: who makes that group now is waited for, and then it is there.
    routeGeneration: await bumpRoutes(tx),
    ...{ rollout, actor: actorName },
  })
  await insertVersion(tx, now, { serviceId: id, version: 1, config: { spec, source: config.source }, actor: actorName })
  await addServiceKey(ctx, tx, actor, { serviceId: id }, config.accessKey)
  if (config.trafficGroup !== null) {
    const service = { id, workspaceId, regionId: group.regionId, name: spec.name }
    await joinIn(ctx, tx, actor, service, config.trafficGroup)
  }
  const data: EventData = { name: spec.name, groupId: group.id, replicas: spec.replicas }
  await appendEvents(tx, now, [serviceEvent(actor, { id, workspaceId }, 'service.deployed', data)])
  await faults.point('services.deploy.before-commit')
}

/** What the JSON names, found: its group, locked, and its workspace. */
async function resolveDeployment(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  { spec: given }: ServiceConfig,
  limits: DeployLimits,
) {
  const group = await lockGroup(tx, accountId, await groupIdOf(tx, accountId, given.groupId))
  const spec = { ...given, groupId: group.id }
  await checkEngine(tx, group.regionId, spec, ctx.installation)
  return { group, spec, workspaceId: await workspaceIdOf(tx, accountId, spec.workspaceId, limits) }
}

export interface CheckedDeployment {
  spec: ServiceSpec
  workspaceId: string
  warnings: string[]
}

/** Refuses what deploying would refuse and answers what it would deploy; writes nothing. */
export async function checkDeployment(
  ctx: ServicesCtx,
  actor: Actor,
  json: unknown,
  limits: DeployLimits = {},
): Promise<CheckedDeployment> {
  const config = parseServiceConfig(json)
  checkInstallation(ctx.installation, config.spec)
  return transaction(ctx, async tx => {
    const { name } = config.spec
    const { group, spec, workspaceId } = await resolveDeployment(ctx, tx, actor.accountId, config, limits)
    const { regionId } = group
    await refuseGroupsName(tx, { accountId: actor.accountId, regionId, name })
    if (await isServiceNameTaken(tx, { accountId: actor.accountId, regionId, name })) throw nameTaken(name)
    return { spec, workspaceId, warnings: config.warnings }
  })
}

const nameTaken = (name: string): Refusal => {
  const message = `there is a service ${name} already: update it, or choose another name`
  return new Refusal<ServicesRefusal>('ServiceNameTaken', message, { field: 'metadata.name', name })
}

export interface UpdateOptions extends ReadOptions, ChangeOptions {
  /** The version that the caller has seen: refused when it is another by now. */
  ifVersion?: number
}

/** A change of the replicas alone is a scaling, all else a new version; what runs is replaced if its processes change. */
export async function updateService(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  json: unknown,
  { ifVersion, before, ...options }: UpdateOptions = {},
): Promise<Deployed> {
  let warnings: string[] = []
  const decide: Decide = async (tx, row, now) => {
    if (ifVersion !== undefined && ifVersion !== row.version) throw serviceChanged(row)
    const planned = await planUpdate(tx, row, json, { ...options, installation: ctx.installation })
    checkInstallation(ctx.installation, planned.spec)
    warnings = planned.warnings
    const { version, spec, source, replicas } = planned
    if (replicas !== row.replicas) await acceptCount(tx, now, row, replicas)
    const login = loginChange(ctx, row, planned.registryAuth)
    if (version === row.version) return withLogin(scaling(row, replicas, now), login)
    await insertVersion(tx, now, { serviceId: row.id, version, config: { spec, source }, actor: actor.name })
    if (planned.keeps) await markVersion(tx, row.id, row.version, version)
    const rollout = rolloutTo(row, now, planned)
    return {
      kind: 'service.updated',
      data: { version, fromVersion: row.version, replicas },
      change: { version, replicas, rollout, routeGeneration: await bumpRoutes(tx), ...login },
    }
  }
  const service = await change(ctx, actor, key, decide, before ? { before } : {})
  return { service, warnings }
}

/** The login of its registry as the JSON has it; empty when it names none or the present one. */
function loginChange(
  ctx: ServicesCtx,
  row: ServiceRow,
  named: RegistryAuth,
): Pick<ServiceChange, 'registryAuthCipher'> {
  const present = row.registryAuthCipher === null ? null : ctx.box.open(row.registryAuthCipher)
  if (named === undefined || named === present) return {}
  return { registryAuthCipher: named === null ? null : ctx.box.seal(named) }
}

/** No version's business: what runs goes on, and the next container is fetched with it. */
function withLogin(scaled: Change | null, login: Pick<ServiceChange, 'registryAuthCipher'>): Change | null {
  if (login.registryAuthCipher === undefined) return scaled
  const { kind, data, change } = scaled ?? { kind: 'service.image_login_changed', data: {}, change: {} }
  return { kind, data, change: { ...change, ...login } }
}

const serviceChanged = (row: ServiceRow): Refusal => {
  const message = `${row.name} is at version ${row.version} by now, not at ifVersion: look at what changed, then update it`
  return new Refusal<ServicesRefusal>('ServiceChanged', message, { field: 'ifVersion', version: row.version })
}

/** Back (or forth) to a version that was; no new one is made. What its processes know nothing of restarts none. */
export async function useServiceVersion(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  version: number,
  options: ChangeOptions = {},
): Promise<ServiceView> {
  const decide: Decide = async (tx, row, now) => {
    const { config } = await getVersion(tx, row, version)
    if (version === row.version) return null
    const keeps = keepsProcesses(row.spec, config.spec)
    if (keeps) await markVersion(tx, row.id, row.version, version)
    const rollout = rolloutTo(row, now, { version, replicas: row.replicas, keeps })
    const data: EventData = { version, fromVersion: row.version }
    return { kind: 'service.rolled_back', data, change: { version, rollout, routeGeneration: await bumpRoutes(tx) } }
  }
  return change(ctx, actor, key, decide, options)
}

export async function scaleService(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  replicas: number,
  options: ChangeOptions = {},
): Promise<ServiceView> {
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > replicasMax) {
    const message = `replicas is a whole number from 0 to ${replicasMax}`
    throw new Refusal<ServicesRefusal>('InvalidReplicas', message, { field: 'replicas' })
  }
  const decide: Decide = async (tx, row, now) => {
    await acceptCount(tx, now, row, replicas)
    return scaling(row, replicas, now)
  }
  return change(ctx, actor, key, decide, options)
}

function scaling(row: ServiceRow, replicas: number, now: Temporal.Instant): Change | null {
  if (replicas === row.replicas) return null
  // A rollout that is under way keeps its name: the status tells of the larger change.
  const rollout = row.rollout ?? rolloutOf('scale', row, now)
  return { kind: 'service.scaled', data: { replicas, before: row.replicas }, change: { replicas, rollout } }
}

/** Every service instance finishes what it has in flight, within the service's grace, and ends. */
export async function stopService(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  options: ChangeOptions = {},
): Promise<ServiceView> {
  const decide: Decide = async (tx, row) => {
    if (row.desired === 'stopped') return null
    return {
      kind: 'service.stopped',
      data: {},
      change: { desired: 'stopped', rollout: null, routeGeneration: await bumpRoutes(tx) },
    }
  }
  return change(ctx, actor, key, decide, options)
}

export async function startService(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row, now) => {
    if (row.desired === 'running') return null
    const rollout = rolloutOf('start', row, now)
    return {
      kind: 'service.started',
      data: {},
      change: { desired: 'running', rollout, routeGeneration: await bumpRoutes(tx) },
    }
  })
}

/** Replaces every service instance, replacement first, as an update does. */
export async function restartService(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<ServiceView> {
  return change(ctx, actor, key, async (_tx, row, now) => {
    requireRunning(row)
    requireNotPaused(row)
    const restartGeneration = row.restartGeneration + 1
    // An update that is under way restarts all in its course.
    const rollout = row.rollout?.kind === 'update' ? row.rollout : rolloutOf('restart', row, now)
    return { kind: 'service.restarted', data: { restartGeneration }, change: { restartGeneration, rollout } }
  })
}

export async function deleteService(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  options: ChangeOptions = {},
): Promise<ServiceView> {
  const decide: Decide = async (tx, row) => {
    if (row.desired === 'deleted') return null
    return {
      kind: 'service.delete_requested',
      data: {},
      change: { desired: 'deleted', rollout: null, routeGeneration: await bumpRoutes(tx) },
    }
  }
  return change(ctx, actor, key, decide, options)
}
