// How accounts stand: what is available, how long it lasts, what they owe and what follows from it.
import { priceBook } from '../catalog/catalog.ts'
import { billableDiskGib } from '../catalog/price.ts'
import { type Db, inSnapshot } from '../db/db.ts'
import { invariant } from '../lib/invariant.ts'
import type { Micros } from '../lib/money.ts'
import { type AvailableBalance, availableBalances } from './accrued.ts'
import { selectRunningKinds, selectStandings } from './arrears.store.ts'
import type { Standing } from './arrears.ts'
import { runwayOf } from './runway.ts'

export interface AccountStanding extends Standing, AvailableBalance {}

/** `zone` is the billing zone. */
export async function accountStanding(
  db: Db,
  accountId: string,
  now: Temporal.Instant,
  zone: string,
): Promise<AccountStanding> {
  const standing = (await accountStandings(db, [accountId], now, zone)).get(accountId)
  invariant(standing, `the account ${accountId} is there`)
  return standing
}

/** Of many accounts, from one snapshot; those that are not there are left out. */
export function accountStandings(
  db: Db,
  accountIds: readonly string[],
  now: Temporal.Instant,
  zone: string,
): Promise<Map<string, AccountStanding>> {
  return inSnapshot(db, async snapshot => {
    const balanceOf = await availableBalances(snapshot, accountIds, now, zone)
    const burn = await burnOf(snapshot, accountIds, now)
    const rows = await selectStandings(snapshot, accountIds)
    return new Map(
      [...rows].map(([accountId, row]) => {
        const balance = balanceOf(accountId)
        return [accountId, { ...row, ...balance, runway: runwayOf(balance.availableFen, burn.get(accountId) ?? 0n) }]
      }),
    )
  })
}

/** What an hour of the running postpaid machines costs now, by account. */
async function burnOf(db: Db, accountIds: readonly string[], now: Temporal.Instant): Promise<Map<string, Micros>> {
  const kinds = await selectRunningKinds(db, accountIds)
  const versionsOf = await priceBook(db, kinds, 'postpaid')
  const burn = new Map<string, Micros>()
  for (const { accountId, zoneId, specId, systemDiskGib, count } of kinds) {
    const price = versionsOf(zoneId, specId).findLast(one => Temporal.Instant.compare(one.effectiveAt, now) <= 0)
    if (!price) continue
    const micros = (price.hourMicros ?? 0n) + price.diskGibMicros * billableDiskGib(systemDiskGib)
    burn.set(accountId, (burn.get(accountId) ?? 0n) + micros * BigInt(count))
  }
  return burn
}
