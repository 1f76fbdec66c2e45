// What a tenant has after some use, and a picture of all that is written, to show that a refusal wrote nothing.
import { sql } from 'kysely'
import type { Client, Operations } from '../../src/client/client.ts'
import type { Db } from '../../src/db/db.ts'
import { invariant } from '../../src/lib/invariant.ts'
import type { Principal, TestApi } from './harness.ts'

export interface World {
  accountId: string
  accountName: string
  /** Of the owner, who has signed in with it once. */
  password: string
  sessionId: string
  userId: string
  workspaceId: string
  /** Two keys of a user of their own. */
  accessKeyIds: [string, string]
  /** Holds two prepaid machines of `orderId`. */
  groupId: string
  orderId: string
  prepaidIds: [string, string]
  /** Holds two postpaid machines, and the service. */
  workGroupId: string
  postpaidIds: [string, string]
  /** Holds one postpaid machine with nothing on it. */
  spareGroupId: string
  spareId: string
  /** Of the spare machine; its window is a minute a week. */
  drainPlanId: string
  /** Not paid. */
  unpaidIds: [string, string]
  quoteId: string
  renewalQuoteId: string
  serviceId: string
  serviceName: string
  serviceInstanceId: string
  trafficGroupId: string
  trafficGroupName: string
  /** Beside newer ones. */
  serviceKeyId: string
  groupKeyId: string
}

type BuyRequest = NonNullable<Operations['POST /v1/orders']['body']['request']>
const one = { regionId: 'east', zoneId: 'east-a', specId: 'c4m16', quantity: 1 }

/** One machine in `east-a` unless told; say into which group. */
export const purchase = (request: Partial<BuyRequest> = {}): BuyRequest => ({
  ...{ ...one, chargeType: 'prepaid', months: 1 },
  ...request,
})
export const postpaid = (request: Partial<BuyRequest> = {}): BuyRequest => ({
  ...{ ...one, chargeType: 'postpaid' },
  ...request,
})

export const serviceJson = (name: string, group: string, metadata: object = {}) => ({
  metadata: { name, resource: group, cpu: 1, memory: 1024, ...metadata },
  containers: [{ command: 'serve' }],
})

/** Buys and deploys as `owner`; names end in `suffix`, since a service's name is its address. */
export async function populate(api: TestApi, owner: Principal, suffix: string): Promise<World> {
  const client = api.client(owner)
  const buy = async (request: BuyRequest, pay = true) => client.call('POST /v1/orders', { body: { request, pay } })
  const paid = await buy(purchase({ groupName: 'paid', quantity: 2 }))
  const work = await buy(postpaid({ groupName: 'work', quantity: 2 }))
  const spare = await buy(postpaid({ groupName: 'spare' }))
  await api.settle()
  const groupId = mustBe(paid.groupId)
  const workGroupId = mustBe(work.groupId)
  const unpaid = [
    await buy(purchase({ groupId }), false),
    await buy(purchase({ groupId, quantity: 2 }), false),
  ] as const
  const quoted = await client.call('POST /v1/quotes', { body: purchase({ groupId }) })
  const serviceName = `digits_${suffix}`
  const trafficGroupName = `shop_${suffix}`
  const config = serviceJson(serviceName, workGroupId, { group: trafficGroupName })
  const { service } = await client.call('POST /v1/services', { body: { config } })
  await api.settle()
  await client.call('PUT /v1/services/{service}', {
    params: { service: serviceName },
    body: { config: { metadata: { memory: 2048 } } },
  })
  await api.settle()
  const machinesOf = async (group: string | null) =>
    (await client.call('GET /v1/machines', { query: { groupId: mustBe(group) } })).items.map(one => one.machineId)
  const prepaidIds = pair(await machinesOf(groupId))
  const instances = await client.call('GET /v1/services/{service}/instances', { params: { service: serviceName } })
  const renewal = { machineIds: [prepaidIds[0]], months: 1 as const }
  const user = await client.call('POST /v1/users', { body: { name: 'colleague', role: 'viewer' } })
  const keys = [await addKey(), await addKey()]
  const plan = await client.call('POST /v1/drain-plans', { body: { groupId: mustBe(spare.groupId), ...onceAWeek } })
  return {
    ...(await signInOnce()),
    ...{ accountId: owner.accountId, userId: user.userId, accessKeyIds: pair(keys) },
    workspaceId: mustBe((await client.call('GET /v1/workspaces', {})).items[0]?.workspaceId),
    ...{ groupId, orderId: paid.orderId, prepaidIds },
    ...{ workGroupId, postpaidIds: pair(await machinesOf(workGroupId)) },
    ...{ spareGroupId: mustBe(spare.groupId), spareId: mustBe((await machinesOf(spare.groupId))[0]) },
    ...{ unpaidIds: pair(unpaid.map(order => order.orderId)), quoteId: quoted.quoteId },
    renewalQuoteId: (await client.call('POST /v1/renewals/quotes', { body: renewal })).quoteId,
    ...{ serviceId: service.serviceId, serviceName },
    serviceInstanceId: mustBe(instances.items[0]?.serviceInstanceId),
    ...(await trafficOf(client, serviceName, trafficGroupName)),
    drainPlanId: plan.planId,
  }

  async function signInOnce() {
    const { accountName, userName: user } = await client.call('GET /v1/session', {})
    const { password } = await client.call('POST /v1/users/{userId}/reset-password', {
      params: { userId: owner.userId },
    })
    const { body } = await api.send(null, 'POST', '/v1/sign-in', { body: { account: accountName, user, password } })
    return { accountName, password, sessionId: String(body.sessionId) }
  }

  async function addKey() {
    return (await client.call('POST /v1/access-keys', { body: { userId: user.userId } })).accessKeyId
  }
}

