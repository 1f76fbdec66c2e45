// Which prepaid machines of an account expire when, and what renewing them would cost: each for as long as it renews by itself,
// or for a month.
import type { Months } from '../catalog/price.ts'
import type { Db } from '../db/db.ts'
import { Refusal } from '../lib/errors.ts'
import { renewalUnitFen } from './renewal.ts'
import { type Expiring, type ExpiryScope, selectExpiring, selectExpiryDays } from './subscription.store.ts'

export interface ExpiryDay {
  /** In the billing zone. */
  day: string
  machines: number
  autoRenew: number
  /** Of all of them; what is not sold for so long is left out. */
  renewalFen: bigint
  /** Of those that renew by themselves. */
  autoRenewFen: bigint
}

export interface ExpiringMachine {
  machineId: string
  expiresAt: Temporal.Instant
  renewalMonths: Months
  /** null: its renewal is not sold for so long. */
  renewalFen: bigint | null
}

/** The days of [start, end) on which something expires. */
export async function expiryDays(db: Db, scope: ExpiryScope & { zone: string }, now: Temporal.Instant) {
  const price = pricer(db, now)
  const days = new Map<string, ExpiryDay>()
  for (const { day, machines, autoRenew, ...sold } of await selectExpiryDays(db, scope)) {
    const one = days.get(day) ?? { day, machines: 0, autoRenew: 0, renewalFen: 0n, autoRenewFen: 0n }
    const fen = ((await price(sold)) ?? 0n) * BigInt(machines)
    one.machines += machines
    one.renewalFen += fen
    if (autoRenew) {
      one.autoRenew += machines
      one.autoRenewFen += fen
    }
    days.set(day, one)
  }
  return [...days.values()]
}

/** A page of the machines that expire in [start, end), the first to expire first. */
export async function expiringMachines(
  db: Db,
  scope: ExpiryScope,
  page: { after: { at: Temporal.Instant; id: string } | null; limit: number },
  now: Temporal.Instant,
): Promise<ExpiringMachine[]> {
  const price = pricer(db, now)
  const found: ExpiringMachine[] = []
  for (const one of await selectExpiring(db, scope, page)) {
    const { machineId, expiresAt, renewalMonths } = one
    found.push({ machineId, expiresAt, renewalMonths, renewalFen: await price(one) })
  }
  return found
}

type Sold = Pick<Expiring, 'zoneId' | 'specId' | 'systemDiskGib' | 'renewalMonths'>

/** Asks for each price once. */
function pricer(db: Db, now: Temporal.Instant): (sold: Sold) => Promise<bigint | null> {
  const known = new Map<string, bigint | null>()
  return async ({ zoneId, specId, systemDiskGib, renewalMonths }) => {
    const key = JSON.stringify([zoneId, specId, systemDiskGib, renewalMonths])
    const before = known.get(key)
    if (before !== undefined) return before
    const fen = await renewalUnitFen(db, { zoneId, specId, systemDiskGib }, renewalMonths, now).catch(notSold)
    known.set(key, fen)
    return fen
  }
}

function notSold(error: unknown): null {
  if (error instanceof Refusal && error.code === 'DurationNotSold') return null
  throw error
}
