// What the changes of one service were shown to do, said again in the transaction that makes them.
import type { Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { ReadOptions } from '../rollout/plan-update.ts'
import { findService, type ServiceKey } from '../service.store.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { asPreviewed } from './as-previewed.ts'
import { impactOnService, type ServiceAssumption } from './impact.ts'
import { impactOfProcessRestart, type ProcessRestartAssumption } from './process-restart-impact.ts'
import { checkAbortIn, checkUpdateIn, checkVersionUseIn } from './update-impact.ts'

/** For stopping, deleting and scaling. */
export const changeAsPreviewed = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  assumption: ServiceAssumption,
  previewId: string | undefined,
) =>
  asPreviewed(previewId, groupsOf(accountId, key), tx =>
    impactOnService(tx, accountId, key, assumption, ctx.clock.now()),
  )

export const updateAsPreviewed = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  json: unknown,
  options: ReadOptions,
  previewId: string | undefined,
) =>
  asPreviewed(previewId, groupsOf(accountId, key), async tx => {
    const { impact } = await checkUpdateIn(ctx, tx, accountId, key, json, options)
    return impact
  })

export const versionUseAsPreviewed = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  version: number,
  previewId: string | undefined,
) => asPreviewed(previewId, groupsOf(accountId, key), tx => checkVersionUseIn(ctx, tx, accountId, key, version))

export const abortAsPreviewed = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  previewId: string | undefined,
) => asPreviewed(previewId, groupsOf(accountId, key), tx => checkAbortIn(ctx, tx, accountId, key))

export const processRestartAsPreviewed = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  assumption: ProcessRestartAssumption,
  previewId: string | undefined,
) =>
  asPreviewed(previewId, groupsOf(accountId, key), tx =>
    impactOfProcessRestart(tx, accountId, key, assumption, ctx.clock.now()),
  )

/** None for a service that is not there: the action says so. */
const groupsOf = (accountId: string, key: ServiceKey) => async (tx: Tx) => {
  const service = await findService(tx, accountId, key)
  return service ? [service.groupId] : []
}
