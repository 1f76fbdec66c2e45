// A machine's page, the money and the operator's pages, in a real browser against a real Berth, in both languages.
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Language } from '../console/dictionary.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, confirmIn, type OpenConsole } from './console-world.ts'
import { toldIn, toldInWhole } from './whole.ts'

interface Bought {
  groupId: string
  machineIds: string[]
  orderId: string
}

describeInBrowser('the owner of machines', () => {
  const world = new ConsoleWorld()
  const bought = new Map<Language, Bought>()
  beforeAll(async () => {
    await world.start()
    for (const language of toldIn('en')) bought.set(language, await buy(`page-${language}`))
  })
  afterAll(() => world.stop())

  async function buy(groupName: string): Promise<Bought> {
    const client = await world.client()
    const order = await client.call('POST /v1/orders', {
      body: {
        request: {
          regionId: 'east',
          zoneId: 'east-a',
          specId: 'sim.c8',
          chargeType: 'prepaid',
          quantity: 2,
          months: 1,
          groupName,
        },
        pay: true,
      },
    })
    const { orderId } = order
    return vi.waitFor(
      async () => {
        const made = await ready(orderId)
        if (made === null) throw new Error(`${orderId}: its machines are not ready`)
        return made
      },
      { timeout: 30_000, interval: 200 },
    )
  }

  async function ready(orderId: string): Promise<Bought | null> {
    const client = await world.client()
    const { items } = await client.call('GET /v1/machines', { query: {} })
    const made = items.filter(machine => machine.orderId === orderId && machine.status === 'Ready')
    const groupId = made[0]?.groupId
    return made.length === 2 && groupId ? { groupId, machineIds: made.map(m => m.machineId), orderId } : null
  }

  /** The page of the first machine of this language. */
  async function toMachine({ page, t }: OpenConsole, language: Language): Promise<string> {
    const { groupId, machineIds } = bought.get(language) as Bought
    const [machineId = ''] = machineIds
    await page.getByRole('link', { name: t('workspace.open') }).click()
    await page.getByRole('link', { name: `page-${language}` }).click()
    await page.getByRole('heading', { level: 1, name: `page-${language}` }).waitFor()
    expect(page.url()).toContain(groupId)
    await page.getByRole('link', { name: machineId }).click()
    await page.getByRole('heading', { level: 1, name: machineId }).waitFor()
    return machineId
  }

  /** Presses an action, gives a reason where one is asked for, confirms. */
  async function act(open: OpenConsole, action: string, reason: string | null): Promise<void> {
    const { page, t } = open
    await page.getByRole('button', { name: action, exact: true }).click()
    const dialog = page.getByRole('dialog')
    if (reason !== null) await dialog.getByRole('textbox', { name: t('common.reason') }).fill(reason)
    await confirmIn(open, dialog, action)
  }

  const languages = toldIn('en')

  test.each(languages)('stops scheduling, restarts it, drains and reads the receipt (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await toMachine(open, language)
    const whyNot = (action: string) =>
      page.getByRole('button', { name: t(action), exact: true }).getAttribute('aria-description')
    expect(await whyNot('machines.uncordon')).toBe(t('machines.takesInstances'))
    await act(open, t('machines.cordon'), 'kernel <b>update</b>')
    await page.getByText(t('status.Ready-SchedulingDisabled')).first().waitFor()
    await page.getByRole('alert').filter({ hasText: 'kernel <b>update</b>' }).waitFor()
    expect(await whyNot('machines.cordon')).toBe(t('machines.cordonedByYou'))
    await act(open, t('machines.uncordon'), null)
    await page.getByRole('banner').or(page.locator('header')).getByText(t('status.Ready'), { exact: true }).waitFor()
    await page.getByRole('button', { name: t('machines.drain'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(t('impact.open', { before: 2, after: 1 })).waitFor()
    await dialog.getByRole('button', { name: t('machines.drain'), exact: true }).click()
    const receipt = page.getByRole('region', { name: t('drain.receipt') })
    await receipt.getByText(t('status.drained')).waitFor()
    await act(open, t('machines.uncordon'), null)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test('sorts machines, and finds the order again by the address', async () => {
    const open = await world.open('en')
    const { page, t } = open
    const { groupId, machineIds } = bought.get('en') as Bought
    const address = await world.url(`/workspaces/${await world.workspaceId()}/groups/${groupId}`)
    await page.goto(`${address}?sort=-id`)
    const table = page.getByRole('region', { name: t('groups.tabMachines') })
    const shown = () => table.getByRole('link', { name: /^eas-i-/ }).allTextContents()
    const ascending = machineIds.toSorted()
    await table
      .getByRole('link', { name: /^eas-i-/ })
      .first()
      .waitFor()
    await expect.poll(shown).toEqual(ascending.toReversed())
    const head = table.getByRole('columnheader', { name: t('machines.id') })
    expect(await head.getAttribute('aria-sort')).toBe('descending')
    await head.click()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await head.click()
    await expect.poll(() => new URL(page.url()).search).toBe('?sort=id')
    await page.reload()
    await table.locator('[aria-sort=ascending]').waitFor()
    await expect.poll(shown).toEqual(ascending)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    languages,
  )('is told whom to ask before a prepaid machine may go, renews, sets auto-renewal (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await toMachine(open, language)
    await page
      .getByRole('alert')
      .filter({ hasText: t('machines.whyNotDelete') })
      .getByText('platform@example.com')
      .waitFor()
    const remove = page.getByRole('button', { name: t('machines.delete'), exact: true })
    expect(await remove.getAttribute('aria-disabled')).toBe('true')
    const expiry = page.locator('dl').getByText(t('machines.expiresAt')).locator('xpath=..').locator('time')
    const before = await expiry.getAttribute('datetime')
    await page.getByRole('button', { name: t('machines.renew'), exact: true }).click()
    await page.getByText('¥800.00').waitFor()
    await page.getByRole('button', { name: t('machines.renewPay') }).click()
    await expect.poll(() => expiry.getAttribute('datetime'), { timeout: 15_000 }).not.toBe(before)
    await alignTo(open, expiry)
    await page.getByRole('button', { name: t('machines.autoRenew'), exact: true }).click()
    await page.getByRole('switch').click()
    await page.getByRole('button', { name: t('common.save') }).click()
    await page.locator('dl').getByText(t('machines.on'), { exact: true }).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('follows the money from the order to its payment, and reads wallet and bill (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const { orderId } = bought.get(language) as Bought
    await page.goto(await world.url('/money/orders'))
    await page.getByRole('link', { name: orderId }).click()
    const trail = page.getByRole('region', { name: t('orders.transfers') })
    await trail.getByText(t('transfer.pay'), { exact: true }).waitFor()
    await page.goto(await world.url('/money/wallet'))
    await page.getByRole('link', { name: orderId }).first().waitFor()
    await page.goto(await world.url('/money/bill'))
    await page.getByText(`page-${language}`).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('gets a top-up from the operator, who also sets stock and a price (%s)', async language => {
    const before = await (await world.client()).call('GET /v1/wallet', {})
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    const { accountId } = world.installation.credentials().owner
    await page
      .getByRole('row')
      .filter({ hasText: accountId })
      .getByRole('button', { name: t('operator.topUp') })
      .click()
    await page.getByRole('spinbutton').fill('12.34')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('operator.topUp') })
      .click()
    await page.getByText(t('operator.toppedUp', { amount: '¥12.34' })).waitFor()
    const after = await (await world.client()).call('GET /v1/wallet', {})
    expect(BigInt(after.cashFen) - BigInt(before.cashFen)).toBe(1234n)
    await page.goto(await world.url('/operator/offerings'))
    const row = page
      .getByRole('row')
      .filter({ hasText: 'sim.c8' })
      .filter({ hasText: t('charge.postpaid') })
    await row.getByRole('button', { name: t('operator.setStock') }).click()
    const total = language === 'zh' ? '20001' : '20002'
    await page.getByRole('spinbutton', { name: t('operator.stockTotal') }).fill(total)
    await page.getByRole('button', { name: t('common.save') }).click()
    await row.getByText(`/ 20,00${total.at(-1)}`).waitFor()
    await row.getByRole('button', { name: t('operator.setPrice') }).click()
    await page.getByRole('spinbutton', { name: t('buy.pricePerHour') }).fill(language === 'zh' ? '1.7' : '1.8')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('operator.setPrice') })
      .click()
    await row.getByText(language === 'zh' ? '¥1.70' : '¥1.80').waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})

/** One machine is at its own date already; ten days later it pays for these. */
async function alignTo({ page, t }: OpenConsole, expiry: Locator): Promise<void> {
  const before = (await expiry.getAttribute('datetime')) ?? ''
  await page.getByRole('button', { name: t('machines.renew'), exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(t('machines.align'), { exact: true }).click()
  await dialog.getByRole('alert').getByText(t('refusal.NothingToAlign')).waitFor()
  const later = Temporal.Instant.from(before).add({ hours: 240 })
  const day = dialog.getByRole('textbox', { name: t('machines.alignDay') })
  await day.fill(later.toZonedDateTimeISO('Asia/Shanghai').toPlainDate().toString())
  await day.press('Enter')
  await dialog.getByRole('alert').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: t('machines.renewPay') }).click()
  await expect.poll(() => expiry.getAttribute('datetime'), { timeout: 15_000 }).toBe(later.toString())
}
