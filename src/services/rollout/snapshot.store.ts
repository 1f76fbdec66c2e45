// Everything that one round of decisions looks at, read in a few statements for all claimed services.
import { sql } from 'kysely'
import type { Db, Tx } from '../../db/db.ts'
import { engineOwners } from '../../fleet/engine-holds.ts'
import { frozenRegions } from '../../fleet/freezes.ts'
import { liveGateways, selectTraffic } from '../routes/routes.store.ts'
import { type ServiceRow, selectServices, selectSpecs } from '../service.store.ts'
import { type ServiceInstanceRow, selectLive } from '../service-instance.store.ts'
import type { GatewayWord, MachineWish, TrafficWord } from './rollout-snapshot.ts'
import type { WorldService } from './world.ts'

export interface World {
  services: WorldService[]
  instances: Map<string, ServiceInstanceRow[]>
  machines: Map<string, MachineWish>
  revoked: Set<string>
  /** Regions. */
  frozen: Set<string>
  gateways: GatewayWord[]
  traffic: Map<string, TrafficWord[]>
}

/** `assumed`: what is taken to be so of machines, whatever their rows say. */
export async function readWorld(
  db: Db | Tx,
  serviceIds: readonly string[],
  now: Temporal.Instant,
  assumed: ReadonlyMap<string, AssumedOfMachine> = new Map(),
): Promise<World> {
  const rows = await selectServices(db, serviceIds)
  const live = await selectLive(db, serviceIds)
  const machineIds = [...new Set(live.flatMap(instance => instance.machineId ?? []))]
  const traffic = await selectTraffic(
    db,
    live.map(instance => instance.id),
  )
  const gateways = await liveGateways(db, now)
  return {
    services: await withSpecs(db, rows, live),
    instances: Map.groupBy(live, instance => instance.serviceId),
    machines: await selectWishes(db, machineIds, now, assumed),
    revoked: await selectRevoked(db, machineIds),
    frozen: new Set((await frozenRegions(db)).map(freeze => freeze.regionId)),
    gateways: gateways.map(({ id, acknowledgedGeneration }) => ({ gatewayId: id, acknowledgedGeneration })),
    traffic: Map.groupBy(
      traffic.map(({ serviceInstanceId, gatewayId, generation, inFlight, streams }) => {
        return { serviceInstanceId, gatewayId, generation, inFlight, streams }
      }),
      row => row.serviceInstanceId,
    ),
  }
}

/** Versions besides the present one, where something of them runs or may have to be made. */
async function withSpecs(
  db: Db | Tx,
  rows: readonly ServiceRow[],
  live: readonly ServiceInstanceRow[],
): Promise<WorldService[]> {
  const byId = new Map(rows.map((row): [string, WorldService] => [row.id, { ...row, specs: new Map() }]))
  const others = [
    ...live.map(({ serviceId, version }) => ({ serviceId, version })),
    ...rows.flatMap(({ id, rollout }) =>
      rollout?.fromVersion ? [{ serviceId: id, version: rollout.fromVersion }] : [],
    ),
  ].filter(({ serviceId, version }) => byId.get(serviceId)?.version !== version)
  for (const { serviceId, version, spec } of await selectSpecs(db, others))
    byId.get(serviceId)?.specs.set(version, spec)
  return [...byId.values()]
}

interface MachineRow {
  id: string
  phase: string
  desired: string
  lost: boolean
  unreachable: boolean
  /** What ran there comes elsewhere (`fleet/repair.ts`). */
  repaired: boolean
  held: boolean
  /** By somebody in its engine, who is about to empty it: what runs there goes before it is thrown off. */
  cordoned: boolean
  drainId: string | null
  overridden: boolean
}

export type AssumedOfMachine = Partial<Pick<MachineRow, 'phase' | 'desired' | 'held' | 'drainId' | 'overridden'>>

async function selectWishes(
  db: Db | Tx,
  machineIds: readonly string[],
  now: Temporal.Instant,
  assumed: ReadonlyMap<string, AssumedOfMachine>,
): Promise<Map<string, MachineWish>> {
  const { rows } = await sql<MachineRow>`
    select m.id, m.phase, m.desired, m.lost_at is not null as lost, m.unreachable_at is not null as unreachable,
      p.started_at is not null as repaired, d.id as drain_id, d.overridden_at is not null as overridden,
      exists (select from holds h where h.machine_id = m.id and h.lifted_at is null
        and (h.expires_at is null or h.expires_at > ${now}::timestamptz)) as held,
      exists (select from holds h where h.machine_id = m.id and h.lifted_at is null
        and h.owner_kind = 'health' and h.owner = any(${engineOwners}::text[])) as cordoned
    from machines m left join drains d on d.machine_id = m.id and d.phase = 'draining'
      left join repairs p on p.machine_id = m.id and p.phase <> 'ended'
    where m.id = any(${machineIds}::text[])`.execute(db)
  return new Map(
    rows
      .map(row => ({ ...row, ...assumed.get(row.id) }))
      .map(row => [
        row.id,
        {
          verdict: verdictOf(row),
          drainId: row.drainId,
          held: row.held,
          ...(row.overridden ? { overridden: true } : {}),
        },
      ]),
  )
}

function verdictOf(machine: MachineRow): MachineWish['verdict'] {
  if (machine.phase === 'released' || machine.phase === 'failed') return 'ended'
  const isWanted = machine.phase === 'running' && machine.desired === 'running'
  const leaves = !isWanted || machine.drainId !== null || machine.cordoned
  // Until its repair may begin, what is lost counts as there: it may come back, and most may be away at once.
  if (machine.lost && (machine.repaired || leaves)) return 'lost'
  // Expired or in arrears: it delivers nothing from that instant.
  if (machine.phase === 'stopped' || machine.desired === 'stopped') return 'taken'
  if (leaves) return 'move'
  return machine.unreachable && machine.repaired ? 'repair' : 'stay'
}

async function selectRevoked(db: Db | Tx, machineIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select service_instance_id as id from reservations
    where machine_id = any(${machineIds}::text[]) and revoked_at is not null`.execute(db)
  return new Set(rows.map(row => row.id))
}
