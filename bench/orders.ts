// `npm run bench:orders`: one order for 9,999 machines on the simulated engine, from paid to all running and captured, with
// control as it runs in production (reconcilers, 20 connections) on the embedded PostgreSQL. Memory is the resident size of
// this process before and at its peak: the order's rows must pass through in batches.
import { setTimeout as delay } from 'node:timers/promises'
import { verifyInvariants } from '../src/insight/invariants.ts'
import { topUp } from '../src/ledger/top-up.ts'
import { getOrder } from '../src/orders/orders.ts'
import { placeOrder } from '../src/orders/place-order.ts'
import { offer, simulatedControl } from './simulated-control.ts'

const bounds = { seconds: 10, growthMiB: 200 }
const quantity = 9_999
const rounds = 3

const { control, close } = await simulatedControl({ stock: 100_000, prepaid: { 1: 100 } })
const { ctx } = control
const { id: accountId } = await ctx.db
  .selectFrom('accounts')
  .select('id')
  .where('name', '=', 'default')
  .executeTakeFirstOrThrow()
const actor = { accountId, name: 'user:bench' }
await topUp(ctx, actor, accountId, 10n ** 12n, null)

const mib = (): number => process.memoryUsage.rss() / 2 ** 20
const seconds: number[] = []
let growthMiB = 0
for (let round = 1; round <= rounds; round++) {
  const before = mib()
  let peak = before
  const began = performance.now()
  const placed = await placeOrder(ctx, actor, {
    pay: true,
    request: {
      ...offer,
      chargeType: 'prepaid',
      quantity,
      months: 1,
      groupName: `bench ${round}`,
    },
  })
  const paid = performance.now()
  for (const loop of control.loops) loop.nudge()
  let order = placed
  while (!['fulfilled', 'refunded'].includes(order.phase)) {
    await delay(20)
    peak = Math.max(peak, mib())
    order = await getOrder(ctx.db, accountId, placed.id)
  }
  const took = (performance.now() - paid) / 1000
  if (order.phase !== 'fulfilled')
    throw new Error(`round ${round} ended ${order.phase}: ${JSON.stringify(order.reason)}`)
  seconds.push(took)
  // The first round warms the process up; growth is what later ones add at their peak.
  if (round > 1) growthMiB = Math.max(growthMiB, peak - before)
  console.log(
    `round ${round}: placed and paid in ${((paid - began) / 1000).toFixed(2)} s, all running and captured ${took.toFixed(2)} s later; resident ${before.toFixed(0)} → ${peak.toFixed(0)} MiB at the peak`,
  )
}
const broken = (await verifyInvariants(ctx.db)).filter(result => !result.ok)
for (const { name, detail } of broken) console.log(`FAIL ${name}: ${detail.join('; ')}`)
await close()
const slowest = Math.max(...seconds)
console.log(`invariants violated: ${broken.length} (0)`)
console.log(`memory growth at the peak of an order: ${growthMiB.toFixed(0)} MiB (< ${bounds.growthMiB})`)
console.log(
  `${quantity} machines, paid to running: ${slowest.toFixed(2)} s, the slowest of ${rounds} (< ${bounds.seconds} s)`,
)
process.exit(slowest < bounds.seconds && growthMiB < bounds.growthMiB && broken.length === 0 ? 0 : 1)
