// A biller in a process of its own. Arguments: database URL. Told an instant, it closes every day that is due by then, in
// small slices, and says so; whoever started it may kill it at any moment.

import { billDays } from '../../src/billing/reconcile-billing.ts'
import { openDb } from '../../src/db/db.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'

const db = openDb({ connectionString: process.argv[2] ?? '', max: 2 })
process.on('message', async (instant: string) => {
  const ctx = { db, clock: new ManualClock(instant), random: new SeededRandom(instant), log: silentLog }
  try {
    await billDays(ctx, { zone: 'Asia/Shanghai', sliceSize: 7 })
    process.send?.('done')
  } catch (error) {
    process.send?.(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
