import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../../db/db.ts'
import type { Advice, Verdict } from './decide-replicas.ts'

export interface ScalingRow {
  serviceId: string
  accountId: string
  advice: Advice[]
  verdict: Verdict | null
  decidedAt: Temporal.Instant | null
  floor: number
}

interface Stored {
  serviceId: string
  accountId: string
  advice: unknown
  verdict: unknown
  decidedAt: Temporal.Instant | null
  floor: number
}

const toRow = ({ advice, verdict, ...row }: Stored): ScalingRow => ({
  ...row,
  advice: (advice as { at: string; replicas: number }[]).map(one => ({ ...one, at: Temporal.Instant.from(one.at) })),
  verdict: verdict as Verdict | null,
})

const stored = (advice: readonly Advice[]) => advice.map(({ at, replicas }) => ({ at: at.toString(), replicas }))

export async function selectScaling(db: Db | Tx, serviceIds: readonly string[]): Promise<Map<string, ScalingRow>> {
  const query = db
    .selectFrom('serviceScaling')
    .select(['serviceId', 'accountId', 'advice', 'verdict', 'decidedAt', 'floor'])
  const rows = await query.where(sql<boolean>`service_id = any(${serviceIds}::text[])`).execute()
  return new Map(rows.map(row => [row.serviceId, toRow(row)]))
}

/** A count that the metrics did not choose: it stands for a whole window before they take any of it away. */
export async function beginAdvice(
  tx: Tx,
  now: Temporal.Instant,
  service: { id: string; accountId: string },
  replicas: number,
): Promise<void> {
  const advice = jsonb(stored([{ at: now, replicas }]))
  await tx
    .insertInto('serviceScaling')
    .values({ serviceId: service.id, accountId: service.accountId, advice })
    .onConflict(conflict => conflict.column('serviceId').doUpdateSet({ advice }))
    .execute()
}

/** What one round decided, in one statement. */
export async function writeDecisions(
  db: Db,
  now: Temporal.Instant,
  rows: readonly { serviceId: string; accountId: string; advice: readonly Advice[]; verdict: Verdict }[],
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into service_scaling (service_id, account_id, advice, verdict, decided_at)
    select service_id, account_id, advice::jsonb, verdict::jsonb, ${now}::timestamptz
    from unnest(${rows.map(r => r.serviceId)}::text[], ${rows.map(r => r.accountId)}::text[],
      ${rows.map(r => JSON.stringify(stored(r.advice)))}::text[], ${rows.map(r => JSON.stringify(r.verdict))}::text[])
      as r (service_id, account_id, advice, verdict)
    on conflict (service_id) do update set advice = excluded.advice, verdict = excluded.verdict,
      decided_at = excluded.decided_at`.execute(db)
}

/** Services that scale by what is measured of them, as far as they run. */
export async function autoscaledIds(db: Db, after: string, limit: number): Promise<string[]> {
  const query = db
    .selectFrom('services')
    .select('id')
    .where('autoscaler', 'is not', null)
    .where('deletedAt', 'is', null)
  const rows = await query.where('desired', '=', 'running').where('id', '>', after).orderBy('id').limit(limit).execute()
  return rows.map(row => row.id)
}
