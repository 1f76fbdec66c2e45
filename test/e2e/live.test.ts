// What others do appears on the page by itself; and a page outlives its server.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { describeInBrowser } from './chromium.ts'
import { ConsoleWorld } from './console-world.ts'
import { toldIn } from './whole.ts'

describeInBrowser('a page that is open', () => {
  const world = new ConsoleWorld()
  let groupId = ''
  let machineId = ''
  beforeAll(async () => {
    await world.start()
    const client = await world.client()
    const order = await client.call('POST /v1/orders', {
      body: {
        request: {
          ...{ regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid', quantity: 2 },
          groupName: 'open-page',
        },
      },
    })
    groupId = order.groupId ?? ''
    const ready = await until('both machines are ready', async () => {
      const { items } = await client.call('GET /v1/machines', { query: { groupId } })
      return items.filter(machine => machine.status === 'Ready').length === 2 && items
    })
    machineId = ready[0]?.machineId ?? ''
  })
  afterAll(() => world.stop())

  const act = async (what: 'cordon' | 'uncordon') => {
    const client = await world.client()
    const params = { machineId }
    if (what === 'cordon') await client.call('POST /v1/machines/{machineId}/cordon', { params, body: {} })
    else await client.call('POST /v1/machines/{machineId}/uncordon', { params })
  }

  test.each(toldIn('zh'))('shows what is done elsewhere, without being asked (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/groups/${groupId}`))
    const table = page.getByRole('region', { name: t('groups.tabMachines') })
    const row = table.getByRole('row').filter({ hasText: machineId })
    await row.getByText(t('status.Ready'), { exact: true }).waitFor()
    const asked: string[] = []
    page.on('request', request => asked.push(new URL(request.url()).pathname))
    // Well before the slow floor under it would ask again.
    await act('cordon')
    await row.getByText(t('status.Ready-SchedulingDisabled')).waitFor({ timeout: 5_000 })
    await act('uncordon')
    await row.getByText(t('status.Ready'), { exact: true }).waitFor({ timeout: 5_000 })
    const client = await world.client()
    await client.call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name: `seen-${language}` } })
    await page.getByRole('heading', { level: 1, name: `seen-${language}` }).waitFor({ timeout: 5_000 })
    // Only what these concern was asked for: what happens to a machine may be a notice too, and the head counts those.
    expect(new Set(asked)).toEqual(new Set(['/v1/machines', `/v1/groups/${groupId}`, '/v1/notices']))
    expect(open.complaints).toEqual([])
    await open.context.close()
  })

  test.each(toldIn('zh'))('outlives its server, and catches up with what it missed (%s)', async language => {
    const open = await world.open(language)
    const { page, t } = open
    await page.goto(await world.url(`/workspaces/${await world.workspaceId()}/groups/${groupId}`))
    const row = page
      .getByRole('region', { name: t('groups.tabMachines') })
      .getByRole('row')
      .filter({ hasText: machineId })
    await row.getByText(t('status.Ready'), { exact: true }).waitFor()
    const before = await world.installation.pidOf('control')
    // The page comes back only after something has happened that it was not told of.
    await page.context().setOffline(true)
    process.kill(before ?? 0, 'SIGKILL')
    await page.getByRole('status').getByText(t('shell.reconnecting')).waitFor()
    await until('control has come back', async () => {
      const now = await world.installation.pidOf('control')
      return now !== null && now !== before && (await answers())
    })
    await act('cordon')
    await page.context().setOffline(false)
    await row.getByText(t('status.Ready-SchedulingDisabled')).waitFor()
    await page.getByRole('status').getByText(t('shell.reconnecting')).waitFor({ state: 'detached' })
    // And hears what happens from now on.
    await act('uncordon')
    await row.getByText(t('status.Ready'), { exact: true }).waitFor({ timeout: 5_000 })
    await open.context.close()
  }, 90_000)

  const answers = async () =>
    fetch(await world.url('/v1/health/live')).then(
      response => response.ok,
      () => false,
    )
})
