// `npm run bench:console`: the machines of one group of 10,000 in a real Chromium, against a real Berth on the simulated engine:
// loaded, scrolled to the end, sorted, filtered, all selected, and changed by others meanwhile. What counts is the longest task
// of the page's thread while it scrolls: a longer one is a scroll that stutters. And what the first list page weighs.
import { setTimeout as delay } from 'node:timers/promises'
import { brotliBytes } from '../test/console/built.ts'
import { ConsoleWorld, type OpenConsole } from '../test/e2e/console-world.ts'
import { buyLargeGroup, scrollThrough } from '../test/e2e/large-group.ts'

const bounds = { longTaskMs: 100, scriptBytes: 380_000 }
const quantity = 10_000
const rounds = 3

interface Task {
  startTime: number
  duration: number
}

const world = new ConsoleWorld()
await world.start()
const groupId = await buyLargeGroup(world, quantity)
console.log(`${quantity} machines run in one group`)

/** Tasks of over 50 ms since it was asked last. */
const takeTasks = ({ page }: OpenConsole): Promise<Task[]> =>
  page.evaluate(() => {
    const tasks = (globalThis as unknown as { tasks: Task[] }).tasks
    return tasks.splice(0)
  })
const longest = (tasks: readonly Task[]): number => tasks.reduce((most, { duration }) => Math.max(most, duration), 0)

async function timed(open: OpenConsole, what: string, act: () => Promise<unknown>): Promise<void> {
  await takeTasks(open)
  const began = performance.now()
  await act()
  const took = performance.now() - began
  const tasks = await takeTasks(open)
  console.log(`  ${what}: ${took.toFixed(0)} ms, longest task ${longest(tasks).toFixed(0)} ms`)
}

const scrolling: number[] = []
for (let round = 1; round <= rounds; round++) {
  const open = await world.open('en')
  const { page, t } = open
  await page.addInitScript(() => {
    const tasks: Task[] = []
    Object.assign(globalThis, { tasks })
    new PerformanceObserver(list => tasks.push(...list.getEntries())).observe({
      type: 'longtask' as never,
      buffered: true,
    })
  })
  console.log(`round ${round}`)
  const began = performance.now()
  await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/groups/${groupId}`))
  const table = page.getByRole('region', { name: t('groups.tabMachines') })
  await table.getByRole('row').nth(1).waitFor()
  console.log(`  first rows: ${(performance.now() - began).toFixed(0)} ms`)
  await table.getByText(t('common.rows', { count: quantity })).waitFor()
  console.log(`  all rows: ${(performance.now() - began).toFixed(0)} ms`)
  await delay(1_000)
  await takeTasks(open)
  const { rows, drawn } = await scrollThrough(page)
  const tasks = await takeTasks(open)
  scrolling.push(longest(tasks))
  console.log(
    `  scrolled through ${rows} rows, at most ${drawn} drawn: ${tasks.length} tasks over 50 ms, longest ${longest(tasks).toFixed(0)} ms`,
  )
  const column = table.getByRole('columnheader', { name: t('machines.id') })
  await timed(open, 'sort', async () => {
    await column.click()
    await table.locator('[aria-sort="ascending"]').waitFor()
  })
  const box = page.getByRole('searchbox', { name: t('machines.search') })
  await timed(open, 'filter', async () => {
    await box.fill('eas-i-a')
    await table.getByText(t('common.rows', { count: quantity })).waitFor({ state: 'detached' })
  })
  await box.fill('')
  await table.getByText(t('common.rows', { count: quantity })).waitFor()
  await timed(open, 'select all', async () => {
    await table.getByRole('checkbox').first().check()
    await page.getByText(t('machines.selected', { count: quantity })).waitFor()
  })
  await open.context.close()
}
await world.stop()
const scriptBytes = brotliBytes(['index.html', 'pages/group/GroupListPage.tsx'])
const worst = Math.max(...scrolling)
console.log(`script of the first list page: ${scriptBytes} bytes with brotli (<= ${bounds.scriptBytes})`)
console.log(
  `longest task while ${quantity} rows scroll: ${worst.toFixed(0)} ms, of ${rounds} rounds (<= ${bounds.longTaskMs} ms)`,
)
process.exit(worst <= bounds.longTaskMs && scriptBytes <= bounds.scriptBytes ? 0 : 1)
