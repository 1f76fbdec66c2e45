// The buyer's story in one piece: every sentence of it done as a user does it, in a real browser against a real Berth, in
// both languages. The chapters of one language share a window and go on where the one before ended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { BuyerAtConsole } from './buyer-at-console.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { toldIn } from './whole.ts'

describeInBrowser('the story', () => {
  const world = new ConsoleWorld()
  beforeAll(() => world.start())
  afterAll(() => world.stop())

  describe.each(toldIn('zh'))('a buyer (%s)', language => {
    let buyer: BuyerAtConsole
    const room = `room-${language}`
    const renamed = `digits <${language}>`
    const service = `read_${language}`
    beforeAll(async () => {
      buyer = new BuyerAtConsole(world, await world.open(language))
      await buyer.open.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    })
    afterAll(async () => {
      expect(buyer.open.complaints).toEqual([])
      await buyer.open.context.close()
    })

    test('buys two machines by use into a new group', async () => {
      const { page, t } = buyer.open
      await page.getByRole('link', { name: t('workspace.open') }).click()
      await buyer.newGroup('postpaid')
      await buyer.choose(t('catalog.local.This host'), 'host.small')
      await page.getByRole('textbox', { name: t('buy.groupName') }).fill(room)
      await page.getByRole('spinbutton', { name: t('buy.quantity') }).fill('2')
      await buyer.confirmPurchase()
      await buyer.seeDelivered(2)
      await page.getByRole('link', { name: t('purchase.openGroup') }).click()
      await page.getByRole('heading', { level: 1, name: room }).waitFor()
    })

    test('buys one more into that group', async () => {
      const { page, t } = buyer.open
      await buyer.addMachines()
      await page.getByRole('radio', { name: 'host.small' }).check()
      await buyer.confirmPurchase()
      await buyer.seeDelivered(1)
      await page.getByRole('link', { name: t('purchase.openGroup') }).click()
      await buyer.machineTable().getByText(t('status.Ready'), { exact: true }).nth(2).waitFor()
      expect(await buyer.machineIds()).toHaveLength(3)
    })

    test('renames the group', async () => {
      const { page, t } = buyer.open
      await page.getByRole('button', { name: t('groups.rename') }).click()
      await page.getByRole('dialog').getByRole('textbox').fill(renamed)
      await page
        .getByRole('dialog')
        .getByRole('button', { name: t('common.save') })
        .click()
      await page.getByRole('heading', { level: 1, name: renamed }).waitFor()
    })

    test('copies the id of the group, and deploys with what is on the clipboard', async () => {
      const { page, t } = buyer.open
      const groupPage = page.url()
      await page
        .getByRole('button', { name: t('common.copyId') })
        .first()
        .click()
      const copied = await buyer.clipboard()
      expect(groupPage).toContain(copied)
      expect(copied).toMatch(/^eas-r-/)
      await page.getByRole('tab', { name: t('groups.tabServices') }).click()
      await page
        .getByRole('link', { name: t('groups.deployService') })
        .first()
        .click()
      await buyer.writeJson({
        metadata: { name: service, resource: copied, instance: 2, cpu: 0.5, memory: 200 },
        ...buyer.digits,
      })
      await page.getByRole('status').getByText(t('deploy.fine')).waitFor()
      await page.getByRole('button', { name: t('services.deploy') }).click()
      await page.getByRole('heading', { level: 1, name: service }).waitFor()
      await page.getByText(t('cause.Counts', { running: 2, wanted: 2 })).waitFor()
      await page.goto(groupPage)
    })

    test('deploys what "deploy here" shows, as it stands there', async () => {
      const { page, t } = buyer.open
      await page.getByRole('button', { name: t('groups.deploy') }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('berth service deploy service.json').waitFor()
      await dialog
        .getByRole('button', { name: t('common.copy'), exact: true })
        .first()
        .click()
      const config = JSON.parse(await buyer.clipboard())
      const owner = await world.client()
      expect(await owner.call('POST /v1/services', { body: { config } })).toMatchObject({ warnings: [] })
      const params = { service: config.metadata.name }
      await until('it runs', async () => {
        const { status } = await owner.call('GET /v1/services/{service}', { params })
        return status === 'Running'
      })
      await owner.call('DELETE /v1/services/{service}', { params })
      await dialog.getByRole('button', { name: /^(Close|关闭)$/ }).click()
      await dialog.waitFor({ state: 'hidden' })
    })

    test('restarts a service instance from the page of its machine, and reads its log', async () => {
      const { page, t } = buyer.open
      const machineId = await buyer.machineOf(service)
      await page.getByRole('link', { name: machineId }).click()
      await page.getByRole('heading', { level: 1, name: machineId }).waitFor()
      const table = page.getByRole('region', { name: t('machines.instances') })
      const before = await table.getByRole('row').nth(1).textContent()
      await table
        .getByRole('button', { name: t('machines.restart') })
        .first()
        .click()
      await buyer.act(t('machines.restart'), { inDialogOnly: true })
      await expect.poll(() => table.getByRole('row').allTextContents(), { timeout: 20_000 }).not.toContain(before)
      const now = await buyer.machineOf(service)
      await page.goto(page.url().replace(machineId, now))
      await page
        .getByRole('region', { name: t('machines.instances') })
        .getByRole('link', { name: t('machines.log') })
        .first()
        .click()
      await page
        .getByRole('region', { name: t('logs.region') })
        .getByText(/model server ready/)
        .first()
        .waitFor()
    })

    test('stops scheduling and restarts it, of many machines at once, and sees what that means before', async () => {
      const { page, t } = buyer.open
      await buyer.toGroup(renamed)
      const table = buyer.machineTable()
      await table.getByRole('checkbox').first().check()
      await page
        .getByRole('status')
        .getByText(t('machines.selected', { count: 3 }))
        .waitFor()
      await page.getByRole('button', { name: t('machines.cordon'), exact: true }).click()
      const impact = page.getByRole('dialog').getByRole('region', { name: t('impact.title') })
      await impact.getByText(t('impact.noneOpen')).waitFor()
      await impact.getByText(t('impact.open', { before: 3, after: 0 })).waitFor()
      await buyer.act(t('machines.cordon'), { inDialogOnly: true, reason: 'kernel <b>update</b>' })
      await table.getByText(t('status.Ready-SchedulingDisabled')).nth(2).waitFor()
      await table.getByRole('checkbox').first().check()
      await page.getByRole('button', { name: t('machines.uncordon'), exact: true }).click()
      await impact.getByText(t('impact.lifts', { count: 3 })).waitFor()
      await impact.getByText('kernel <b>update</b>').first().waitFor()
      await buyer.act(t('machines.uncordon'), { inDialogOnly: true })
      await table.getByText(t('status.Ready'), { exact: true }).nth(2).waitFor()
    })

    test('drains a machine: what moves whither is said before, happens, and stands in the receipt', async () => {
      const { page, t } = buyer.open
      const machineId = await buyer.machineOf(service)
      await page.getByRole('link', { name: machineId }).click()
      await page.getByRole('button', { name: t('machines.drain'), exact: true }).click()
      const impact = page.getByRole('dialog').getByRole('region', { name: t('impact.title') })
      const [move] = (await buyer.preview('drain', machineId)).services[0]?.instances ?? []
      await impact.getByText(move?.serviceInstanceId ?? '?').waitFor()
      await impact
        .getByText(move?.toMachineId ?? '?')
        .first()
        .waitFor()
      await buyer.act(t('machines.drain'), { inDialogOnly: true, reason: 'new disk' })
      const receipt = page.getByRole('region', { name: t('drain.receipt') })
      await receipt.getByText(t('status.drained')).waitFor()
      await receipt
        .getByRole('link', { name: move?.toMachineId ?? '?' })
        .first()
        .waitFor()
      await buyer.act(t('machines.uncordon'))
      await page.getByText(t('status.Ready'), { exact: true }).first().waitFor()
    })

    test('deletes a machine paid by use, and is told when billing ends', async () => {
      const { page, t } = buyer.open
      await buyer.toGroup(renamed)
      const spare = await buyer.emptyMachine(service)
      await page.getByRole('link', { name: spare }).click()
      await page.getByRole('button', { name: t('machines.delete'), exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(t('impact.billing')).waitFor()
      await dialog.getByRole('checkbox').check()
      await buyer.act(t('machines.delete'), { inDialogOnly: true })
      await page.getByText(t('status.Deleted'), { exact: true }).first().waitFor()
    })

    test('is told what stands in the way of deleting the group', async () => {
      const { page, t } = buyer.open
      await buyer.toGroup(renamed)
      await expect.poll(async () => (await buyer.machineIds()).length, { timeout: 15_000 }).toBe(2)
      await page.getByRole('button', { name: t('groups.delete') }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('link', { name: service }).waitFor()
      for (const machineId of await buyer.machineIds()) await dialog.getByRole('link', { name: machineId }).waitFor()
      expect(await dialog.getByRole('button', { name: t('groups.delete') }).isDisabled()).toBe(true)
      await dialog.getByRole('link', { name: service }).click()
      await page.getByRole('heading', { level: 1, name: service }).waitFor()
      await page.getByRole('button', { name: t('services.delete'), exact: true }).click()
      await page.getByRole('dialog').getByRole('checkbox').check()
      await buyer.act(t('services.delete'), { inDialogOnly: true })
    })

    test('deletes the group once nothing stands in the way', async () => {
      const { page, t } = buyer.open
      await buyer.toGroup(renamed)
      const remove = page.getByRole('button', { name: t('machines.delete'), exact: true })
      await buyer.machineTable().getByRole('checkbox').first().check()
      await expect.poll(() => remove.getAttribute('aria-disabled'), { timeout: 15_000 }).toBe(null)
      await remove.click()
      await page.getByRole('dialog').getByRole('checkbox').check()
      await buyer.act(t('machines.delete'), { inDialogOnly: true })
      await page.getByText(t('machines.empty')).waitFor()
      await page.getByRole('button', { name: t('groups.delete') }).click()
      await page.getByText(t('groups.nothingRemains')).waitFor()
      await buyer.act(t('groups.delete'), { inDialogOnly: true })
      await page.getByRole('region', { name: t('groups.title') }).waitFor()
      await expect.poll(() => page.getByText(renamed).count(), { timeout: 15_000 }).toBe(0)
    })

    test('buys prepaid into a new group and into an existing one', async () => {
      const { page, t } = buyer.open
      const name = `paid-${language}`
      await buyer.newGroup('prepaid')
      await buyer.choose('East', 'sim.c8')
      await page.getByRole('textbox', { name: t('buy.groupName') }).fill(name)
      await buyer.confirmPurchase('¥800.00')
      await buyer.seeDelivered(1)
      await page.getByRole('link', { name: t('purchase.openGroup') }).click()
      await buyer.addMachines()
      await page.getByRole('radio', { name: 'sim.c8' }).check()
      await buyer.confirmPurchase('¥800.00')
      await buyer.seeDelivered(1)
      await page.getByRole('link', { name: t('purchase.openGroup') }).click()
    })

    test('renews them, and is told whom to ask before they end', async () => {
      const { page, t } = buyer.open
      const table = buyer.machineTable()
      await table.getByText(t('status.Ready'), { exact: true }).nth(1).waitFor()
      const expiries = () =>
        table.locator('time').evaluateAll(times => times.map(time => time.getAttribute('datetime')))
      const before = await expiries()
      await table.getByRole('checkbox').first().check()
      await page.getByRole('button', { name: t('machines.renew'), exact: true }).click()
      await page.getByText('¥1,600.00').waitFor()
      await page.getByRole('button', { name: t('machines.renewPay') }).click()
      await expect.poll(async () => (await expiries()).some(at => before.includes(at)), { timeout: 15_000 }).toBe(false)
      await page.getByRole('link', { name: (await buyer.machineIds())[0] ?? '?' }).click()
      await page
        .getByRole('alert')
        .filter({ hasText: t('machines.whyNotDelete') })
        .getByText('platform@example.com')
        .waitFor()
      const remove = page.getByRole('button', { name: t('machines.delete'), exact: true })
      expect(await remove.getAttribute('aria-disabled')).toBe('true')
    })

    test('is refunded when the stock is gone', async () => {
      const { page, t } = buyer.open
      const before = await (await world.client()).call('GET /v1/wallet', {})
      await page
        .getByRole('link', { name: t('nav.groups') })
        .first()
        .click()
      await buyer.newGroup('prepaid')
      await buyer.choose('East', 'sim.gpu8')
      await buyer.confirmPurchase('¥61,000.00')
      await page.getByText(t('purchase.refundedTitle')).waitFor()
      await page.getByText(t('purchase.refundedAmount', { amount: '¥61,000.00' })).waitFor()
      expect((await (await world.client()).call('GET /v1/wallet', {})).cashFen).toBe(before.cashFen)
    })
  })
})
