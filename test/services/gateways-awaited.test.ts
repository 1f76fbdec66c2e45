// Control that has just started knows of no gateway: those that are expected on its host are waited for, as long as a lease lasts.
import { expect, test } from 'vitest'
import { deployService } from '../../src/services/deploy.ts'
import { liveGateways } from '../../src/services/routes/routes.store.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, type Services, someServices } from './services-fixtures.ts'

const status = async ({ fleet, actor }: Services) =>
  (await getService(fleet, actor.accountId, { name: 'digits' })).status

async function deployedWhileExpecting(...expected: string[]): Promise<Services> {
  const services = await someServices({ gateways: [], expected })
  await deployService(services.ctx, services.actor, aServiceJson())
  await services.settle()
  return services
}

test('nothing is said to run before every worker of the gateway has connected and obeys', async () => {
  const services = await deployedWhileExpecting('gateway-0', 'gateway-1')
  const { host, gateways } = services
  expect(await status(services)).toBe('Creating')
  host.onConnect({ gatewayId: 'gateway-0', pid: 1, generation: gateways.generation })
  host.onConnect({ gatewayId: 'gateway-1', pid: 2, generation: -1 })
  await services.settle()
  expect(await status(services)).toBe('Creating')
  host.onAck('gateway-1', gateways.generation)
  await services.settle()
  expect(await status(services)).toBe('Running')
})

test('one that does not come is waited for no longer than a lease', async () => {
  const services = await deployedWhileExpecting('gateway-0')
  await services.pass(14, 14)
  expect(await status(services)).toBe('Creating')
  await services.pass(2)
  expect(await status(services)).toBe('Running')
})

test.each([
  ['the one that ended in order comes again, and what it knew counts no more', true, [['gateway-0', -1n]]],
  ['the one that was connected is waited for, and no other', false, [['gateway-0', 0n]]],
])('after a start %s', async (_, ended, awaited) => {
  const { fleet, ctx, host, gateways } = await someServices({ gateways: ['gateway-0'] })
  await host.refresh()
  if (ended) host.onDisconnect('gateway-0', true)
  await host.stop()
  const next = new RouteHost(ctx, ctx.box, () => {})
  await next.start(gateways, ended ? ['gateway-0'] : ['gateway-2-0'])
  const known = await liveGateways(fleet.db, fleet.clock.now())
  expect(known.map(({ id, acknowledgedGeneration }) => [id, acknowledgedGeneration])).toEqual(awaited)
  await next.stop()
})
