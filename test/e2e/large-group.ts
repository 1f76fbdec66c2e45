// One group with many machines on the simulated engine, bought as they are sold: at most 9,999 with an order.
import type { Page } from 'playwright-core'
import { until } from '../installation.ts'
import type { ConsoleWorld } from './console-world.ts'

const perOrder = 9_999

/** Answers the group's id once all of them are ready. */
export async function buyLargeGroup(world: ConsoleWorld, quantity: number): Promise<string> {
  // More than it costs: the price is what the catalog of these tests says.
  await world.topUp('1000000000')
  const client = await world.client()
  const one = {
    regionId: 'east',
    zoneId: 'east-a',
    specId: 'sim.c8',
    chargeType: 'prepaid' as const,
    months: 1 as const,
  }
  let groupId: string | null = null
  for (let left = quantity; left > 0; left -= perOrder) {
    const into: { groupName: string } | { groupId: string } = groupId === null ? { groupName: 'large' } : { groupId }
    const request = { ...one, ...into, quantity: Math.min(left, perOrder) }
    const order: { orderId: string; groupId: string | null } = await client.call('POST /v1/orders', {
      body: { request, pay: true },
    })
    groupId = order.groupId
    await until(
      `order ${order.orderId} is delivered`,
      async () => {
        const { phase } = await client.call('GET /v1/orders/{orderId}', { params: { orderId: order.orderId } })
        return phase === 'fulfilled'
      },
      120_000,
    )
  }
  if (groupId === null) throw new Error('nothing was bought')
  return groupId
}

/**
 * Turns the wheel over the table until its end, once per drawn frame. Answers how many different rows were seen and how many
 * stood in the document at once, at most.
 */
export const scrollThrough = (page: Page): Promise<{ rows: number; drawn: number }> => page.evaluate(scrolling)

/** Runs in the page; two thirds of what is seen at once, so that no row is passed over. */
const scrolling = `(async () => {
  const holder = document.querySelector('.ant-table-tbody-virtual-holder')
  const inner = () => [...holder.querySelectorAll('[data-row-key]')].map(row => row.getAttribute('data-row-key'))
  const seen = new Set()
  let drawn = 0
  // A busy machine draws late: nothing is turned further before the last turn is drawn, and frames without a new row are the
  // end only where there is nothing further to scroll to.
  const atEnd = () => holder.scrollTop + holder.clientHeight >= holder.scrollHeight - 1
  for (let still = 0; still < 5; ) {
    const keys = inner()
    still = atEnd() && keys.every(key => seen.has(key)) ? still + 1 : 0
    for (const key of keys) seen.add(key)
    drawn = Math.max(drawn, keys.length)
    const deltaY = Math.floor((holder.clientHeight * 2) / 3)
    holder.dispatchEvent(new WheelEvent('wheel', { deltaY, bubbles: true, cancelable: true }))
    for (let frames = 0; frames < 2 || (!atEnd() && inner().join() === keys.join()); frames++) {
      await new Promise(requestAnimationFrame)
    }
  }
  return { rows: seen.size, drawn }
})()`