export function mustBe<T>(value: T | null | undefined): T {
  invariant(value !== null && value !== undefined, 'it is there')
  return value
}

const pair = (values: readonly string[]): [string, string] => [mustBe(values[0]), mustBe(values[1])]

/**
 * A digest of every table. Left out: nonces, when a key or session was last used, which every request writes, and the audit,
 * which a refusal is in.
 */
export async function pictureOf(db: Db): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('signature_nonces', 'audit')`.execute(
    db,
  )
  const digests = tables.rows.map(
    ({ name }) => sql`
      select ${name}::text as name, count(*) || ' rows, ' ||
        md5(coalesce(string_agg((to_jsonb(t) - 'last_used_at' - 'last_seen_at')::text, ';' order by to_jsonb(t)::text), '')) as digest
      from ${sql.table(name)} t`,
  )
  const { rows } = await sql<{ name: string; digest: string }>`${sql.join(digests, sql` union all `)}`.execute(db)
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]))
}

/** The service's group, and the first keys of both, beside newer ones. */
async function trafficOf(client: Client, serviceName: string, trafficGroupName: string) {
  const groups = await client.call('GET /v1/traffic-groups', {})
  const trafficGroupId = mustBe(groups.items[0]?.trafficGroupId)
  const byService = { params: { service: serviceName } }
  const byGroup = { params: { trafficGroup: trafficGroupName } }
  const [ofService] = (await client.call('GET /v1/services/{service}/access-keys', byService)).items
  const [ofGroup] = (await client.call('GET /v1/traffic-groups/{trafficGroup}/access-keys', byGroup)).items
  await client.call('POST /v1/services/{service}/access-keys/rotate', { ...byService, body: {} })
  await client.call('POST /v1/traffic-groups/{trafficGroup}/access-keys/rotate', { ...byGroup, body: {} })
  return {
    ...{ trafficGroupId, trafficGroupName },
    ...{ serviceKeyId: mustBe(ofService?.keyId), groupKeyId: mustBe(ofGroup?.keyId) },
  }
}

/** A window that tests do not meet. */
export const onceAWeek = { windows: [{ days: [3], from: '03:59', to: '04:00' }], timeZone: 'Etc/UTC' }
