// What every change of traffic has in common: one transaction, locks before the route generation (a reconciler takes them in
// that order too), one generation for all that changes, and the event.
import { type Tx, transaction } from '../../db/db.ts'
import { type Actor, appendEvents } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { declareFaults } from '../../lib/fault.ts'
import { findService, lockService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'

const faults = declareFaults('services.traffic.before-commit', 'services.traffic.after-commit')

export async function changeTraffic<Result>(
  ctx: ServicesCtx,
  work: (tx: Tx, now: Temporal.Instant) => Promise<Result>,
): Promise<Result> {
  const result = await transaction(ctx, async tx => {
    const done = await work(tx, ctx.clock.now())
    await faults.point('services.traffic.before-commit')
    return done
  })
  ctx.routes.nudge()
  await faults.point('services.traffic.after-commit')
  return result
}

export async function lockedService(tx: Tx, accountId: string, key: ServiceKey): Promise<ServiceRow> {
  const row = await lockService(tx, accountId, key)
  if (!row) throw serviceNotFound(key)
  return row
}

export async function foundService(ctx: Pick<ServicesCtx, 'db'>, accountId: string, key: ServiceKey) {
  const row = await findService(ctx.db, accountId, key)
  if (!row) throw serviceNotFound(key)
  return row
}

interface Subject {
  id: string
  workspaceId: string
}

export async function appendServiceEvent(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  service: Subject,
  kind: string,
  data: EventData,
): Promise<void> {
  await tell(tx, now, actor, service, 'service', kind, data)
}

export async function appendGroupEvent(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  group: Subject,
  kind: string,
  data: EventData,
): Promise<void> {
  await tell(tx, now, actor, group, 'traffic_group', kind, data)
}

async function tell(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  { id: subjectId, workspaceId }: Subject,
  subjectKind: string,
  kind: string,
  data: EventData,
): Promise<void> {
  const { accountId, name } = actor
  await appendEvents(tx, now, [{ accountId, workspaceId, kind, subjectKind, subjectId, actor: name, data }])
}
