// A group of many machines: the page draws only what is seen of them, and all can be reached, filtered and chosen.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { buyLargeGroup, scrollThrough } from './large-group.ts'

const quantity = 600

describeInBrowser('a group of 600 machines', () => {
  const world = new ConsoleWorld()
  let groupId = ''
  beforeAll(async () => {
    await world.start()
    groupId = await buyLargeGroup(world, quantity)
  }, 120_000)
  afterAll(() => world.stop())

  test('is scrolled through to its last row with a window of rows drawn, and all of it is chosen at once', async () => {
    const open = await world.open('en')
    const { page, t } = open
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/groups/${groupId}`))
    const table = page.getByRole('region', { name: t('groups.tabMachines') })
    await table.getByText(t('common.rows', { count: quantity })).waitFor()
    const { rows, drawn } = await scrollThrough(page)
    expect(rows).toBe(quantity)
    expect(drawn).toBeLessThan(60)
    await table.getByRole('checkbox').first().check()
    await page.getByText(t('machines.selected', { count: quantity })).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 120_000)
})
