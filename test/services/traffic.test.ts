// Traffic groups, mirrors and keys, as control decides them and as gateways are told.
import { describe, expect, it } from 'vitest'
import { armFault } from '../../src/lib/fault.ts'
import { deleteService, deployService, updateService } from '../../src/services/deploy.ts'
import { impactOnService, type ServiceAssumption } from '../../src/services/impact/impact.ts'
import { setMirror } from '../../src/services/traffic/mirrors.ts'
import { reconcileTraffic } from '../../src/services/traffic/reconcile-traffic.ts'
import {
  listServiceKeys,
  newestKey,
  revokeServiceKey,
  rotateServiceKey,
} from '../../src/services/traffic/service-keys.ts'
import {
  changeSplit,
  getTrafficGroup,
  joinTrafficGroup,
  leaveTrafficGroup,
  previewSplit,
} from '../../src/services/traffic/traffic-groups.ts'
import { aServiceJson, eventKinds, type Services, someServices, untilWaiting } from './services-fixtures.ts'

const shop = { name: 'shop' }

async function deployed(services: Services, name: string, metadata: object = {}): Promise<void> {
  await deployService(services.ctx, services.actor, aServiceJson({}, { name, ...metadata }))
  await services.settle()
}

/** Two versions of an application, `blue` with all the traffic. */
async function blueAndGreen(): Promise<Services> {
  const services = await someServices()
  for (const name of ['blue', 'green']) await deployed(services, name, { group: 'shop' })
  return services
}

const routeOf = (services: Services, name: string) =>
  [...services.gateways.routes.values()].find(route => route.name === name)

const splitOf = (services: Services) => {
  const names = new Map([...services.gateways.routes.values()].map(route => [route.serviceId, route.name]))
  return (routeOf(services, 'shop')?.split?.members ?? []).map(one => `${names.get(one.serviceId)} ${one.weight}`)
}

const sharesOf = async ({ ctx, actor }: Services) =>
  (await getTrafficGroup(ctx, actor.accountId, shop)).members.map(
    one => `${one.name} ${one.weight} ${one.sharePercent}`,
  )

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error) => `${(error as Error & { code: string }).code}: ${error.message}`,
  )

