// The first half of the buyer's story, in a real browser against a real Berth, in both languages.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'
import { toldIn } from './whole.ts'

describeInBrowser('a buyer', () => {
  const world = new ConsoleWorld()
  beforeAll(() => world.start())
  afterAll(() => world.stop())

  /** From the list of groups to the page that sells. */
  async function toBuyPage({ page, t }: OpenConsole, chargeType: 'prepaid' | 'postpaid'): Promise<void> {
    await page.getByRole('link', { name: t('workspace.open') }).click()
    await page.getByRole('button', { name: t('groups.new') }).click()
    await page.getByRole('menuitem', { name: t(`charge.${chargeType}`) }).click()
    await page.getByRole('heading', { level: 1, name: t('buy.titleNew') }).waitFor()
  }

  async function choose(page: OpenConsole['page'], t: OpenConsole['t'], region: string, spec: string): Promise<void> {
    await page.getByRole('combobox', { name: t('common.region') }).click()
    await page.getByTitle(region).last().click()
    await page.getByRole('radio', { name: spec }).check()
  }

  test.each(toldIn('en'))('is let in with the right password only (%s)', async language => {
    const open = await world.visit(language)
    const { page, t } = open
    await page.goto(await world.url('/money/wallet'))
    await page.getByRole('textbox', { name: t('signIn.account') }).fill('default')
    await page.getByRole('textbox', { name: t('signIn.user') }).fill('admin')
    await page.getByLabel(t('signIn.password'), { exact: true }).fill('not the password')
    await page.getByRole('button', { name: t('signIn.submit') }).click()
    await page.getByRole('alert').getByText(t('refusal.SignInFailed')).waitFor()
    const { account, user, password } = world.installation.signIn('owner')
    await page.getByRole('textbox', { name: t('signIn.account') }).fill(account)
    await page.getByRole('textbox', { name: t('signIn.user') }).fill(user)
    await page.getByLabel(t('signIn.password'), { exact: true }).fill(password)
    await page.getByRole('button', { name: t('signIn.submit') }).click()
    // Back to where the way in began.
    await page.getByRole('heading', { level: 1, name: t('wallet.title') }).waitFor()
    await page.getByRole('button', { name: t('account.menu') }).click()
    await page.getByRole('menuitem', { name: t('account.signOut') }).click()
    await page.getByRole('heading', { level: 1, name: t('signIn.title') }).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('en'))('buys two prepaid machines into a new group and sees them run (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `fraud-${language}`
    await toBuyPage(open, 'prepaid')
    await choose(page, t, t('catalog.local.This host'), 'host.small')
    await page.getByRole('textbox', { name: t('buy.groupName') }).fill(name)
    await page.getByRole('spinbutton', { name: t('buy.quantity') }).fill('2')
    await page.getByText('¥60.00').waitFor()
    await page.getByRole('button', { name: t('buy.confirm') }).click()
    await page.getByRole('button', { name: t('purchase.pay', { amount: '¥60.00' }) }).click()
    await page.getByText(t('purchase.doneTitle')).waitFor()
    await page
      .getByRole('status')
      .getByText(t('purchase.delivered', { done: 2, total: 2 }))
      .waitFor()
    await page.getByRole('link', { name: t('purchase.openGroup') }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    const table = page.getByRole('region', { name: t('groups.tabMachines') })
    await table.getByText(t('status.Ready')).nth(1).waitFor()
    expect(await table.getByRole('row').count()).toBe(3)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('en'))('is warned of short stock, orders all the same, and is refunded (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const before = await (await world.client()).call('GET /v1/wallet', {})
    await toBuyPage(open, 'prepaid')
    await choose(page, t, 'East', 'sim.gpu1')
    await page.getByRole('spinbutton', { name: t('buy.quantity') }).fill('5')
    const warning = page.getByRole('alert').filter({ hasText: t('buy.stockShortHint') })
    await warning.getByRole('button', { name: t('buy.takeZone', { zone: 'Zone B', count: 40 }) }).waitFor()
    await page.getByText('¥26,000.00').waitFor()
    await page.getByRole('button', { name: t('buy.confirm') }).click()
    await page.getByRole('button', { name: t('purchase.pay', { amount: '¥26,000.00' }) }).click()
    await page.getByText(t('purchase.refundedTitle')).waitFor()
    await page.getByText(t('purchase.refundedAmount', { amount: '¥26,000.00' })).waitFor()
    await page.getByRole('heading', { name: t('orders.transfers') }).waitFor()
    const after = await (await world.client()).call('GET /v1/wallet', {})
    expect(after.cashFen).toBe(before.cashFen)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
