// Effects on the outside world. They are written in the transaction that decides them, and only what stands here may be
// asked of a driver: the effect's id is the idempotency key, so that asking again after a crash does nothing twice.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'

export interface NewEffect {
  /** Stable and unique: `machine:<id>:provision`. */
  effectId: string
  kind: string
  subjectId: string
  payload?: object
}

/** Adding an effect that stands already is a no-op. */
export async function addEffects(tx: Tx, now: Temporal.Instant, effects: readonly NewEffect[]): Promise<void> {
  if (effects.length === 0) return
  await sql`
    insert into outbox (effect_id, kind, subject_id, payload, created_at)
    select effect_id, kind, subject_id, payload::jsonb, ${now}::timestamptz
    from unnest(${effects.map(e => e.effectId)}::text[], ${effects.map(e => e.kind)}::text[],
      ${effects.map(e => e.subjectId)}::text[], ${effects.map(e => JSON.stringify(e.payload ?? {}))}::text[])
      as e (effect_id, kind, subject_id, payload)
    on conflict (effect_id) do nothing`.execute(tx)
}

/** Records the known outcome of effects; the first word on an effect stays. */
export async function settleEffects(
  tx: Tx,
  now: Temporal.Instant,
  outcomes: readonly { effectId: string; outcome: string }[],
): Promise<void> {
  if (outcomes.length === 0) return
  await sql`
    update outbox set settled_at = ${now}::timestamptz, outcome = o.outcome
    from unnest(${outcomes.map(o => o.effectId)}::text[], ${outcomes.map(o => o.outcome)}::text[]) as o (effect_id, outcome)
    where outbox.effect_id = o.effect_id and outbox.settled_at is null`.execute(tx)
}
