// Single instances in a real browser: one is isolated to be looked at, another has its process restarted, and a group that takes
// more machines than it needs is rebalanced.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, confirmIn, type OpenConsole } from './console-world.ts'
import { furnishInstances, type Instances } from './furnish-instances.ts'
import { toldIn, toldInWhole } from './whole.ts'

describeInBrowser('somebody who looks into instances', () => {
  const world = new ConsoleWorld()
  let at: Instances
  beforeAll(async () => {
    await world.start()
    at = await furnishInstances(world)
  }, 120_000)
  afterAll(() => world.stop())

  const rowsOf = ({ page, t }: OpenConsole) =>
    page.getByRole('region', { name: t('services.tabInstances') }).getByRole('row')
  const rowOf = (open: OpenConsole, status: string) => rowsOf(open).filter({ hasText: open.t(`status.${status}`) })
  const toService = async ({ page }: OpenConsole) =>
    page.goto(await world.url(`/workspaces/${await world.workspaceId()}/services/${at.service}`))

  test('sees what a rebalance moves, does it, and then there is nothing to move', async () => {
    const open = await world.open('en')
    const { page, t } = open
    const owner = await world.client()
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service: at.service } })
    const [isolated, serving] = ['Isolated', 'Running'].map(status => items.find(one => one.status === status))
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/groups/${at.groupId}`))
    const dialog = page.getByRole('dialog')
    const ask = () => page.getByRole('button', { name: t('groups.rebalance'), exact: true }).click()
    await ask()
    await dialog.getByText(t('groups.rebalanceMoves', { count: 1, machines: 1 })).waitFor()
    const move = { service: at.service, from: serving?.machineId ?? '', to: isolated?.machineId ?? '' }
    await dialog.getByText(t('fit.move', move)).waitFor()
    await confirmIn(open, dialog, t('groups.rebalance'))
    await expect
      .poll(
        async () => {
          const now = await owner.call('GET /v1/services/{service}/instances', { params: { service: at.service } })
          return now.items.map(one => `${one.status} ${one.machineId}`).sort()
        },
        { timeout: 15_000 },
      )
      .toEqual([`Isolated ${isolated?.machineId}`, `Running ${isolated?.machineId}`])
    await ask()
    await dialog.getByText(t('groups.balanced')).waitFor()
    expect(
      await dialog
        .getByRole('button', { name: t('groups.rebalance'), exact: true })
        .last()
        .isDisabled(),
    ).toBe(true)
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)

  test.each(
    toldInWhole('zh', 'en'),
  )('restarts a process where it runs, once the gap is accepted (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await toService(open)
    const row = rowOf(open, 'Running')
    const id = await row.locator('.id-text').first().textContent()
    await row.getByRole('button', { name: t('services.instance.restart'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    // As long as it is to be replaced, there is no gap to tell of.
    await dialog.getByText(t('services.instance.restartHow.replace')).waitFor()
    expect(await dialog.getByRole('checkbox').count()).toBe(0)
    await dialog.getByRole('radio', { name: t('services.instance.restartMode.process') }).check()
    await dialog.getByText(t('rollout.goFirstNone', { running: 1, after: 0 })).waitFor()
    const confirm = dialog.getByRole('button', { name: t('services.instance.restartMode.process'), exact: true })
    expect(await confirm.isDisabled()).toBe(true)
    await dialog.getByRole('checkbox', { name: t('rollout.goFirstLast') }).check()
    await confirmIn(open, dialog, t('services.instance.restartMode.process'))
    const count = { count: 1 + toldIn('zh').indexOf(language) }
    await rowOf(open, 'Running').getByText(t('services.restarts', count)).waitFor()
    expect(await rowOf(open, 'Running').locator('.id-text').first().textContent()).toBe(id)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test('ends the one that is isolated, which nobody can restart, and isolates another', async () => {
    const open = await world.open('en')
    const { page, t } = open
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/machines/${at.machineId}`))
    const there = page.getByRole('region', { name: t('machines.instances') })
    const kept = there.getByRole('row').filter({ has: page.getByText(t('status.Isolated'), { exact: true }) })
    await kept.waitFor()
    expect(await kept.getByRole('button', { name: t('machines.restart') }).count()).toBe(0)
    await toService(open)
    const isolated = rowOf(open, 'Isolated')
    await isolated.getByRole('button', { name: t('services.instance.end') }).waitFor()
    for (const action of ['restart', 'isolate'] as const)
      expect(await isolated.getByRole('button', { name: t(`services.instance.${action}`) }).count()).toBe(0)
    await isolated.getByRole('button', { name: t('services.instance.end') }).click()
    await confirmIn(open, page.getByRole('dialog'), t('services.instance.end'))
    await expect.poll(() => isolated.count(), { timeout: 15_000 }).toBe(0)
    await rowOf(open, 'Running')
      .getByRole('button', { name: t('services.instance.isolate') })
      .click()
    await page.getByRole('dialog').getByText(t('services.instance.impact.isolate')).waitFor()
    await confirmIn(open, page.getByRole('dialog'), t('services.instance.isolate'))
    await rowOf(open, 'Isolated').waitFor()
    // Until it has left the routes, the row of the one that is isolated says both.
    await rowOf(open, 'Running')
      .filter({ hasNotText: t('status.Isolated') })
      .waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
