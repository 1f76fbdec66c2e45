// An action that was looked at before is done only as it was shown. A preview has an id, made of what it says; the action that
// names it says the same again under locks that keep it so until the commit, and is refused where it comes out otherwise.
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Tx } from '../../db/db.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'

/** What an action runs first in its transaction, and what refuses it. */
export type Before = (tx: Tx) => Promise<void>

/**
 * What moves by itself and changes nothing about what is done: an instance that was on its way out has ended, or one has become
 * ready. Whether too few serve afterwards is said apart.
 */
const restless = new Set([
  ...['inFlight', 'accruedFen', 'serviceInstances', 'running', 'runningAfter'],
  ...['sharePercent', 'sharePercentAfter'],
])

export function previewIdOf(said: object): string {
  const text = JSON.stringify(said, (key, value) => {
    if (restless.has(key)) return undefined
    return typeof value === 'bigint' ? String(value) : value
  })
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** `look` says what the preview said, of the world as it is now. Of what is in these groups and no other. */
export function asPreviewed(
  previewId: string | undefined,
  groupsOf: (tx: Tx) => Promise<string[]>,
  look: (tx: Tx) => Promise<object>,
): { before?: Before } {
  if (previewId === undefined) return {}
  return {
    before: async tx => {
      await lockWorld(tx, await groupsOf(tx))
      requireSaid(previewId, await look(tx))
    },
  }
}

/** Refuses what comes out otherwise than its preview said. */
export function requireSaid(previewId: string | undefined, said: object): void {
  if (previewId === undefined || previewIdOf(said) === previewId) return
  const message =
    'what the preview of this previewId said is no longer what would happen: look at it again, then decide'
  throw new Refusal<ServicesRefusal>('WorldChanged', message, { field: 'previewId' })
}

/**
 * Until the commit nothing is placed, held, released, deployed or changed in these groups. In the order in which others lock:
 * the group, its services, its machines.
 */
export async function lockWorld(tx: Tx, groupIds: readonly string[]): Promise<void> {
  const ids = sql`any(${groupIds}::text[])`
  await sql`select from resource_groups where id = ${ids} order by id for update`.execute(tx)
  await sql`select from services where group_id = ${ids} and deleted_at is null order by id for update`.execute(tx)
  await sql`select from machines where group_id = ${ids} and phase <> 'released' order by id for update`.execute(tx)
}
