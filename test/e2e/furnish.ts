// A Berth in which there is something of everything to see.
import { fileURLToPath } from 'node:url'
import type { Client, Operations } from '../../src/client/client.ts'
import { until } from '../installation.ts'
import type { ConsoleWorld } from './console-world.ts'
import { furnishNotices } from './furnish-notices.ts'
import { serving } from './serving.ts'

export interface Furnished {
  accountId: string
  workspaceId: string
  groupId: string
  machineId: string
  postpaidGroupId: string
  service: string
  trafficGroup: string
  /** Whose update crashes, and so pauses. */
  pausedService: string
  unpaidOrderId: string
  refundedOrderId: string
  doneOrderId: string
  /** Of its statement that is a draft. */
  month: string
  /** On which machines expire. */
  expiryDay: string
}

const model = fileURLToPath(new URL('../../examples/digits/model.onnx', import.meta.url))

/** A name that tries everything: markup, another direction, an emoji. */
export const hostileName = '<b>x</b> שלום 😀'

/** `2026-11-25`: of a point in time, where one is. */
export const dayIn = (timeZone: string, at: string): string =>
  Temporal.Instant.from(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()

export async function furnish(world: ConsoleWorld): Promise<Furnished> {
  const owner = await world.client()
  const order = async (body: Operations['POST /v1/orders']['body']) => owner.call('POST /v1/orders', { body })
  const local = { regionId: 'local', zoneId: 'local-a', specId: 'host.small' }
  const east = { regionId: 'east', zoneId: 'east-a' }
  const prepaid = { chargeType: 'prepaid' as const, months: 1 as const }
  const done = await order({ request: { ...local, ...prepaid, quantity: 2, groupName: 'fraud', autoRenew: true } })
  const other = await order({
    request: { ...east, specId: 'sim.c8', chargeType: 'postpaid', quantity: 3, groupName: hostileName },
  })
  const refunded = await order({ request: { ...east, specId: 'sim.gpu8', ...prepaid, quantity: 1, groupName: 'gone' } })
  const settled = async (orderId: string) => {
    const { phase } = await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })
    return phase === 'fulfilled' || phase === 'refunded'
  }
  for (const { orderId } of [done, other, refunded]) await until('the order is settled', () => settled(orderId))
  const unpaid = await order({
    request: { ...local, ...prepaid, quantity: 1, groupId: done.groupId },
    pay: false,
  })
  const groupId = done.groupId ?? ''
  const machines = await owner.call('GET /v1/machines', { query: { groupId } })
  const machineId = machines.items[0]?.machineId ?? ''
  const metadata = { name: 'digits', instance: 1, cpu: 0.5, memory: 200, resource: groupId }
  await owner.call('POST /v1/services', { body: { config: { metadata, processor: 'onnx', model_path: model } } })
  const small = { instance: 1, cpu: 0.2, memory: 100, resource: groupId }
  const program = (command: string) => ({ containers: [{ command }] })
  const deploy = (name: string, change: object, command: string) =>
    owner.call('POST /v1/services', {
      body: { config: { metadata: { ...small, name, ...change }, ...program(command) } },
    })
  await deploy('shaky', {}, serving)
  await deploy('too_large', { cpu: 4, memory: 900 }, 'serve')
  const is = (service: string, fits: (found: Operations['GET /v1/services/{service}']['returns']) => boolean) =>
    until(`the service ${service} is there`, async () =>
      fits(await owner.call('GET /v1/services/{service}', { params: { service } })),
    )
  await is('digits', ({ status }) => status === 'Running')
  await is('shaky', ({ status }) => status === 'Running')
  await is('too_large', ({ status }) => status === 'Waiting')
  await furnishTraffic(owner)
  await furnishSchedule(owner)
  const crashing = { metadata: { memory: 120 }, ...program('exit 3') }
  await owner.call('PUT /v1/services/{service}', { params: { service: 'shaky' }, body: { config: crashing } })
  await is('shaky', ({ causes }) => causes.some(({ code }) => code === 'Paused'))
  const workspaces = await owner.call('GET /v1/workspaces', {})
  await furnishNotices(world, machineId)
  const statements = await owner.call('GET /v1/statements', {})
  return {
    accountId: world.installation.credentials().owner.accountId,
    workspaceId: workspaces.items[0]?.workspaceId ?? '',
    groupId,
    machineId,
    postpaidGroupId: other.groupId ?? '',
    service: 'digits',
    trafficGroup: 'reader',
    pausedService: 'shaky',
    unpaidOrderId: unpaid.orderId,
    refundedOrderId: refunded.orderId,
    doneOrderId: done.orderId,
    month: statements.items[0]?.month ?? '',
    expiryDay: dayIn('Asia/Shanghai', machines.items[0]?.expiresAt ?? ''),
  }
}

/** A canary of one tenth, which gets copies too; and a key that is on its way out. */
async function furnishTraffic(owner: Client): Promise<void> {
  for (const service of ['digits', 'shaky']) {
    await owner.call('PUT /v1/services/{service}/traffic-group', { params: { service }, body: { name: 'reader' } })
  }
  const params = { service: 'digits' }
  const weights = { digits: 90, shaky: 10 }
  await owner.call('PUT /v1/traffic-groups/{trafficGroup}/split', {
    params: { trafficGroup: 'reader' },
    body: { weights },
  })
  await owner.call('PUT /v1/services/{service}/mirror', { params, body: { percent: 10, targets: ['shaky'] } })
  await owner.call('POST /v1/services/{service}/access-keys/rotate', { params, body: {} })
}

/** More by day, on working days. */
async function furnishSchedule(owner: Client): Promise<void> {
  const job = (name: string, hour: number, targetSize: number) => ({
    ...{ name, schedule: `0 0 ${hour} * * MON-FRI`, targetSize, timeZone: 'Asia/Shanghai' },
  })
  const scaleJobs = [job('morning', 8, 4), job('evening', 20, 1)]
  const body = { scaleJobs, excludeDates: ['2027-01-01'] }
  await owner.call('PUT /v1/services/{service}/cron-scaler', { params: { service: 'shaky' }, body })
}
