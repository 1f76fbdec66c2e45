// Traffic in a real browser: two services behind one address, a canary, a switch of everything and back, a mirror, limits, and
// a key that is rotated.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'
import { serving } from './serving.ts'
import { toldIn } from './whole.ts'

describeInBrowser('a release', () => {
  const world = new ConsoleWorld()
  beforeAll(async () => {
    await world.start()
    const owner = await world.client()
    const machine = { regionId: 'local', zoneId: 'local-a', specId: 'host.small' }
    const request = { ...machine, chargeType: 'postpaid' as const, quantity: 2, groupName: 'traffic-room' }
    await owner.call('POST /v1/orders', { body: { request } })
  })
  afterAll(() => world.stop())

  async function runs(name: string): Promise<void> {
    const owner = await world.client()
    const metadata = { name, instance: 1, cpu: 0.2, memory: 100, resource: 'traffic-room' }
    const config = { metadata, containers: [{ command: serving }] }
    await owner.call('POST /v1/services', { body: { config } })
    await until(`${name} runs`, async () => {
      const { status } = await owner.call('GET /v1/services/{service}', { params: { service: name } })
      return status === 'Running'
    })
  }

  async function toTraffic({ page, t }: OpenConsole, name: string): Promise<void> {
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/services/${name}?tab=traffic`))
    await page.getByText(t('traffic.limits')).waitFor()
  }

  async function join({ page, t }: OpenConsole, group: string): Promise<void> {
    await page.getByRole('button', { name: t('traffic.join') }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: t('traffic.groupName') }).fill(group)
    await dialog.getByRole('button', { name: t('traffic.join') }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: group, exact: true }).waitFor()
  }

  test.each(toldIn('zh'))('goes to some, to all and back; copies, bounds and keys are changed (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const [blue, green, group] = [`blue_${language}`, `green_${language}`, `shop_${language}`]
    await Promise.all([runs(blue), runs(green)])
    await toTraffic(open, blue)
    await join(open, group)
    await toTraffic(open, green)
    await join(open, group)

    await page.getByRole('link', { name: group, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: group }).waitFor()
    const members = page.getByRole('region', { name: t('traffic.tabMembers') })
    const share = (name: string, percent: string) =>
      members.getByRole('row').filter({ hasText: name }).getByText(`${percent}%`, { exact: true }).waitFor()
    await share(blue, '100')
    await page.getByRole('button', { name: t('traffic.change') }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('spinbutton', { name: t('traffic.weightOf', { name: blue }) }).fill('75')
    await dialog.getByRole('spinbutton', { name: t('traffic.weightOf', { name: green }) }).fill('25')
    await dialog.getByText(t('traffic.becomes', { name: green, before: '0', after: '25', running: 1 })).waitFor()
    await dialog.getByRole('button', { name: t('common.save') }).click()
    await share(green, '25')
    await members
      .getByRole('row')
      .filter({ hasText: green })
      .getByRole('button', { name: t('traffic.switch') })
      .click()
    await dialog.getByText(t('traffic.becomes', { name: blue, before: '75', after: '0', running: 1 })).waitFor()
    await dialog.getByRole('button', { name: t('traffic.switch') }).click()
    await share(green, '100')
    await page.getByRole('button', { name: t('traffic.back') }).click()
    await dialog.getByRole('button', { name: t('traffic.back') }).click()
    await share(blue, '75')

    await toTraffic(open, blue)
    await page.getByRole('button', { name: t('traffic.mirrorSet') }).click()
    await dialog.getByRole('combobox', { name: t('traffic.mirrorTargets') }).click()
    await page.getByTitle(green).click()
    // The list of services stays open for more, over the button where it is long.
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: t('common.save') }).click()
    await page.getByText(t('traffic.mirrorOf', { percent: 10, targets: green })).waitFor()
    await page.getByRole('button', { name: t('traffic.mirrorEnd') }).click()
    await page.getByText(t('traffic.mirrorNone')).waitFor()

    await page.getByRole('button', { name: t('traffic.mirrorChange') }).click()
    await dialog.getByRole('spinbutton', { name: t('traffic.limit.rateLimit') }).fill('50')
    await dialog.getByText(t('impact.settings', { version: '2' })).waitFor()
    await dialog.getByRole('button', { name: t('common.save') }).click()
    await page.getByText(t('traffic.limitOf', { limit: 50, over: t('traffic.limit.rateLimit.over') })).waitFor()

    const keys = page.getByRole('region', { name: t('traffic.keys') }).last()
    await page.getByRole('button', { name: t('keys.rotate') }).click()
    await dialog.getByRole('button', { name: t('keys.rotate') }).click()
    const old = keys.getByRole('row').filter({ hasText: t('keys.ending') })
    await old.getByRole('button', { name: t('keys.revoke') }).click()
    await dialog.getByRole('button', { name: t('keys.revoke') }).click()
    await keys
      .getByRole('row')
      .filter({ hasText: t('keys.expired') })
      .waitFor()

    await page.getByRole('button', { name: t('services.scale') }).click()
    await dialog.getByRole('spinbutton').fill('0')
    await dialog.getByText(t('services.impact.share', { group, before: '75', after: '0' })).waitFor()
    await dialog.getByRole('spinbutton').fill('2')
    await dialog.getByText(t('services.impact.sameShare', { group, share: '75' })).waitFor()
    await dialog.getByRole('button', { name: t('common.cancel') }).click()
    await dialog.waitFor({ state: 'hidden' })

    await page.getByRole('button', { name: t('traffic.leave') }).click()
    await dialog.getByText(t('traffic.leaveImpact', { name: blue, share: '75' })).waitFor()
    await dialog.getByRole('button', { name: t('traffic.leave') }).click()
    await page.getByText(t('traffic.none')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)
})
