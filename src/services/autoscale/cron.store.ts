import { type Db, jsonb, type Tx } from '../../db/db.ts'

/** What became of a job's last run. */
export interface CronPast {
  at: string
  /** `Succeed`, or `Skipped` with the reason. */
  state: 'Succeed' | 'Skipped'
  message: string
}

export type CronPasts = Record<string, CronPast>

export async function startCron(
  tx: Tx,
  now: Temporal.Instant,
  service: { id: string; accountId: string },
  nextAt: Temporal.Instant | null,
): Promise<void> {
  const values = { cronCheckedAt: now, cronNextAt: nextAt, cronLast: null, floor: 0 }
  await tx
    .insertInto('serviceScaling')
    .values({ serviceId: service.id, accountId: service.accountId, ...values })
    .onConflict(conflict => conflict.column('serviceId').doUpdateSet(values))
    .execute()
}

export async function endCron(tx: Tx, serviceId: string): Promise<void> {
  const values = { cronCheckedAt: null, cronNextAt: null, cronLast: null, floor: 0 }
  await tx.updateTable('serviceScaling').set(values).where('serviceId', '=', serviceId).execute()
}

export async function selectCron(db: Db, serviceId: string): Promise<CronPasts | null> {
  const query = db.selectFrom('serviceScaling').select('cronLast').where('serviceId', '=', serviceId)
  return ((await query.executeTakeFirst())?.cronLast as CronPasts | null | undefined) ?? null
}

export async function dueCron(
  db: Db,
  now: Temporal.Instant,
  limit: number,
): Promise<{ serviceId: string; accountId: string }[]> {
  const query = db.selectFrom('serviceScaling').select(['serviceId', 'accountId']).where('cronNextAt', '<=', now)
  return query.orderBy('cronNextAt').limit(limit).execute()
}

export interface CronState {
  checkedAt: Temporal.Instant
  nextAt: Temporal.Instant | null
  past: CronPasts
}

/** Under the lock of the service's row; null: it has no schedule any more. */
export async function readCron(tx: Tx, serviceId: string): Promise<CronState | null> {
  const query = tx.selectFrom('serviceScaling').select(['cronCheckedAt', 'cronNextAt', 'cronLast'])
  const row = await query.where('serviceId', '=', serviceId).executeTakeFirst()
  if (!row || row.cronCheckedAt === null) return null
  return { checkedAt: row.cronCheckedAt, nextAt: row.cronNextAt, past: (row.cronLast as CronPasts | null) ?? {} }
}

export async function writeCron(
  tx: Tx,
  serviceId: string,
  { checkedAt, nextAt, past, floor }: CronState & { floor?: number },
): Promise<void> {
  await tx
    .updateTable('serviceScaling')
    .set({
      ...{ cronCheckedAt: checkedAt, cronNextAt: nextAt, cronLast: jsonb(past) },
      ...(floor === undefined ? {} : { floor }),
    })
    .where('serviceId', '=', serviceId)
    .execute()
}
