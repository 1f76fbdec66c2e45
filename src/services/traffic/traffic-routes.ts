// What the routes of services hold of traffic: their keys, the name in their group, their mirror; and the groups themselves.
import type { Db } from '../../db/db.ts'
import type { SecretBox } from '../../identity/secret-box.ts'
import type { RouteKeys, ServiceRoute } from '../routes/route.ts'
import type { ServiceRow } from '../service.store.ts'
import { type ServiceKeyRow, selectRoutedKeys } from './service-key.store.ts'
import {
  changedGroups,
  selectMembers,
  selectMemberships,
  selectMirrors,
  selectTrafficGroups,
  type TrafficGroupRow,
} from './traffic.store.ts'

export type TrafficParts = RouteKeys & Pick<ServiceRoute, 'alias' | 'mirror'>

/** By service id. */
export async function readTrafficParts(
  db: Db,
  box: SecretBox,
  services: readonly Pick<ServiceRow, 'id' | 'name' | 'accountId'>[],
): Promise<(service: Pick<ServiceRow, 'id' | 'name'>) => TrafficParts> {
  const ids = services.map(service => service.id)
  const memberships = await selectMemberships(db, ids)
  const groups = new Map<string, TrafficGroupRow>()
  const groupIds = [...new Set(memberships.map(membership => membership.groupId))]
  for (const accountId of new Set(services.map(service => service.accountId))) {
    for (const group of await selectTrafficGroups(db, { accountId, ids: groupIds })) groups.set(group.id, group)
  }
  const [routedKeys, mirrorRows] = await Promise.all([selectRoutedKeys(db, ids, groupIds), selectMirrors(db, ids)])
  const keys = Map.groupBy(routedKeys, key => key.serviceId ?? key.trafficGroupId ?? '')
  const groupOf = new Map(memberships.map(membership => [membership.serviceId, groups.get(membership.groupId)]))
  const mirrors = new Map(mirrorRows.map(mirror => [mirror.serviceId, mirror]))
  return ({ id, name }) => {
    const own = keys.get(id) ?? []
    const group = groupOf.get(id)
    const mirror = mirrors.get(id)
    return {
      ...routeKeys(box, own),
      ...(group === undefined
        ? {}
        : { alias: { name: `${group.name}.${name}`, ...routeKeys(box, [...own, ...(keys.get(group.id) ?? [])]) } }),
      ...(mirror === undefined ? {} : { mirror: { percent: mirror.percent, serviceIds: mirror.targetIds } }),
    }
  }
}

const routeKeys = (box: SecretBox, keys: readonly ServiceKeyRow[]): RouteKeys => ({
  accessKeys: keys.map(key => box.open(key.cipher)),
  keyIds: keys.map(key => key.id),
  keysUntilMs: keys.map(key => key.expiresAt?.epochMilliseconds ?? null),
})

/** Groups that changed after `since`. */
export async function buildGroupRoutes(
  db: Db,
  box: SecretBox,
  since: bigint,
): Promise<{ upsert: ServiceRoute[]; removeServiceIds: string[] }> {
  const changed = await changedGroups(db, since)
  if (changed.length === 0) return { upsert: [], removeServiceIds: [] }
  const live = changed.filter(group => group.deletedAt === null)
  const ids = live.map(group => group.id)
  const members = Map.groupBy(await selectMembers(db, ids), member => member.groupId)
  const keys = Map.groupBy(await selectRoutedKeys(db, [], ids), key => key.trafficGroupId ?? '')
  const upsert = live.map((group): ServiceRoute => {
    // Who takes no part is not among them, so that `auto` gives it nothing either.
    const taking = (members.get(group.id) ?? []).filter(member => member.weight > 0)
    return {
      ...{ serviceId: group.id, name: group.name, accountId: group.accountId, endpoints: [], status: '' },
      ...routeKeys(box, keys.get(group.id) ?? []),
      limits: { requestTimeoutMs: 0, rateLimit: 0, maxInFlight: 0, bodyMax: 0 },
      split: { mode: group.mode, members: taking.map(({ serviceId, weight }) => ({ serviceId, weight })) },
    }
  })
  return { upsert, removeServiceIds: changed.filter(group => group.deletedAt !== null).map(group => group.id) }
}
