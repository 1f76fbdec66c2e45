// A change of a service by a person: what is wanted is written in one transaction, with its event, and the reconciler makes it so.
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import type { Before } from './impact/as-previewed.ts'
import { changeService, lockService, type ServiceChange, type ServiceKey, type ServiceRow } from './service.store.ts'
import type { Rollout, ServicesRefusal } from './service.ts'
import { getService, type ServiceView, serviceNotFound } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

const faults = declareFaults('services.change.before-commit', 'services.change.after-commit')

export interface Change {
  kind: string
  /** Of one event, or of one for each that it was done to. */
  data: EventData | EventData[]
  change: ServiceChange
}

export interface ChangeOptions {
  /** Runs first in the transaction, and may refuse: `asPreviewed`. */
  before?: Before
}

/** null: it is so already. */
export type Decide = (tx: Tx, row: ServiceRow, now: Temporal.Instant) => Promise<Change | null>

export async function change(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  decide: Decide,
  { before }: ChangeOptions = {},
): Promise<ServiceView> {
  const id = await transaction(ctx, async tx => {
    await before?.(tx)
    const row = await lockService(tx, actor.accountId, key)
    if (!row) throw serviceNotFound(key)
    const now = ctx.clock.now()
    const decided = await decide(tx, row, now)
    if (decided === null) return row.id
    refuseDeleting(row)
    await changeService(tx, now, row.id, decided.change)
    const told = [decided.data].flat().map(data => serviceEvent(actor, row, decided.kind, data))
    await appendEvents(tx, now, told)
    await faults.point('services.change.before-commit')
    return row.id
  })
  await faults.point('services.change.after-commit')
  return getService(ctx, actor.accountId, { id })
}

/** Nothing of it is changed any more. */
export function refuseDeleting({ desired, name, id }: ServiceRow): void {
  if (desired !== 'deleted') return
  throw new Refusal<ServicesRefusal>('ServiceDeleting', `${name} is being deleted`, { service: id })
}

export function requireRunning(row: ServiceRow): void {
  if (row.desired === 'running') return
  throw new Refusal<ServicesRefusal>('ServiceNotRunning', `${row.name} is stopped: start it instead`, {
    service: row.id,
  })
}

/** A version that is left before it is rolled out in full is no way back: that is the one before it. */
export function rolloutOf(
  kind: Rollout['kind'],
  row: ServiceRow,
  now: Temporal.Instant,
  version = row.version,
): Rollout {
  const startedAt = now.toString()
  const before = row.rollout?.kind === 'update' ? row.rollout.fromVersion : null
  if (kind !== 'update' || before === null) return { kind, fromVersion: row.version, startedAt }
  return version === before
    ? { kind: 'abort', fromVersion: row.version, startedAt }
    : { kind, fromVersion: before, startedAt }
}

export const serviceEvent = (
  actor: Actor,
  service: { id: string; workspaceId: string },
  kind: string,
  data: EventData,
) => ({
  ...{ accountId: actor.accountId, workspaceId: service.workspaceId },
  ...{ kind, subjectKind: 'service', subjectId: service.id },
  ...{ actor: actor.name, data },
})
