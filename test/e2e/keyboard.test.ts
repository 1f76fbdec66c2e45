// The way to a purchase by keyboard alone: sign in, past the navigation, to a group, through a dialog and a menu, to a spec.
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { focusNow } from './quality.ts'

const isFocused = (locator: Locator) => locator.evaluate(element => element.matches(':focus'))

/** Tab by tab, until this one has the focus; wherever it stops on the way, one sees it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  const stops: (string | null)[] = []
  for (let step = 0; step < 40; step++) {
    if (await isFocused(target)) return
    await page.keyboard.press('Tab')
    const { at, seen } = await focusNow(page)
    stops.push(at)
    // Past the last one the focus is the browser's.
    if (at !== null) expect(seen, `one sees no focus on ${at}`).toBe(true)
  }
  throw new Error(`tabs do not lead to ${target}, but to\n${stops.join('\n')}`)
}

describeInBrowser('by keyboard alone', () => {
  const world = new ConsoleWorld()
  beforeAll(async () => {
    await world.start()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8' }
    const request = { ...machine, chargeType: 'postpaid' as const, quantity: 1, groupName: 'keys' }
    await (await world.client()).call('POST /v1/orders', { body: { request } })
  })
  afterAll(() => world.stop())

  test('one signs in', async () => {
    const open = await world.visit('en')
    const { page, t } = open
    const { account, user, password } = world.installation.signIn('owner')
    await page.goto(await world.url('/'))
    await tabTo(page, page.getByRole('textbox', { name: t('signIn.account') }))
    await page.keyboard.type(account)
    await page.keyboard.press('Tab')
    await page.keyboard.type(user)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: t('workspace.title') }).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test('one goes past the navigation, and gets to a group, a dialog, a menu and a spec', async () => {
    const open = await world.open('en')
    const { page, t } = open
    const button = (key: string) => page.getByRole('button', { name: t(key), exact: true })
    await page.goto(await world.url('/workspaces'))
    await page
      .getByRole('link', { name: t('workspace.open') })
      .first()
      .waitFor()
    const skip = page.getByRole('link', { name: t('shell.skip') })
    await tabTo(page, skip)
    expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0)
    await page.keyboard.press('Enter')
    expect(await isFocused(page.getByRole('main'))).toBe(true)
    await tabTo(page, page.getByRole('link', { name: t('workspace.open') }).first())
    await page.keyboard.press('Enter')

    // Tabs go by arrows.
    const groups = page.getByRole('tab', { name: t('nav.groups') })
    await tabTo(page, groups)
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => isFocused(page.getByRole('tab', { name: t('nav.trafficGroups') }))).toBe(true)
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => isFocused(groups)).toBe(true)
    await tabTo(page, page.getByRole('link', { name: 'keys', exact: true }))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'keys' }).waitFor()

    // A dialog keeps the focus, and gives it back.
    await tabTo(page, button('groups.rename'))
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    const isWithin = () => dialog.evaluate(element => element.matches(':focus-within'))
    for (let step = 0; step < 8; step++) {
      await page.keyboard.press('Tab')
      // Past its last part the focus is the browser's for one step, and never that of what lies behind.
      await expect
        .poll(() => isWithin().then(async within => within || (await page.locator(':focus').count()) === 0))
        .toBe(true)
    }
    await tabTo(page, dialog.getByRole('textbox'))
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => isFocused(button('groups.rename'))).toBe(true)

    // A menu goes by arrows; Escape closes it and gives the focus back.
    const menu = page.getByRole('button', { name: t('account.menu') })
    await menu.focus()
    await page.keyboard.press('Enter')
    await page
      .getByRole('menu')
      .filter({ hasText: t('account.signOut') })
      .waitFor()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.locator('[role=menuitem]:focus, [role=menu]:focus').count()).toBeGreaterThan(0)
    await page.keyboard.press('Escape')
    await page.getByRole('menuitem', { name: t('account.signOut') }).waitFor({ state: 'hidden' })
    await expect.poll(() => isFocused(menu)).toBe(true)

    await tabTo(page, page.getByRole('link', { name: t('groups.addMachines') }))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: t('buy.titleMore', { group: 'keys' }) }).waitFor()
    const spec = page.getByRole('radio', { name: 'sim.c8' })
    await tabTo(page, spec)
    await page.keyboard.press('Space')
    await expect.poll(() => spec.isChecked()).toBe(true)
    await tabTo(page, button('buy.confirm'))
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)
})
