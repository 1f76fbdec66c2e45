// Who may only look sees everything and is told, on each button, what it would take: in a real browser, in both languages.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { type Furnished, furnish } from './furnish.ts'
import { toldIn } from './whole.ts'

describeInBrowser('a viewer', () => {
  const world = new ConsoleWorld()
  let at: Furnished
  let password = ''
  beforeAll(async () => {
    await world.start()
    at = await furnish(world)
    const owner = await world.client()
    const user = await owner.call('POST /v1/users', { body: { name: 'vera', role: 'viewer', withPassword: true } })
    password = user.password ?? ''
    const params = { workspaceId: at.workspaceId, userId: user.userId }
    await owner.call('PUT /v1/workspaces/{workspaceId}/members/{userId}', { params, body: { role: 'viewer' } })
  }, 120_000)
  afterAll(() => world.stop())

  test.each(toldIn('en'))('finds every action disabled, with the reason (%s)', async language => {
    const open = await world.visit(language)
    const { page, t } = open
    await page.goto(await world.url(`/workspaces/${at.workspaceId}/services/${at.service}`))
    await page.getByRole('textbox', { name: t('signIn.account') }).fill(world.installation.signIn('owner').account)
    await page.getByRole('textbox', { name: t('signIn.user') }).fill('vera')
    await page.getByLabel(t('signIn.password'), { exact: true }).fill(password)
    await page.getByRole('button', { name: t('signIn.submit') }).click()
    const isRefused = async (name: string) => {
      const button = page.getByRole('button', { name, exact: true }).first()
      await button.waitFor()
      expect([await button.getAttribute('aria-disabled'), await button.getAttribute('aria-description')]).toEqual([
        'true',
        t('refusal.Forbidden'),
      ])
    }
    for (const key of ['services.scale', 'services.stop', 'services.delete']) await isRefused(t(key))
    const workspace = `/workspaces/${at.workspaceId}`
    await page.goto(await world.url(`${workspace}/machines/${at.machineId}`))
    for (const key of ['machines.renew', 'machines.cordon', 'machines.drain']) await isRefused(t(key))
    await page.goto(await world.url(`${workspace}/groups/${at.groupId}`))
    for (const key of ['groups.rename', 'groups.delete']) await isRefused(t(key))
    await page.goto(await world.url(`${workspace}/buy?regionId=local&specId=host.small&chargeType=prepaid`))
    await isRefused(t('buy.confirm'))
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
