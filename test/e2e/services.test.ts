// Services in a real browser against a real Berth, in both languages: deployed by the form, tried with a drawing, its log
// read, an instance restarted, scaled, stopped, started and deleted.
import { fileURLToPath } from 'node:url'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Language } from '../console/dictionary.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'

const model = fileURLToPath(new URL('../../examples/digits/model.onnx', import.meta.url))

describeInBrowser('a developer', () => {
  const world = new ConsoleWorld()
  beforeAll(async () => {
    await world.start()
    const owner = await world.client()
    const machine = { regionId: 'local', zoneId: 'local-a', specId: 'host.small' }
    const request = { ...machine, chargeType: 'postpaid' as const, quantity: 3, groupName: 'digits-room' }
    await owner.call('POST /v1/orders', { body: { request } })
  })
  afterAll(() => world.stop())

  async function toDeployPage({ page, t }: OpenConsole): Promise<void> {
    await page.getByRole('link', { name: t('workspace.open') }).click()
    await page.getByRole('tab', { name: t('nav.services') }).click()
    await page
      .getByRole('link', { name: t('services.deploy') })
      .first()
      .click()
    await page.getByRole('heading', { level: 1, name: t('services.deploy') }).waitFor()
  }

  async function fillForm({ page, t }: OpenConsole, name: string): Promise<void> {
    await page.getByRole('textbox', { name: t('services.name') }).fill(name)
    await page.getByRole('combobox', { name: t('services.group') }).click()
    await page.getByTitle('digits-room').click()
    await page.getByRole('spinbutton', { name: t('deploy.cpu') }).fill('0.5')
    await page.getByRole('spinbutton', { name: t('deploy.memory') }).fill('200')
    await page.getByRole('textbox', { name: t('deploy.modelPath') }).fill(model)
  }

  /** A one, from top to bottom. */
  async function drawOne({ page }: OpenConsole, pad: Locator): Promise<void> {
    await pad.scrollIntoViewIfNeeded()
    const box = await pad.boundingBox()
    if (!box) throw new Error('there is no sheet to draw on')
    const middle = box.x + box.width / 2
    await page.mouse.move(middle, box.y + box.height * 0.15)
    await page.mouse.down()
    await page.mouse.move(middle, box.y + box.height * 0.85, { steps: 12 })
    await page.mouse.up()
  }

  async function confirm({ page, t }: OpenConsole, action: 'restart' | 'stop' | 'start' | 'delete'): Promise<void> {
    const dialog = page.getByRole('dialog')
    if (action === 'delete') await dialog.getByRole('checkbox').check()
    await dialog.getByRole('button', { name: t(`services.${action}`), exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
  }

  test.each<Language>(['zh', 'en'])('runs the digits from drawing them to deleting them (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `digits_${language}`
    await toDeployPage(open)
    await fillForm(open, name)
    await page.getByRole('status').getByText(t('deploy.fine')).waitFor()
    await page.getByRole('button', { name: t('services.deploy') }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.getByText(t('services.reason.running', { running: 1, wanted: 1 })).waitFor()

    await page.getByRole('tab', { name: t('services.tabTry') }).click()
    await drawOne(open, page.getByRole('img', { name: t('try.canvas') }))
    await page
      .getByRole('region', { name: t('try.recognised') })
      .getByRole('status')
      .getByText('1', { exact: true })
      .waitFor()
    await page.getByText('Python', { exact: true }).click()
    await page.getByText('os.environ["BERTH_SERVICE_KEY"]').waitFor()

    await page.getByRole('tab', { name: t('services.tabLogs') }).click()
    const log = page.getByRole('region', { name: t('logs.region') })
    await log
      .getByText(/listen|ready|model/i)
      .first()
      .waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: t('logs.download') }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(new RegExp(`^${name}-.+\\.log$`))

    await page.getByRole('tab', { name: t('services.tabInstances') }).click()
    const table = page.getByRole('region', { name: t('services.tabInstances') })
    const before = await table.getByRole('row').nth(1).textContent()
    await table.getByRole('button', { name: t('services.restart') }).click()
    await confirm(open, 'restart')
    await expect.poll(() => table.getByRole('row').nth(1).textContent(), { timeout: 15_000 }).not.toBe(before)

    await page.getByRole('button', { name: t('services.scale') }).click()
    await page.getByRole('spinbutton', { name: t('services.scaleTo') }).fill('2')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('services.scale') })
      .click()
    await page.getByText(t('services.reason.running', { running: 2, wanted: 2 })).waitFor()
    await page.getByRole('button', { name: t('services.stop'), exact: true }).click()
    await confirm(open, 'stop')
    await page.getByText(t('services.reason.stopped')).waitFor()
    await page.getByRole('button', { name: t('services.start'), exact: true }).click()
    await confirm(open, 'start')
    await page.getByText(t('services.reason.running', { running: 2, wanted: 2 })).waitFor()
    await page.getByRole('button', { name: t('services.delete'), exact: true }).click()
    await confirm(open, 'delete')
    await page.getByText(t('services.empty')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each<Language>([
    'zh',
    'en',
  ])('is told what is wrong while typing, in the form and in the JSON (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await toDeployPage(open)
    await fillForm(open, 'Digits')
    await page.getByRole('status').getByText(t('check.metadata.name')).waitFor()
    expect(await page.getByRole('button', { name: t('services.deploy') }).isDisabled()).toBe(true)
    const json = page.getByRole('textbox', { name: t('services.config') })
    const write = async (text: string) => {
      await json.press('ControlOrMeta+a')
      await json.press('Delete')
      await page.keyboard.type(text)
    }
    await write('{"metadata":')
    await page.getByRole('status').getByText(t('deploy.badJson')).waitFor()
    await write(
      JSON.stringify({ metadata: { name: 'from_json', resource: 'digits-room' }, containers: [{ command: 'serve' }] }),
    )
    await page.getByRole('status').getByText(t('deploy.fine')).waitFor()
    expect(await page.getByRole('textbox', { name: t('services.name') }).inputValue()).toBe('from_json')
    expect(await page.getByRole('textbox', { name: t('deploy.command') }).inputValue()).toBe('serve')
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
