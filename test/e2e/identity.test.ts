// The people of an account in a real browser: let in by a password or by an identity provider, added, changed, disabled; their
// keys, workspaces, sessions and what the audit says of it. The way in in both languages, the rest in one.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../../src/client/client.ts'
import type { Language } from '../console/dictionary.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld, type OpenConsole } from './console-world.ts'
import { OidcProcess } from './oidc-process.ts'
import { toldIn, toldInWhole } from './whole.ts'

const languages = toldIn('en')

describeInBrowser('the people of an account', () => {
  const world = new ConsoleWorld()
  let provider: OidcProcess
  beforeAll(async () => {
    provider = await OidcProcess.start()
    await world.start(provider.yaml)
    await provider.returnTo(await world.url('/v1/sign-in/oidc/callback'))
    const owner = await world.client()
    await owner.call('POST /v1/users', { body: { name: 'mei', role: 'developer', email: 'mei@example.org' } })
  })
  afterAll(async () => {
    await world.stop()
    await provider.stop()
  })

  const row = ({ page }: OpenConsole, table: string, name: string) =>
    page.getByRole('region', { name: table, exact: true }).getByRole('row').filter({ hasText: name })
  const press = ({ page }: OpenConsole, name: string) =>
    page.getByRole('dialog').getByRole('button', { name, exact: true }).click()

  /** What is shown once: read, ticked as kept, closed. */
  async function keepSecret(open: OpenConsole, label: string): Promise<string> {
    const dialog = open.page.getByRole('dialog')
    const value = dialog.locator('dt', { hasText: label }).locator('xpath=following-sibling::dd')
    const text = (await value.innerText()).trim()
    const close = dialog.getByRole('button', { name: open.t('once.close') })
    expect(await close.isDisabled()).toBe(true)
    await dialog.getByRole('checkbox', { name: open.t('once.kept') }).check()
    await close.click()
    await dialog.waitFor({ state: 'hidden' })
    return text
  }

  async function typePassword({ page, t }: OpenConsole, user: string, password: string): Promise<void> {
    await page.getByRole('textbox', { name: t('signIn.account') }).fill('default')
    await page.getByRole('textbox', { name: t('signIn.user') }).fill(user)
    await page.getByLabel(t('signIn.password'), { exact: true }).fill(password)
    await page.getByRole('button', { name: t('signIn.submit'), exact: true }).click()
  }

  test.each(languages)('sign in through the identity provider, or are told why not (%s)', async language => {
    const open = await world.visit(language)
    const { page, t } = open
    const walk = async (login: string) => {
      await page.getByRole('link', { name: t('signIn.oidc') }).click()
      await page.locator('input[name=login]').fill(login)
      await page.locator('input[name=password]').fill('any')
      await page.getByRole('button').first().click()
      // The provider asks whether Berth may know who it is.
      await page.getByRole('button', { name: 'Continue' }).click()
    }
    await page.goto(await world.url('/account/sessions'))
    await walk('mei')
    await page.getByRole('heading', { level: 1, name: t('account.sessions') }).waitFor()
    await page.getByRole('button', { name: t('account.menu') }).click()
    await page.getByText(t('account.as', { user: 'mei', role: t('role.developer') })).waitFor()
    await open.context.clearCookies()
    await page.goto(await world.url('/sign-in'))
    await walk('stranger')
    await page.getByRole('alert').getByText(t('refusal.IdentityNotKnown')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(['zh'] as Language[])('are added, changed, disabled and enabled by the owner (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const name = `ana-${language}`
    const members = t('account.members')
    await page.goto(await world.url('/account/members'))
    await page.getByRole('button', { name: t('users.add') }).click()
    await page.getByRole('textbox', { name: t('signIn.user') }).fill('Not A Name')
    await press(open, t('users.add'))
    await page.getByRole('alert').getByText(t('refusal.InvalidName')).waitFor()
    await page.getByRole('textbox', { name: t('signIn.user') }).fill(name)
    await press(open, t('users.add'))
    await page.getByRole('dialog').getByText(t('users.passwordOf', { name })).waitFor()
    const first = await keepSecret(open, t('signIn.password'))

    const person = await world.visit(language)
    await person.page.goto(await world.url('/'))
    await typePassword(person, name, first)
    await person.page.getByRole('heading', { level: 1, name: t('workspace.title') }).waitFor()

    await row(open, members, name)
      .getByRole('button', { name: t('users.change') })
      .click()
    await page.getByRole('textbox', { name: t('users.email') }).fill(`${name}@example.org`)
    await press(open, t('common.save'))
    await row(open, members, name).getByText(`${name}@example.org`).waitFor()

    await row(open, members, name)
      .getByRole('button', { name: t('users.disable') })
      .click()
    await page.getByRole('dialog').getByText(t('users.disableImpact')).waitFor()
    await press(open, t('users.disable'))
    await row(open, members, name).getByText(t('users.disabled')).waitFor()
    await person.page.reload()
    await person.page.getByRole('heading', { level: 1, name: t('signIn.title') }).waitFor()
    await typePassword(person, name, first)
    await person.page.getByRole('alert').getByText(t('refusal.UserDisabled')).waitFor()

    await row(open, members, name)
      .getByRole('button', { name: t('users.enable') })
      .click()
    await press(open, t('users.enable'))
    await row(open, members, name).getByText(t('users.active')).waitFor()
    await row(open, members, name)
      .getByRole('button', { name: t('users.resetPassword') })
      .click()
    await press(open, t('users.resetPassword'))
    await page.getByRole('dialog').getByText(t('users.passwordOf', { name })).waitFor()
    const second = await keepSecret(open, t('signIn.password'))
    await typePassword(person, name, second)
    await person.page.getByRole('heading', { level: 1, name: t('workspace.title') }).waitFor()
    // The last owner stays, and the button says why.
    const disable = row(open, members, 'admin').getByRole('button', { name: t('users.disable') })
    expect(await disable.getAttribute('aria-description')).toBe(t('refusal.LastOwner'))
    // What is for owners says so to others.
    const create = person.page.getByRole('button', { name: t('workspace.create') })
    expect(await create.getAttribute('aria-description')).toBe(t('refusal.Forbidden'))
    expect([...open.complaints, ...person.complaints]).toEqual([])
    await person.context.close()
    await open.context.close()
  })

  test.each(toldInWhole('en'))('have keys: shown once, rotated with an overlap, revoked (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const keys = t('account.keys')
    await page.getByRole('button', { name: t('account.menu') }).click()
    await page.getByRole('menuitem', { name: keys }).click()
    await page.getByText(t('keys.lost')).waitFor()
    await page
      .getByRole('button', { name: t('keys.create') })
      .first()
      .click()
    await press(open, t('keys.create'))
    const dialog = page.getByRole('dialog')
    await dialog.getByText(t('keys.made')).waitFor()
    const accessKeyId = (await dialog.getByText(/^LTAI/).first().innerText()).trim()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: t('once.download') }).click(),
    ])
    const saved = readFileSync(await download.path(), 'utf8')
    const secret = await keepSecret(open, t('keys.secret'))
    expect(saved).toContain(secret)
    const whoami = new Client({ apiUrl: await world.url('/'), accessKeyId, secret })
    expect(await whoami.call('GET /v1/whoami', {})).toMatchObject({ userName: 'admin' })
    await page.reload()
    const lastUsed = row(open, keys, accessKeyId).locator('time')
    await expect.poll(() => lastUsed.count(), { timeout: 15_000 }).toBeGreaterThan(1)

    await row(open, keys, accessKeyId)
      .getByRole('button', { name: t('keys.rotate') })
      .click()
    await press(open, t('keys.rotate'))
    await dialog.getByText(t('keys.made')).waitFor()
    await keepSecret(open, t('keys.secret'))
    await row(open, keys, accessKeyId).getByText(t('keys.ending')).waitFor()
    expect(await whoami.call('GET /v1/whoami', {})).toMatchObject({ accessKeyId })
    await row(open, keys, accessKeyId)
      .getByRole('button', { name: t('keys.revoke') })
      .click()
    await press(open, t('keys.revoke'))
    await row(open, keys, accessKeyId).getByText(t('keys.revoked')).waitFor()
    await expect(whoami.call('GET /v1/whoami', {})).rejects.toMatchObject({ code: 'InvalidAccessKeyId.NotFound' })
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldInWhole('zh'))('work in workspaces: made, named anew, with members (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    const list = t('workspace.title')
    await page.getByRole('button', { name: t('workspace.create') }).click()
    await page.getByRole('textbox', { name: t('common.name') }).fill(`lab-${language}`)
    await press(open, t('workspace.create'))
    await row(open, list, `lab-${language}`)
      .getByRole('button', { name: t('workspace.rename') })
      .click()
    await page.getByRole('textbox', { name: t('common.name') }).fill('default')
    await press(open, t('common.save'))
    await page.getByRole('alert').getByText(t('refusal.NameInUse')).waitFor()
    await page.getByRole('textbox', { name: t('common.name') }).fill(`room-${language}`)
    await press(open, t('common.save'))
    await row(open, list, `room-${language}`)
      .getByRole('link', { name: t('workspace.members') })
      .click()
    await page.getByText(t('workspace.noMembers')).waitFor()
    await page
      .getByRole('button', { name: t('workspace.addMember') })
      .first()
      .click()
    await page.getByRole('combobox', { name: t('keys.user') }).click()
    await page.getByTitle('mei', { exact: true }).click()
    await press(open, t('workspace.addMember'))
    const mei = row(open, t('workspace.members'), 'mei')
    await mei.getByText(t('role.developer')).waitFor()
    await mei.getByRole('button', { name: t('workspace.changeMember') }).click()
    await page.getByRole('dialog').getByText(t('role.viewer'), { exact: true }).click()
    await press(open, t('common.save'))
    await mei.getByText(t('role.viewer')).waitFor()
    await mei.getByRole('button', { name: t('workspace.removeMember') }).click()
    await press(open, t('workspace.removeMember'))
    await page.getByText(t('workspace.noMembers')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldInWhole('en'))('change their password, end other sessions, and read the audit (%s)', async language => {
    const owner = await world.client()
    const made = await owner.call('POST /v1/users', {
      body: { name: `olga-${language}`, role: 'owner', withPassword: true },
    })
    const open = await world.visit(language)
    const other = await world.visit(language)
    const { page, t } = open
    for (const one of [open, other]) {
      await one.page.goto(await world.url('/account/sessions'))
      await typePassword(one, made.name, String(made.password))
      await one.page.getByRole('heading', { level: 1, name: t('account.sessions') }).waitFor()
    }
    await expect
      .poll(() => page.getByRole('button', { name: t('sessions.revoke') }).count(), { timeout: 15_000 })
      .toBe(1)
    await page.getByRole('button', { name: t('password.change') }).click()
    await page.getByLabel(t('password.current'), { exact: true }).fill('not this one')
    await page.getByLabel(t('password.next'), { exact: true }).fill('one that is long enough')
    await page.getByLabel(t('password.again'), { exact: true }).fill('one that is long enough')
    await press(open, t('password.change'))
    await page.getByRole('alert').getByText(t('refusal.WrongPassword')).waitFor()
    await page.getByLabel(t('password.current'), { exact: true }).fill(String(made.password))
    await press(open, t('password.change'))
    await page.getByText(t('password.changed')).waitFor()
    await other.page.reload()
    await other.page.getByRole('heading', { level: 1, name: t('signIn.title') }).waitFor()

    await page.getByRole('button', { name: t('account.menu') }).click()
    await page.getByRole('menuitem', { name: t('audit.title') }).click()
    await page.getByRole('searchbox', { name: t('audit.who') }).fill(made.name)
    await page.getByRole('searchbox', { name: t('audit.who') }).press('Enter')
    const results = page.getByRole('radiogroup', { name: t('audit.result') })
    await results.getByText(t('audit.result.refused'), { exact: true }).click()
    const table = page.getByRole('region', { name: t('audit.title') })
    await table.getByText('WrongPassword', { exact: true }).waitFor()
    await table.getByText(t('refusal.WrongPassword')).waitFor()
    expect(new URL(page.url()).search).toBe(`?who=${made.name}&result=refused`)
    await page.reload()
    await table.getByText('PUT /v1/password').waitFor()
    expect(await table.getByText('POST /v1/sign-in').count()).toBe(0)
    await page.getByLabel(t('audit.from')).fill('2020-01-31')
    await page.getByLabel(t('audit.from')).press('Enter')
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe('2020-01-31')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: t('audit.export') }).click(),
    ])
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('"WrongPassword"')
    expect(open.complaints).toEqual([])
    for (const { context } of [open, other]) await context.close()
  })

  test.each(
    toldInWhole('zh'),
  )('the operator opens an account, tops it up, looks into it and sets a price from a date (%s)', async language => {
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    const name = `acme-${language}`
    await page.getByRole('button', { name: t('operator.createAccount') }).click()
    await page.getByRole('textbox', { name: t('operator.accountName') }).fill(name)
    await press(open, t('operator.createAccount'))
    await page.getByRole('dialog').getByText(t('operator.accountMade', { name })).waitFor()
    const password = await keepSecret(open, t('signIn.password'))
    expect(password).toMatch(/^\w{5}(-\w{5}){3}$/)
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.getByRole('button', { name: t('operator.topUp') }).click()
    await page.getByRole('spinbutton').fill('120.5')
    await press(open, t('operator.topUp'))
    await page
      .getByRole('region', { name: t('wallet.transfers') })
      .getByText('¥120.50')
      .waitFor()
    for (const tab of ['nav.groups', 'nav.fleet', 'nav.orders', 'account.members']) {
      await page.getByRole('tab', { name: t(tab) }).click()
    }
    await row(open, t('account.members'), 'admin').waitFor()

    await page.goto(await world.url('/operator/offerings'))
    const offering = page
      .getByRole('row')
      .filter({ hasText: 'sim.c8' })
      .filter({ hasText: t('charge.postpaid') })
    await offering.getByRole('button', { name: t('operator.setPrice') }).click()
    await page.getByRole('spinbutton', { name: t('buy.pricePerHour') }).fill(language === 'zh' ? '1.80' : '1.90')
    await page.getByLabel(t('operator.priceFrom')).fill('2099-01-01 00:00')
    await page.getByLabel(t('operator.priceFrom')).press('Enter')
    await press(open, t('operator.setPrice'))
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await offering.getByRole('button', { name: new RegExp(t('operator.versions')) }).click()
    await page.getByRole('dialog').getByText(t('operator.price.scheduled')).first().waitFor()
    await page.getByRole('dialog').getByText(t('operator.price.in_force'), { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.goto(await world.url('/operator/machines?regionId=east'))
    await page.getByText(t('common.noMatch')).waitFor()
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