describe('a traffic group', () => {
  it('that somebody else makes in the same moment is joined by what is deployed into it', async () => {
    const services = await someServices()
    const { ctx, actor } = services
    await deployed(services, 'blue')
    let deploying: Promise<unknown> = Promise.resolve()
    armFault('services.traffic.before-commit', {
      do: 'call',
      call: () => {
        deploying = deployService(ctx, actor, aServiceJson({}, { name: 'green', group: 'shop' }))
        return services.fleet.db.connection().execute(db => untilWaiting(db, 1))
      },
    })
    await joinTrafficGroup(ctx, actor, { name: 'blue' }, 'shop')
    await deploying
    await services.settle()
    expect(await sharesOf(services)).toEqual(['blue 100 100', 'green 0 0'])
  })

  it('is named by the preview of what ends or shrinks a member of it, with what becomes of its requests', async () => {
    const services = await blueAndGreen()
    const { ctx, actor } = services
    const trafficOf = async (name: string, assumed: ServiceAssumption) =>
      (await impactOnService(ctx.db, actor.accountId, { name }, assumed, ctx.clock.now())).traffic
    const alone = { trafficGroup: 'shop', sharePercent: 100, sharePercentAfter: 0, endsGroup: true }
    expect(await trafficOf('blue', { desired: 'stopped' })).toEqual(alone)
    await changeSplit(ctx, actor, shop, { weights: { blue: 30, green: 70 } })
    const share = { trafficGroup: 'shop', sharePercent: 70, endsGroup: false }
    expect(await trafficOf('green', { desired: 'deleted' })).toEqual({ ...share, sharePercentAfter: 0 })
    expect(await trafficOf('green', { replicas: 3 })).toEqual({ ...share, sharePercentAfter: 70 })
    await deployed(services, 'red')
    expect(await trafficOf('red', { replicas: 0 })).toBeNull()
  })

  it('comes with its first member, which takes everything; who joins later takes nothing until told', async () => {
    const services = await blueAndGreen()
    expect(splitOf(services)).toEqual(['blue 100'])
    expect(await sharesOf(services)).toEqual(['blue 100 100', 'green 0 0'])
    const [group, blue] = [routeOf(services, 'shop'), routeOf(services, 'blue')]
    const groupKey = await newestKey(services.ctx, services.actor.accountId, { trafficGroup: shop })
    expect(group?.accessKeys).toEqual([groupKey])
    expect(blue?.alias).toMatchObject({ name: 'shop.blue', accessKeys: [...(blue?.accessKeys ?? []), groupKey] })
  })

  it('is split anew by one generation that every gateway acknowledges, and says how many have', async () => {
    const services = await blueAndGreen()
    services.gateways.silent.add('gw-1')
    const before = services.gateways.generation
    await changeSplit(services.ctx, services.actor, shop, { weights: { blue: 90, green: 10 } })
    await services.host.refresh()
    await services.host.refresh()
    expect(services.gateways.generation).toBe(before + 1)
    expect(splitOf(services)).toEqual(['blue 90', 'green 10'])
    const gateways = async () => (await getTrafficGroup(services.ctx, services.actor.accountId, shop)).gateways
    expect(await gateways()).toEqual({ live: 2, acknowledged: 1 })
    services.gateways.silent.clear()
    services.gateways.obey()
    await services.host.refresh()
    expect(await gateways()).toEqual({ live: 2, acknowledged: 2 })
    // The same again is no change.
    await changeSplit(services.ctx, services.actor, shop, { weights: { green: 10 } })
    await services.host.refresh()
    expect(services.gateways.generation).toBe(before + 1)
  })

  it('is switched to one member with one call, and back with another', async () => {
    const services = await blueAndGreen()
    const { ctx, actor } = services
    await changeSplit(ctx, actor, shop, { weights: { green: 5 } })
    await changeSplit(ctx, actor, shop, { switchTo: 'green' })
    expect(await sharesOf(services)).toEqual(['blue 0 0', 'green 100 100'])
    await changeSplit(ctx, actor, shop, 'back')
    expect(await sharesOf(services)).toEqual(['blue 100 95.24', 'green 5 4.76'])
    await changeSplit(ctx, actor, shop, 'back')
    expect(await sharesOf(services)).toEqual(['blue 0 0', 'green 100 100'])
    expect(await eventKinds(services, 'traffic_group.%')).toEqual([
      'traffic_group.created',
      ...Array(4).fill('traffic_group.split_changed'),
    ])
  })

  it('is not given to a member that nobody would answer for; the preview says so, and the refusal what to wait for', async () => {
    const services = await blueAndGreen()
    await deployed(services, 'empty', { group: 'shop', instance: 0 })
    const change = { switchTo: 'empty' }
    const preview = await previewSplit(services.ctx, services.actor.accountId, shop, change)
    expect([preview.unserved, preview.changed]).toEqual([true, true])
    expect(await refusal(changeSplit(services.ctx, services.actor, shop, change))).toBe(
      'TrafficGroupUnserved: shop would be answered by nobody: empty has no instance that serves now; wait until it has',
    )
    expect(await refusal(changeSplit(services.ctx, services.actor, shop, { weights: { blue: 0 } }))).toContain(
      'leave one',
    )
    expect(await refusal(changeSplit(services.ctx, services.actor, shop, { weights: { red: 1 } }))).toContain(
      'NotInTrafficGroup',
    )
    expect(await refusal(changeSplit(services.ctx, services.actor, shop, { weights: { blue: 1.5 } }))).toContain(
      'weights',
    )
    expect(await sharesOf(services)).toEqual(['blue 100 100', 'empty 0 0', 'green 0 0'])
  })

  it('goes with its last member, and its name is free again', async () => {
    const services = await blueAndGreen()
    const { ctx, actor } = services
    await leaveTrafficGroup(ctx, actor, { name: 'green' })
    await services.settle()
    expect(routeOf(services, 'green')?.alias).toBeUndefined()
    await deleteService(ctx, actor, { name: 'blue' })
    await services.settle()
    expect(await reconcileTraffic(ctx)).toEqual({ found: 1, changed: 1 })
    await services.settle()
    expect(routeOf(services, 'shop')).toBeUndefined()
    await joinTrafficGroup(ctx, actor, { name: 'green' }, 'shop')
    await services.settle()
    expect(splitOf(services)).toEqual(['green 100'])
    expect(await reconcileTraffic(ctx)).toEqual({ found: 0, changed: 0 })
  })

  it('has a name that no service has, and an update does not move a service between groups', async () => {
    const services = await blueAndGreen()
    const { ctx, actor } = services
    expect(await refusal(deployService(ctx, actor, aServiceJson({}, { name: 'red', group: 'blue' })))).toContain(
      'TrafficGroupNameTaken: metadata.group: a service is called blue',
    )
    expect(await refusal(deployService(ctx, actor, aServiceJson({}, { name: 'shop' })))).toContain(
      'TrafficGroupNameTaken: metadata.name: a traffic group is called shop',
    )
    expect(await refusal(joinTrafficGroup(ctx, actor, { name: 'blue' }, 'other'))).toContain(
      'is in the traffic group shop',
    )
    const update = (group: string) => updateService(ctx, actor, { name: 'blue' }, { metadata: { group, cpu: 2 } })
    expect(await refusal(update('other'))).toContain('blue is in the traffic group shop')
    expect((await update('shop')).service.version).toBe(2)
  })

  it('is joined by many at once without a deadlock, while its key is rotated and its weights change', async () => {
    const services = await someServices()
    const { ctx, actor } = services
    const names = Array.from({ length: 6 }, (_, index) => `svc_${index}`)
    for (const name of names) await deployed(services, name)
    await Promise.all(names.map(name => joinTrafficGroup(ctx, actor, { name }, 'shop')))
    expect((await sharesOf(services)).filter(share => share.includes(' 100')).length).toBe(1)
    await Promise.all([
      ...names.slice(0, 3).map(name => leaveTrafficGroup(ctx, actor, { name })),
      ...names.map(() => rotateServiceKey(ctx, actor, { trafficGroup: shop }, { overlapSeconds: 60 })),
      ...names.slice(3).map(name => changeSplit(ctx, actor, shop, { weights: { [name]: 7 } })),
    ])
    await services.settle()
    expect((await sharesOf(services)).map(share => share.split(' ')[0])).toEqual(names.slice(3))
  })
})

