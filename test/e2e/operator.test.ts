// The operator's own work in a real browser: what the auditor says, a clock that jumped, the early end of a machine.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { toldIn, toldInWhole } from './whole.ts'

describeInBrowser('the operator', () => {
  const world = new ConsoleWorld()
  const machineIds: string[] = []
  beforeAll(async () => {
    await world.start()
    const owner = await world.client()
    const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'prepaid' as const }
    const request = { ...machine, months: 1 as const, quantity: 2, groupName: 'to end' }
    const { groupId } = await owner.call('POST /v1/orders', { body: { request } })
    const found = await until('both machines run', async () => {
      const { items } = await owner.call('GET /v1/machines', { query: { groupId: groupId ?? '' } })
      return items.length === 2 && items.every(one => one.status === 'Ready') && items
    })
    machineIds.push(...found.map(one => one.machineId))
  })
  afterAll(() => world.stop())

  const languages = toldIn('en')

  test.each(languages)('ends a prepaid machine early, after its refund and with a reason (%s)', async language => {
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    const machineId = machineIds[language === 'zh' ? 0 : 1] ?? ''
    await page.goto(await world.url('/operator/machines'))
    const row = page.getByRole('row').filter({ hasText: machineId })
    await row.getByRole('button', { name: t('operator.releaseEarly') }).click()
    const dialog = page.getByRole('dialog', { name: t('release.title', { machine: machineId }) })
    await dialog.getByText(t('release.lines')).waitFor()
    const action = dialog.getByRole('button', { name: t('release.action') })
    expect(await action.isDisabled()).toBe(true)
    await dialog.getByRole('textbox', { name: t('common.reason') }).fill('moves to another region')
    const owner = await world.client()
    const before = BigInt((await owner.call('GET /v1/wallet', {})).cashFen)
    await action.click()
    await dialog.waitFor({ state: 'hidden' })
    const back = BigInt((await owner.call('GET /v1/wallet', {})).cashFen) - before
    // A month of 800.00 that has just begun.
    expect(back > 790_00n && back <= 800_00n).toBe(true)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('sees each invariant hold, what is found wrong, and that billing waits for it (%s)', async language => {
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    await page
      .getByRole('navigation')
      .getByRole('link', { name: t('nav.auditor') })
      .click()
    const checks = page.getByRole('region', { name: t('nav.auditor') })
    await checks.getByText(t('auditor.holds'), { exact: true }).first().waitFor()
    await page.getByText(t('auditor.runs'), { exact: true }).waitFor()
    const add = (fen: bigint) =>
      world.withDb(db =>
        sql`update ledger_accounts set balance_fen = balance_fen + ${fen}
          where id = ${`wallet:${world.installation.credentials().owner.accountId}:cash`}`.execute(db),
      )
    await add(1n)
    const broken = t('invariant.I3 a stored balance is the sum of its transfers')
    const row = checks.getByRole('row').filter({ hasText: broken })
    await row.getByText(t('auditor.found', { count: 1 })).waitFor({ timeout: 60_000 })
    await page
      .getByRole('alert')
      .filter({ hasText: t('auditor.parkedHint') })
      .waitFor()
    await checks.getByRole('listitem').filter({ hasText: 'wallet:' }).waitFor()
    await add(-1n)
    await page.getByText(t('auditor.runs'), { exact: true }).waitFor({ timeout: 60_000 })
    expect(open.complaints).toEqual([])
    await open.context.close()
  }, 150_000)

  test.each(
    languages,
  )('sees who has which duty, and what fails again and again with its error (%s)', async language => {
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    await page
      .getByRole('navigation')
      .getByRole('link', { name: t('nav.controllers') })
      .click()
    const controllers = page.getByRole('region', { name: t('nav.controllers') })
    const alive = controllers.getByRole('row').filter({ hasText: t('controllers.lives') })
    for (const duty of ['money', 'notices', 'routes', 'upkeep'])
      await alive.getByText(t(`duty.${duty}`), { exact: true }).waitFor()
    await page.getByText(t('setAside.empty'), { exact: true }).waitFor()
    const error = 'no machine in <b>east-a</b> has room'
    const at = Temporal.Instant.from('2099-01-01T00:00:00Z')
    const id = `eas-m-${language}`
    await world.withDb(db =>
      db
        .insertInto('rowsSetAside')
        .values({ kind: 'service', rowId: id, attempts: 3, error, since: at, lastAt: at, dueAt: at })
        .execute(),
    )
    await page.reload()
    const row = page
      .getByRole('region', { name: t('setAside.title') })
      .getByRole('row')
      .filter({ hasText: id })
    await row.getByText(error, { exact: true }).waitFor()
    await row.getByText(t('setAside.service'), { exact: true }).waitFor()
    await world.withDb(db => db.deleteFrom('rowsSetAside').where('rowId', '=', id).execute())
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(
    toldInWhole('zh', 'en'),
  )('is told on every page that the clock has jumped, and what to do (%s)', async language => {
    const open = await world.open(language, { who: 'operator' })
    const { page, t } = open
    const jumped = page.getByRole('alert').filter({ hasText: t('clock.aheadHint') })
    expect(await jumped.count()).toBe(0)
    // As control writes it down, of a boot that is believed to be the last.
    const mark = await world.withDb(db =>
      db
        .insertInto('timeMarks')
        .values({
          ...{ bootId: `e2e-${language}`, wallAt: Temporal.Instant.from('2099-01-01T00:00:00Z'), sinceBootMs: 0n },
          ...{ pausedAt: Temporal.Instant.from('2100-01-01T00:00:00Z'), pauseReason: 'ahead' },
          ...{ jumpedTo: Temporal.Instant.from('2100-01-01T00:00:00Z'), jumpedSinceBootMs: 0n },
        })
        .returning('bootId')
        .executeTakeFirstOrThrow(),
    )
    await page.goto(await world.url('/operator/offerings'))
    await jumped.waitFor()
    await world.withDb(db => db.deleteFrom('timeMarks').where('bootId', '=', mark.bootId).execute())
    await page.goto(await world.url('/operator/machines'))
    await page.getByRole('row').nth(1).waitFor()
    expect(await jumped.count()).toBe(0)
    expect(open.complaints).toEqual([])
    await open.context.close()
  })
})
