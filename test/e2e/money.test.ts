// The pages of money in a real browser against a real Berth: a statement down to the ledger, what expires and its renewal,
// what the account is told.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'
import { dayIn } from './furnish.ts'
import { furnishNotices } from './furnish-notices.ts'
import { toldIn, toldInWhole } from './whole.ts'

describeInBrowser('the money of an account', () => {
  const world = new ConsoleWorld()
  let machineIds: string[] = []
  let orderId = ''
  beforeAll(async () => {
    await world.start()
    const owner = await world.client()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'prepaid' as const }
    const request = { ...machine, months: 1 as const, quantity: 2, systemDiskGib: 260, groupName: 'ledger' }
    const placed = await owner.call('POST /v1/orders', { body: { request } })
    orderId = placed.orderId
    const found = await until('both machines run', async () => {
      const { items } = await owner.call('GET /v1/machines', { query: { groupId: placed.groupId ?? '' } })
      return items.length === 2 && items.every(one => one.status === 'Ready') && items
    })
    machineIds = found.map(one => one.machineId)
  })
  afterAll(() => world.stop())

  const languages = toldIn('en')
  const navigate = async ({ page, t }: OpenConsole, key: string) => {
    await page
      .getByRole('navigation')
      .getByRole('link', { name: t(key), exact: true })
      .click()
    await page.getByRole('heading', { level: 1, name: t(key), exact: true }).waitFor()
  }

  test.each(
    languages,
  )('a statement leads from its total to a line, and to how that came about (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await navigate(open, 'nav.statements')
    const months = page.getByRole('region', { name: t('nav.statements') })
    await months.getByText('¥1,642.00').first().waitFor()
    await months.getByRole('link').first().click()
    await page.getByText(t('statements.waits.MonthNotOver')).waitFor()
    await page.getByRole('img', { name: /./ }).locator('canvas').waitFor()
    await page.getByText(t('statements.charged'), { exact: true }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('?chart=charged')
    const total = t('statements.linesOf', { amount: '¥1,642.00' })
    await page.getByRole('button', { name: total }).first().click()
    const lines = page.getByRole('dialog', { name: t('statements.lines') })
    await lines.getByText(machineIds[1] ?? '').waitFor()
    await lines
      .getByRole('button', { name: t('money.explainAmount', { amount: '¥821.00' }) })
      .first()
      .click()
    const steps = page.getByRole('list', { name: t('explain.steps') })
    for (const code of ['order', 'machine', 'list_price', 'formula', 'rounding', 'period', 'transfer'])
      await steps.getByText(t(`explain.step.${code}`), { exact: true }).waitFor()
    await steps.getByText(t('explain.formulaEach', { formula: '¥800.00 × 1 + 60 GiB × ¥0.35 × 1' })).waitFor()
    await steps.getByRole('link', { name: orderId }).click()
    await page.getByRole('heading', { level: 1, name: orderId }).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test('a statement downloads as CSV: what a spreadsheet adds up is its total', async () => {
    const open = await world.open('en')
    const { page, t } = open
    await navigate(open, 'nav.statements')
    await page
      .getByRole('region', { name: t('nav.statements') })
      .getByRole('link')
      .first()
      .click()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: t('statements.csv') }).click()
    const [head = '', ...rows] = readFileSync(await (await download).path(), 'utf8')
      .trimEnd()
      .split('\n')
    const at = head.split(',').indexOf('"amount"')
    expect(rows.map(row => row.split(',')[at])).toEqual(['821.00', '821.00'])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('amounts of orders, wallet and bill say how they came about (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const steps = page.getByRole('list', { name: t('explain.steps') })
    const explained = async (path: string, amount: string, step: string) => {
      await page.goto(await world.url(path))
      if (path === '/money/bill') await page.getByRole('button', { expanded: false }).first().click()
      await page
        .getByRole('button', { name: t('money.explainAmount', { amount }) })
        .first()
        .click()
      await steps.getByText(t(step), { exact: true }).first().waitFor()
    }
    await explained(`/money/orders/${orderId}`, '¥1,642.00', 'explain.step.list_price')
    await explained('/money/wallet', '−¥1,642.00', 'explain.step.transfer')
    await explained('/money/bill', '¥821.00', 'explain.step.period')
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('machines of a day are renewed from the calendar, and move to another month (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const owner = await world.client()
    const { expiresAt } = await owner.call('GET /v1/machines/{machineId}', {
      params: { machineId: machineIds[0] ?? '' },
    })
    const day = dayIn('Asia/Shanghai', expiresAt ?? '')
    await navigate(open, 'nav.expiries')
    await page.goto(await world.url(`/money/expiries?month=${day.slice(0, 7)}`))
    await page.getByRole('button', { name: t('expiries.machines', { count: 2 }) }).click()
    expect(new URL(page.url()).searchParams.get('day')).toBe(day)
    const machines = page.getByRole('region', { name: t('nav.expiries') })
    await machines.getByRole('checkbox').first().check()
    await page.getByRole('button', { name: t('machines.renew'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('¥1,642.00').waitFor()
    await dialog.getByRole('button', { name: t('machines.renewPay') }).click()
    await page.getByText(t('expiries.noneThatDay')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('a disk is made larger for the price that is shown, and no smaller (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const machineId = machineIds[language === 'zh' ? 0 : 1] ?? ''
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/machines/${machineId}`))
    await page.getByRole('button', { name: t('machines.resize'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    const size = dialog.getByRole('spinbutton', { name: t('resize.size') })
    const pay = dialog.getByRole('button', { name: t('resize.pay') })
    await size.fill('200')
    await dialog
      .getByRole('alert')
      .filter({ hasText: t('refusal.DiskAtMost', { systemDiskGib: 260 }) })
      .waitFor()
    expect(await pay.isDisabled()).toBe(true)
    await size.fill('300')
    await dialog.getByText(/^40 GiB × ¥0\.35\/GiB\//).waitFor()
    const before = BigInt((await (await world.client()).call('GET /v1/wallet', {})).cashFen)
    await pay.click()
    await page.locator('dl').getByText('300 GiB').waitFor()
    const after = BigInt((await (await world.client()).call('GET /v1/wallet', {})).cashFen)
    expect(before - after).toBeGreaterThan(0n)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test('notices are counted in the header, say what to do, lead to their machine, and are marked as read', async () => {
    await furnishNotices(world, machineIds[0] ?? '')
    const open = await world.open('en')
    const { page, t } = open
    await page.getByRole('link', { name: t('nav.unreadNotices', { count: 3 }) }).click()
    const list = page.getByRole('region', { name: t('nav.notices') })
    await list.getByText(t('notices.before.d', { count: 3 })).waitFor()
    await list.getByText(t('notices.severity.critical'), { exact: true }).waitFor()
    await page.getByRole('button', { name: t('notices.readAll') }).click()
    await page.getByRole('link', { name: t('nav.unreadNotices', { count: 0 }) }).waitFor()
    await list
      .getByRole('link', { name: machineIds[0] ?? '' })
      .first()
      .click()
    await page.getByRole('heading', { level: 1, name: machineIds[0] ?? '' }).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
