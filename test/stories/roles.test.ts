// Roles apart: two controllers, an API without loops and a gateway on one database, each a process of its own.
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../installation.ts'
import { freshDb } from '../postgres.ts'
import { figuresOf, RoleProcesses, type RoleUnderTest } from '../role-processes.ts'
import { untilWaiting } from '../services/services-fixtures.ts'

const yaml = `catalog:
  specs:
    sim.c8: { family: general, cpu: 8, memory: 16GiB }
  regions:
    east:
      name: East
      engine: simulated
      zones:
        east-a: { name: Zone A, offers: { sim.c8: { stock: 100, postpaid: { hour: 0.10 } } } }
`

const holds = async (one: RoleUnderTest, duty: string) =>
  (await figuresOf(one)).get(`berth_duty_held{duty="${duty}"}`) === 1

test('what an API is asked, controllers do; a duty goes over when its holder is killed, and gateways follow it', async () => {
  const fresh = await freshDb()
  const roles = await RoleProcesses.make(fresh.url, yaml, 2)
  onTestFinished(async () => {
    await roles.remove()
    await fresh.close()
  })
  const first = await roles.start('controller', 'first', { place: 0 })
  const [second, api] = await Promise.all([
    roles.start('controller', 'second', { place: 1 }),
    roles.start('api', 'api'),
  ])
  await roles.start('gateway', 'gateway')
  const owner = roles.client('owner', api)
  const { accountId } = roles
  await roles
    .client('operator', api)
    .call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body: { amountFen: '1000000' } })
  const buy = async (groupName: string) => {
    const request = {
      ...{ regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', quantity: 3, groupName },
      chargeType: 'postpaid' as const,
    }
    const { orderId } = await owner.call('POST /v1/orders', { body: { request } })
    await owner.call('POST /v1/orders/{orderId}/pay', { params: { orderId } })
    const fulfilled = async () =>
      (await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase === 'fulfilled'
    await until(`the machines of ${groupName} run`, fulfilled, 20_000)
  }
  await buy('one')
  expect([await holds(first, 'routes'), await holds(second, 'routes')]).toEqual([true, false])
  const gateways = () => fresh.db.selectFrom('gateways').select(['id', 'connected', 'leaseUntil']).execute()
  await until('the gateway is a member', async () => (await gateways()).some(({ connected }) => connected), 10_000)
  await roles.end(first, 'SIGKILL')
  await until('the second has the routes', () => holds(second, 'routes'), 10_000)
  const [before] = await gateways()
  const renewed = async () =>
    (await gateways()).some(
      ({ connected, leaseUntil }) =>
        connected && before !== undefined && Temporal.Instant.compare(leaseUntil, before.leaseUntil) > 0,
    )
  await until('the gateway has found it', renewed, 15_000)
  await buy('two')
})

test('a controller is ready, and its loops run, only once gateways find the routes at it', async () => {
  const fresh = await freshDb()
  const roles = await RoleProcesses.make(fresh.url, yaml, 1)
  onTestFinished(async () => {
    await roles.remove()
    await fresh.close()
  })
  let ready = false
  let starting: Promise<unknown> = Promise.resolve()
  await fresh.db.transaction().execute(async tx => {
    await sql`lock table gateways in exclusive mode`.execute(tx)
    starting = roles.start('controller', 'controller').then(() => {
      ready = true
    })
    await untilWaiting(fresh.db, 1)
    expect(ready).toBe(false)
  })
  await starting
})
