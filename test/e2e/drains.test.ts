// Drains that can't just go through, in a real browser, in both languages: one without room, called back; one past its
// deadline, forced. The impact is shown before each, and the page says for whom it waits, for how long, and until when.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Language } from '../console/dictionary.ts'
import { until } from '../installation.ts'
import { BuyerAtConsole } from './buyer-at-console.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { toldIn } from './whole.ts'

describeInBrowser('a drain', () => {
  const world = new ConsoleWorld()
  const machineOf = new Map<Language, string>()
  beforeAll(async () => {
    await world.start()
    for (const language of toldIn('zh')) machineOf.set(language, await fullGroup(language))
  })
  afterAll(() => world.stop())

  /** Two machines, and a service that fills both. Answers one of them. */
  async function fullGroup(language: Language): Promise<string> {
    const owner = await world.client()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid' as const }
    const request = { ...machine, quantity: 2, groupName: `full-${language}` }
    const { groupId } = await owner.call('POST /v1/orders', { body: { request } })
    const metadata = { name: `wide_${language}`, resource: groupId, instance: 2, cpu: 6, memory: 1024 }
    await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command: 'serve' }] } } })
    const params = { service: metadata.name }
    return until('both instances run', async () => {
      const { items } = await owner.call('GET /v1/services/{service}/instances', { params })
      return items.length === 2 && items.every(one => one.status === 'Running') ? items[0]?.machineId : null
    })
  }

  test.each(
    toldIn('zh'),
  )('without room says so beforehand, waits, is called back; past its deadline it asks, and is forced (%s)', async language => {
    const buyer = new BuyerAtConsole(world, await world.open(language))
    const { page, t, complaints, context } = buyer.open
    const machineId = machineOf.get(language) ?? ''
    await page.getByRole('link', { name: t('workspace.open') }).click()
    await buyer.toGroup(`full-${language}`)
    await page.getByRole('link', { name: machineId }).click()
    await page.getByRole('heading', { level: 1, name: machineId }).waitFor()
    const dialog = page.getByRole('dialog')
    const impact = dialog.getByRole('region', { name: t('impact.title') })
    const wait = t('cause.NoRoom', { missing: t('cause.cpu', { cpu: '4' }) })

    await page.getByRole('button', { name: t('machines.drain'), exact: true }).click()
    await impact.getByText(t('impact.noRoom', { count: 1 })).waitFor()
    await impact.getByText(wait).waitFor()
    await buyer.act(t('machines.drain'), { inDialogOnly: true, reason: 'new disk' })
    const progress = page.getByRole('region', { name: t('drain.progress') })
    const blocked = progress.getByRole('alert').filter({ hasText: t('drain.blocked') })
    await blocked.getByText(wait).waitFor()
    await blocked.getByText(/admin/).waitFor()
    const clock = progress.getByRole('timer')
    const before = await clock.textContent()
    expect(before).toMatch(/\b(59|60):\d\d\b/)
    await expect.poll(() => clock.textContent(), { timeout: 10_000 }).not.toBe(before)

    await blocked.getByRole('button', { name: t('machines.cancelDrain') }).click()
    await impact.getByText('new disk').waitFor()
    await buyer.act(t('machines.cancelDrain'), { inDialogOnly: true })
    await page
      .getByRole('region', { name: t('drain.receipt') })
      .getByText(t('status.cancelled'))
      .waitFor()
    await page.getByText(t('status.Ready'), { exact: true }).first().waitFor()

    await page.getByRole('button', { name: t('machines.drain'), exact: true }).click()
    await dialog.getByRole('spinbutton', { name: t('drain.deadlineMinutes') }).fill('0')
    await buyer.act(t('machines.drain'), { inDialogOnly: true, reason: 'now or never' })
    const overdue = progress.getByRole('alert').filter({ hasText: t('drain.overdue') })
    await overdue.getByText(wait).waitFor()
    await overdue.getByRole('button', { name: t('drain.setDeadline') }).click()
    await dialog.getByRole('spinbutton', { name: t('drain.deadlineMinutes') }).fill('120')
    await dialog.getByRole('button', { name: t('common.save') }).click()
    await blocked.getByText(wait).waitFor()
    await expect.poll(() => clock.textContent(), { timeout: 10_000 }).toMatch(/\b(2:00|1:59):\d\d\b/)
    await blocked.getByRole('button', { name: t('machines.forceDrain') }).click()
    await impact.getByText(t('impact.fate.stops', { count: 1 })).waitFor()
    const force = dialog.getByRole('button', { name: t('machines.forceDrain'), exact: true })
    expect(await force.isDisabled()).toBe(true)
    await dialog.getByRole('checkbox').check()
    await force.click()
    // Without a reason it is refused in the dialog, and nothing has happened.
    await dialog
      .getByRole('alert')
      .filter({ hasText: t('refusal.InvalidReason') })
      .waitFor()
    await buyer.act(t('machines.forceDrain'), { inDialogOnly: true, reason: 'the power goes' })
    const receipt = page.getByRole('region', { name: t('drain.receipt') })
    await receipt.getByText(t('status.drained')).waitFor()
    await receipt.getByText(t('drain.forced')).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
