// What a buyer does again and again at the console, by role and by the words on the page.
import { fileURLToPath } from 'node:url'
import type { Locator } from 'playwright-core'
import type { Operations } from '../../src/client/client.ts'
import { until } from '../installation.ts'
import { type ConsoleWorld, confirmIn, type OpenConsole } from './console-world.ts'

const model = fileURLToPath(new URL('../../examples/digits/model.onnx', import.meta.url))

export class BuyerAtConsole {
  readonly world: ConsoleWorld
  readonly open: OpenConsole
  /** What runs the digits model. */
  readonly digits = { processor: 'onnx', model_path: model }

  constructor(world: ConsoleWorld, open: OpenConsole) {
    this.world = world
    this.open = open
  }

  /** From the list of groups to the page that sells. */
  async newGroup(chargeType: 'prepaid' | 'postpaid'): Promise<void> {
    const { page, t } = this.open
    await page.getByRole('button', { name: t('groups.new') }).click()
    await page.getByRole('menuitem', { name: t(`charge.${chargeType}`) }).click()
    await page.getByRole('heading', { level: 1, name: t('buy.titleNew') }).waitFor()
  }

  async choose(region: string, spec: string): Promise<void> {
    const { page, t } = this.open
    await page.getByRole('combobox', { name: t('common.region') }).click()
    await page.getByTitle(region).last().click()
    await page.getByRole('radio', { name: spec }).check()
  }

  /** From the page of a group to the page that sells more machines for it. */
  async addMachines(): Promise<void> {
    const { page, t } = this.open
    await page
      .getByRole('link', { name: t('groups.addMachines') })
      .first()
      .click()
    await page.getByRole('button', { name: t('buy.confirm') }).waitFor()
  }

  /** Pays where there is something to pay. */
  async confirmPurchase(amount?: string): Promise<void> {
    const { page, t } = this.open
    if (amount) await page.getByText(amount, { exact: true }).first().waitFor()
    await page.getByRole('button', { name: t('buy.confirm') }).click()
    await page.getByRole('button', { name: t('purchase.pay', { amount: amount ?? '¥0.00' }), exact: true }).click()
  }

  async seeDelivered(count: number): Promise<void> {
    const { page, t } = this.open
    await page.getByText(t('purchase.doneTitle')).waitFor()
    await page
      .getByRole('status')
      .getByText(t('purchase.delivered', { done: count, total: count }))
      .waitFor()
  }

  async toGroup(name: string): Promise<void> {
    const { page, t } = this.open
    const workspace = /\/workspaces\/[^/]+/.exec(page.url())?.[0] ?? ''
    await page.goto(await this.world.url(`${workspace}/groups`))
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await this.machineTable().getByRole('row').nth(1).waitFor()
    await page.getByRole('tab', { name: t('groups.tabMachines') }).waitFor()
  }

  machineTable(): Locator {
    const { page, t } = this.open
    return page.getByRole('region', { name: t('groups.tabMachines') })
  }

  /** As the table lists them. */
  async machineIds(): Promise<string[]> {
    const links = await this.machineTable().getByRole('link').allTextContents()
    return links.filter(text => text.startsWith('eas-i-'))
  }

  /** The machine that the oldest running instance of a service is on; waits until one is there. */
  async machineOf(service: string): Promise<string> {
    const owner = await this.world.client()
    return until('an instance runs', async () => {
      const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service } })
      return items.filter(one => one.status === 'Running').at(-1)?.machineId
    })
  }

  async emptyMachine(service: string): Promise<string> {
    const owner = await this.world.client()
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service } })
    const used = new Set(items.map(one => one.machineId))
    const free = (await this.machineIds()).find(id => !used.has(id))
    if (!free) throw new Error('every machine is in use')
    return free
  }

  async preview(
    action: Operations['POST /v1/machines/preview']['body']['action'],
    ...machineIds: string[]
  ): Promise<Operations['POST /v1/machines/preview']['returns']> {
    return (await this.world.client()).call('POST /v1/machines/preview', { body: { action, machineIds } })
  }

  /** Presses an action, gives a reason, confirms in the dialog, waits until it has closed. */
  async act(action: string, options: { inDialogOnly?: boolean; reason?: string } = {}): Promise<void> {
    const { page, t } = this.open
    if (!options.inDialogOnly) await page.getByRole('button', { name: action, exact: true }).click()
    const dialog = page.getByRole('dialog')
    if (options.reason) await dialog.getByRole('textbox', { name: t('common.reason') }).fill(options.reason)
    await confirmIn(this.open, dialog, action)
  }

  clipboard(): Promise<string> {
    return this.open.page.evaluate('navigator.clipboard.readText()')
  }

  /** In place of what stands in the JSON editor. */
  async writeJson(config: object): Promise<void> {
    const { page, t } = this.open
    const editor = page.getByRole('textbox', { name: t('services.config') })
    await editor.press('ControlOrMeta+a')
    await editor.press('Delete')
    await page.keyboard.insertText(JSON.stringify(config))
  }
}