describe('access keys of a service', () => {
  const of = { service: { name: 'digits' } }

  it('are rotated with an overlap: both are right until it is over, then the old one leaves the routes', async () => {
    const services = await someServices()
    const { ctx, actor, fleet } = services
    await deployed(services, 'digits')
    const old = await newestKey(ctx, actor.accountId, of)
    const { accessKey } = await rotateServiceKey(ctx, actor, of, { overlapSeconds: 600 })
    await services.settle()
    expect(await newestKey(ctx, actor.accountId, of)).toBe(accessKey)
    expect(routeOf(services, 'digits')?.accessKeys).toEqual([accessKey, old])
    const endMs = fleet.clock.now().add({ seconds: 600 }).epochMilliseconds
    expect(routeOf(services, 'digits')?.keysUntilMs).toEqual([null, endMs])
    fleet.clock.advance({ seconds: 599 })
    expect(await reconcileTraffic(ctx)).toEqual({ found: 0, changed: 0 })
    fleet.clock.advance({ seconds: 1 })
    expect(await reconcileTraffic(ctx)).toEqual({ found: 1, changed: 1 })
    await services.settle()
    expect(routeOf(services, 'digits')?.accessKeys).toEqual([accessKey])
    const keys = await listServiceKeys(ctx, actor.accountId, of)
    expect(keys.map(key => key.usable)).toEqual([true, false])
  })

  it('a rotation never lengthens the overlap of a key, and one without overlap ends all others at once', async () => {
    const services = await someServices()
    const { ctx, actor, fleet } = services
    await deployed(services, 'digits')
    await rotateServiceKey(ctx, actor, of, { overlapSeconds: 60 })
    fleet.clock.advance({ seconds: 1 })
    await rotateServiceKey(ctx, actor, of, { overlapSeconds: 3_600 })
    await services.settle()
    const [, second = 0, third = 0] = routeOf(services, 'digits')?.keysUntilMs ?? []
    expect(Number(second) - Number(third)).toBe(3_541_000)
    fleet.clock.advance({ seconds: 1 })
    const chosen = 'a-key-of-my-own-choice'
    await rotateServiceKey(ctx, actor, of, { overlapSeconds: 0, accessKey: chosen })
    await services.settle()
    expect(routeOf(services, 'digits')?.accessKeys).toEqual([chosen])
  })

  it('are revoked at once, but for the only one; when each was used last is known to the minute', async () => {
    const services = await someServices()
    const { ctx, actor, fleet } = services
    await deployed(services, 'digits')
    const [first] = await listServiceKeys(ctx, actor.accountId, of)
    expect(await refusal(revokeServiceKey(ctx, actor, of, first?.keyId ?? ''))).toContain('OnlyServiceKey')
    const made = await rotateServiceKey(ctx, actor, of, { overlapSeconds: 600 })
    services.host.onKeysUsed([first?.keyId ?? ''])
    await services.host.refresh()
    fleet.clock.advance({ seconds: 30 })
    services.host.onKeysUsed([first?.keyId ?? '', made.keyId])
    await services.host.refresh()
    const used = (await listServiceKeys(ctx, actor.accountId, of)).map(key => key.lastUsedAt?.epochMilliseconds ?? 0)
    expect((used[0] ?? 0) - (used[1] ?? 0)).toBe(30_000)
    await revokeServiceKey(ctx, actor, of, first?.keyId ?? '')
    await revokeServiceKey(ctx, actor, of, first?.keyId ?? '')
    await services.settle()
    expect(routeOf(services, 'digits')?.accessKeys).toEqual([made.accessKey])
    expect(await refusal(revokeServiceKey(ctx, actor, of, 'eas-k-none'))).toContain('ServiceKeyNotFound')
    expect(await eventKinds(services, 'service.key%')).toEqual(['service.key_rotated', 'service.key_revoked'])
  })
})

it('a mirror is routed, names its targets, and refuses what cannot be one', async () => {
  const services = await someServices()
  const { ctx, actor } = services
  for (const name of ['digits', 'shadow']) await deployed(services, name)
  const set = (percent: number, ...names: string[]) =>
    setMirror(ctx, actor, { name: 'digits' }, { percent, targets: names.map(name => ({ name })) })
  await set(30, 'shadow')
  await services.settle()
  expect(routeOf(services, 'digits')?.mirror).toEqual({
    percent: 30,
    serviceIds: [routeOf(services, 'shadow')?.serviceId],
  })
  expect(await refusal(set(30, 'digits'))).toContain('cannot be its own mirror')
  expect(await refusal(set(30))).toContain('InvalidMirror')
  expect(await refusal(set(30, 'nobody'))).toContain('ServiceNotFound')
  await set(0)
  await services.settle()
  expect(routeOf(services, 'digits')?.mirror).toBeUndefined()
})
