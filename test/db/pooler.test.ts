// PgBouncer before PostgreSQL, the real one: what is noticed, what is refused, and that a Berth runs through it.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { directUrl, isPooled } from '../../src/db/pooler.ts'
import { until } from '../installation.ts'
import { type FreshDb, freshDb } from '../postgres.ts'
import { RoleProcesses } from '../role-processes.ts'
import { noPgBouncer, startPgBouncer } from './pgbouncer.ts'

let fresh: FreshDb
beforeAll(async () => {
  fresh = await freshDb()
})
afterAll(() => fresh.close())

async function behind(poolMode: 'transaction' | 'session'): Promise<string> {
  const { url, close } = await startPgBouncer(fresh.url, poolMode)
  onTestFinished(close)
  return url
}

test('PostgreSQL itself is known as such, and is its own direct way', async () => {
  expect(await isPooled(fresh.url)).toBe(false)
  expect(await directUrl(fresh.url, null)).toBe(fresh.url)
})

const yaml = `catalog:
  specs:
    sim.c8: { family: general, cpu: 8, memory: 16GiB }
  regions:
    east:
      name: East
      engine: simulated
      zones:
        east-a: { name: Zone A, offers: { sim.c8: { stock: 1000, postpaid: { hour: 0.10 } } } }
`

function behindPgBouncer(): void {
  test('by transaction, a start without a direct way is refused with the way out', async () => {
    const url = await behind('transaction')
    await expect(directUrl(url, null)).rejects.toMatchObject({
      code: 'DatabasePooled',
      message: expect.stringMatching(
        /^DATABASE_URL leads through a pooler.*set DATABASE_DIRECT_URL to PostgreSQL itself/,
      ),
    })
    await expect(directUrl(url, url)).rejects.toMatchObject({ details: { field: 'DATABASE_DIRECT_URL' } })
    expect(await directUrl(url, fresh.url)).toBe(fresh.url)
  })

  test('by session, it is as good as PostgreSQL itself', async () => {
    const url = await behind('session')
    expect(await isPooled(url)).toBe(true)
    expect(await directUrl(url, null)).toBe(url)
  })

  test('by transaction, roles start with a direct way, hear of each other and do their work', async () => {
    const url = await behind('transaction')
    const roles = await RoleProcesses.make(url, yaml, 2)
    onTestFinished(() => roles.remove())
    const env = { DATABASE_DIRECT_URL: fresh.url }
    const first = await roles.start('controller', 'first', { env })
    const [api] = await Promise.all([
      roles.start('api', 'api', { env }),
      roles.start('controller', 'second', { place: 1, env }),
    ])
    const owner = roles.client('owner', api)
    const topUp = { params: { accountId: roles.accountId }, body: { amountFen: '1000000' } }
    await roles.client('operator', api).call('POST /v1/accounts/{accountId}/top-ups', topUp)
    const buy = async (groupName: string) => {
      const request = {
        ...{ regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', quantity: 50, groupName },
        chargeType: 'postpaid' as const,
      }
      const { orderId } = await owner.call('POST /v1/orders', { body: { request, pay: true } })
      const fulfilled = async () =>
        (await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase === 'fulfilled'
      await until(`${groupName} is delivered`, fulfilled, 20_000)
    }
    await buy('one')
    await roles.end(first, 'SIGKILL')
    await buy('two')
    const alive = async () => {
      const { items } = await roles.client('operator', api).call('GET /v1/controllers', {})
      return items.filter(({ endedAt }) => endedAt === null).map(({ duties }) => duties)
    }
    await until('the second has every duty', async () => (await alive())[0]?.length === 4, 15_000)
    expect(await alive()).toEqual([['money', 'notices', 'routes', 'upkeep']])
  })
}

const absent = noPgBouncer()
if (absent === null) describe('behind PgBouncer', behindPgBouncer)
else test('behind PgBouncer', context => context.skip(absent))
