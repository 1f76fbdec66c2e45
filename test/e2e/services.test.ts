// Services in a real browser against a real Berth, in both languages: deployed by the form, tried with a drawing, its log
// read, an instance restarted, scaled, stopped, started and deleted.
import { fileURLToPath } from 'node:url'
import type { Locator, Route } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, closed, confirmIn, type OpenConsole } from './console-world.ts'
import { serving } from './serving.ts'
import { toldIn, toldInWhole } from './whole.ts'

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

  async function workspaceId(): Promise<string> {
    const workspaces = await (await world.client()).call('GET /v1/workspaces', {})
    return workspaces.items[0]?.workspaceId ?? ''
  }

  /** A small service of one instance, asked for. */
  async function runs(name: string): Promise<void> {
    const metadata = { name, instance: 1, cpu: 0.2, memory: 100, resource: 'digits-room' }
    const containers = [{ command: serving }]
    await (await world.client()).call('POST /v1/services', { body: { config: { metadata, containers } } })
  }

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

  async function confirm(open: OpenConsole, action: 'restart' | 'stop' | 'start' | 'delete'): Promise<void> {
    const dialog = open.page.getByRole('dialog')
    if (action === 'delete') await dialog.getByRole('checkbox').check()
    await confirmIn(open, dialog, open.t(`services.${action}`))
  }

  test('is told beforehand what does not fit, and led to the machine that would make it', async () => {
    const open = await world.open('en')
    const { page, t } = open
    const owner = await world.client()
    const { items } = await owner.call('GET /v1/offerings', { query: { regionId: 'local' } })
    const cpu = (items.find(one => one.specId === 'host.small')?.cpuMilli ?? 0) / 1000
    // A whole machine for each: one more than there are.
    const metadata = { name: 'too_wide', instance: 4, cpu, memory: 100, resource: 'digits-room' }
    await toDeployPage(open)
    const json = page.getByRole('textbox', { name: t('services.config') })
    await json.press('ControlOrMeta+a')
    await json.press('Delete')
    await page.keyboard.type(JSON.stringify({ metadata, containers: [{ command: 'serve' }] }))
    await page
      .getByRole('status')
      .getByText(t('fit.does_not_fit', { count: 1, total: 4 }))
      .waitFor()
    await page
      .getByRole('region', { name: t('fit.title') })
      .getByRole('link', { name: t('fit.buy', { quantity: 1, spec: 'host.small' }) })
      .first()
      .click()
    await page.getByRole('heading', { level: 1, name: t('buy.titleMore', { group: 'digits-room' }) }).waitFor()
    expect(await page.getByRole('radio', { name: 'host.small' }).isChecked()).toBe(true)
    expect(new URL(page.url()).searchParams.get('chargeType')).toBe('postpaid')
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('zh'))('deploys the digits, draws one, and reads the log (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `digits_${language}`
    await toDeployPage(open)
    await fillForm(open, name)
    await page.getByRole('status').getByText(t('deploy.fine')).waitFor()
    await page.getByRole('button', { name: t('services.deploy') }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()

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
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('zh'))('restarts, scales, stops, starts and deletes a service (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `run_${language}`
    await runs(name)
    await page.goto(await world.url(`/workspaces/${await workspaceId()}/services/${name}`))
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()
    const table = page.getByRole('region', { name: t('services.tabInstances') })
    const before = await table.getByRole('row').nth(1).textContent()
    await table.getByRole('button', { name: t('services.restart') }).click()
    await confirm(open, 'restart')
    await expect.poll(() => table.getByRole('row').nth(1).textContent(), { timeout: 15_000 }).not.toBe(before)

    await page.getByRole('button', { name: t('services.scale') }).click()
    await page.getByRole('spinbutton', { name: t('services.scaleTo') }).fill('2')
    await page
      .getByRole('dialog')
      .getByText(t('impact.started', { count: 1 }))
      .waitFor()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('services.scale') })
      .click()
    await page.getByText(t('cause.Counts', { running: 2, wanted: 2 })).waitFor()
    await page.getByRole('button', { name: t('services.stop'), exact: true }).click()
    // The server's own word, and it keeps up while the dialog is open.
    const stopping = page.getByRole('dialog')
    await stopping.getByText(t('impact.fate.stops', { count: 2 })).waitFor()
    const params = { service: name }
    await (await world.client()).call('POST /v1/services/{service}/scale', { params, body: { replicas: 1 } })
    await stopping.getByText(t('impact.fate.stops', { count: 1 })).waitFor({ timeout: 5_000 })
    await confirm(open, 'stop')
    await page.getByText(t('cause.StoppedOnRequest')).waitFor()
    await page.getByRole('button', { name: t('services.start'), exact: true }).click()
    await confirm(open, 'start')
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()
    await page.getByRole('button', { name: t('services.delete'), exact: true }).click()
    await confirm(open, 'delete')
    await page.getByRole('heading', { level: 1, name: t('nav.serving') }).waitFor()
    await page.getByRole('link', { name }).waitFor({ state: 'hidden' })
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('en'),
  )('whoever confirms what has changed since is told, sees it anew, and presses again (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await runs('moving_on')
    await page.goto(await world.url(`/workspaces/${await workspaceId()}/services/moving_on`))
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()
    await page.getByRole('button', { name: t('services.stop'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(t('impact.fate.stops', { count: 1 })).waitFor()
    // The news of it is still on its way to the page when the button is pressed.
    const held: Route[] = []
    await page.route(/\/preview$/, route => void held.push(route))
    const params = { service: 'moving_on' }
    await (await world.client()).call('POST /v1/services/{service}/scale', { params, body: { replicas: 2 } })
    const refused = page.waitForResponse(answer => answer.status() === 409)
    await dialog.getByRole('button', { name: t('services.stop'), exact: true }).click()
    await refused
    await page.unroute(/\/preview$/)
    await Promise.all(held.map(route => route.continue().catch(() => undefined)))
    await dialog.getByText(t('refusal.WorldChanged')).waitFor()
    await dialog.getByText(t('impact.fate.stops', { count: 2 })).waitFor()
    await confirm(open, 'stop')
    await page.getByText(t('cause.StoppedOnRequest')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('zh'))('updates a service, sees what it does, and goes back (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const owner = await world.client()
    const name = `updated_${language}`
    await runs(name)
    await page.goto(await world.url(`/workspaces/${await workspaceId()}/services/${name}`))
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()

    await page.getByRole('button', { name: t('services.update'), exact: true }).click()
    await page.getByRole('heading', { level: 1, name: t('services.updateTitle', { name }) }).waitFor()
    expect(await page.getByRole('textbox', { name: t('services.name') }).isDisabled()).toBe(true)
    await page.getByRole('status').getByText(t('impact.none')).waitFor()
    expect(await page.getByRole('button', { name: t('services.update'), exact: true }).isDisabled()).toBe(true)
    // By the form; the JSON beside it follows, and so does what changes.
    await page.getByRole('textbox', { name: t('deploy.command') }).fill('exit 3')
    await page.getByRole('row', { name: 'containers[0].command' }).getByText('exit 3').waitFor()
    await page.getByRole('spinbutton', { name: t('deploy.memory') }).fill('0')
    await page.getByRole('status').getByText('metadata.memory').waitFor()
    await page.getByRole('spinbutton', { name: t('deploy.memory') }).fill('220')
    await page.getByText(t('impact.version', { version: '2', replaced: 1 })).waitFor()
    await page.getByText(t('impact.surge', { maxSurge: 1 })).waitFor()
    await page.getByRole('button', { name: t('services.update'), exact: true }).click()

    // The new version crashes: the rollout pauses and says why, and what served before still does.
    const rollout = page.getByRole('region', { name: t('rollout.update', { version: '2' }) })
    await rollout.getByText(t('rollout.paused')).waitFor({ timeout: 20_000 })
    await rollout.getByText(t('cause.lastExit', { exitCode: '3' })).waitFor()
    await rollout.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()
    await rollout.getByRole('button', { name: t('rollout.rollBack', { version: '1' }) }).click()
    const dialog = page.getByRole('dialog')
    // What failed is withdrawn already: only what was begun is taken back.
    await dialog.getByText(t('impact.useAlone', { version: '1' })).waitFor()
    await dialog.getByRole('button', { name: t('rollout.rollBack', { version: '1' }) }).click()
    await rollout.waitFor({ state: 'hidden' })

    await page.getByRole('tab', { name: t('services.tabVersions') }).click()
    const versions = page.getByRole('region', { name: t('services.tabVersions') })
    await versions.getByRole('button', { expanded: false }).first().click()
    const compared = page.getByRole('region', { name: t('services.compare') })
    await compared.getByRole('row', { name: 'metadata.memory' }).getByText('220').waitFor()
    await owner.call('DELETE /v1/services/{service}', { params: { service: name } })
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)

  test.each(
    toldInWhole('zh', 'en'),
  )('in a full group lets the old instance go first, and takes an update back (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const owner = await world.client()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid' as const }
    const name = `tight_${language}`
    const request = { ...machine, quantity: 1, groupName: `tight-${language}` }
    const { groupId: resource } = await owner.call('POST /v1/orders', { body: { request } })
    const metadata = { name, resource, instance: 1, cpu: 6, memory: 1024 }
    await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command: 'serve' }] } } })
    await page.goto(await world.url(`/workspaces/${await workspaceId()}/services/${name}`))
    await page.getByText(t('cause.Counts', { running: 1, wanted: 1 })).waitFor()
    const params = { service: name }
    const update = (memory: number) =>
      owner.call('PUT /v1/services/{service}', { params, body: { config: { metadata: { memory } } } })
    const dialog = page.getByRole('dialog')

    await update(1100)
    await page.getByRole('button', { name: t('rollout.goFirst') }).click()
    await dialog.getByText(t('rollout.goFirstNone', { running: 1, after: 0 })).waitFor()
    await dialog.getByRole('checkbox').check()
    await dialog.getByRole('textbox', { name: t('common.reason') }).fill('nobody calls it at night')
    await dialog.getByRole('button', { name: t('rollout.goFirst') }).click()
    const rollout = page.getByRole('region', { name: t('rollout.update', { version: '2' }) })
    await rollout.waitFor({ state: 'hidden', timeout: 30_000 })

    await update(1200)
    await page.getByRole('button', { name: t('rollout.abortIt') }).click()
    await dialog.getByText(t('impact.useAlone', { version: '2' })).waitFor()
    await dialog.getByRole('button', { name: t('rollout.abortIt') }).click()
    await closed(dialog)
    await page.getByRole('button', { name: t('rollout.abortIt') }).waitFor({ state: 'hidden' })
    expect(await owner.call('GET /v1/services/{service}', { params })).toMatchObject({ version: 2 })
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 60_000)

  test.each(
    toldInWhole('en'),
  )('whoever updates from a version that is gone by now is told, and undoes nothing (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const owner = await world.client()
    const metadata = { name: 'contended', instance: 0, cpu: 0.2, memory: 100, resource: 'digits-room' }
    await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command: 'serve' }] } } })
    await page.goto(await world.url(`/workspaces/${await workspaceId()}/services/contended/update`))
    await page.getByRole('textbox', { name: t('deploy.command') }).fill('mine')
    await page.getByText(t('impact.idle')).waitFor()
    const params = { service: 'contended' }
    await owner.call('PUT /v1/services/{service}', { params, body: { config: { metadata: { memory: 90 } } } })
    await page.getByText(t('services.changedMeanwhile', { version: '2' })).waitFor()
    await page.getByRole('button', { name: t('services.update'), exact: true }).click()
    await page.getByText(t('refusal.ServiceChanged', { version: '2' })).waitFor()
    await page.getByRole('button', { name: t('services.startFrom', { version: '2' }) }).click()
    expect(await page.getByRole('textbox', { name: t('deploy.command') }).inputValue()).toBe('serve')
    expect(await page.getByRole('spinbutton', { name: t('deploy.memory') }).inputValue()).toBe('90')
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('is told what is wrong while typing, in the form and in the JSON (%s)', async language => {
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
