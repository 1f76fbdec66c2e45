// Drain plans in a real browser: put together with what it would do, followed machine by machine to its receipts, and one that
// waits for its window is paused, resumed and called off.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { toldIn } from './whole.ts'

describeInBrowser('maintenance of a group', () => {
  const world = new ConsoleWorld()
  beforeAll(() => world.start())
  afterAll(() => world.stop())

  /** Three machines, and a service on one of them. */
  async function group(name: string): Promise<void> {
    const owner = await world.client()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid' as const }
    const request = { ...machine, quantity: 3, groupName: name }
    const { groupId } = await owner.call('POST /v1/orders', { body: { request } })
    const metadata = { name: name.replace('-', '_'), resource: groupId, instance: 1, cpu: 2, memory: 1024 }
    await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command: 'serve' }] } } })
    await until('it runs', async () => {
      const params = { service: metadata.name }
      return (await owner.call('GET /v1/services/{service}', { params })).status === 'Running'
    })
  }

  test.each(toldIn('en'))('is planned, done batch by batch, or called off (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `planned-${language}`
    await group(name)
    const list = await world.url(`/workspaces/${await world.workspaceId()}/drain-plans`)
    const dialog = page.getByRole('dialog')
    const begin = async () => {
      await page.goto(list)
      await page
        .getByRole('button', { name: t('plans.create') })
        .first()
        .click()
      await dialog.getByRole('combobox', { name: t('services.group') }).click()
      await page.getByTitle(name).click()
    }

    await begin()
    await dialog.getByText(t('plans.preview', { count: 3, batches: 3 })).waitFor()
    await dialog.getByRole('spinbutton', { name: t('plans.batchSize') }).fill('3')
    await dialog.getByText(t('plans.preview', { count: 3, batches: 1 })).waitFor()
    await dialog.getByRole('combobox', { name: t('plans.afterwards') }).click()
    await page.getByTitle(t('plans.afterwards.return')).click()
    await dialog.getByRole('button', { name: t('plans.start') }).click()
    await page.getByText(t('plans.phase.done'), { exact: true }).first().waitFor({ timeout: 30_000 })
    const machines = page.getByRole('region', { name: t('plans.machines') })
    await machines.getByText(t('plans.machine.drained'), { exact: true }).nth(2).waitFor()
    await machines
      .getByRole('link', { name: t('drain.receipt') })
      .first()
      .click()
    await page.getByRole('region', { name: t('drain.receipt') }).waitFor()

    await begin()
    await dialog.getByRole('button', { name: t('plans.addWindow') }).click()
    // An hour that is neither now nor soon.
    const hour = (Temporal.Now.zonedDateTimeISO('Asia/Shanghai').hour + 3) % 24
    const at = (hour: number) => `${String(hour % 24).padStart(2, '0')}:00`
    await dialog.getByRole('textbox', { name: t('plans.from', { number: 1 }) }).fill(at(hour))
    await dialog.getByRole('textbox', { name: t('plans.to', { number: 1 }) }).fill(at(hour + 1))
    await dialog.getByText(t('plans.opensAt')).waitFor()
    await dialog.getByRole('button', { name: t('plans.start') }).click()
    await page.getByText(t('plans.waits.Window')).waitFor()
    const turn = async (what: string, after: string) => {
      await page.getByRole('button', { name: t(`plans.${what}`), exact: true }).click()
      await dialog.getByRole('button', { name: t(`plans.${what}`), exact: true }).click()
      await page
        .getByText(t(`plans.phase.${after}`), { exact: true })
        .first()
        .waitFor()
    }
    await turn('pause', 'paused')
    await turn('resume', 'running')
    await turn('cancel', 'cancelled')
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)
})
