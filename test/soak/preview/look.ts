// What rows and events say of a fleet, read by SQL of its own.
import { sql } from 'kysely'
import type { Db } from '../../../src/db/db.ts'
import type { NoRoom } from './compare.ts'

export interface World {
  at: string
  machines: Machine[]
  services: Service[]
  /** Ended ones too, in the order in which they were made. */
  instances: Instance[]
  /** The last event that there is. */
  mark: bigint
}

export interface Machine {
  id: string
  groupId: string
  phase: string
  generation: number
  /** It takes new service instances. */
  open: boolean
  /** Live ones. */
  holds: { id: string; drainId: string | null; ownerKind: string; reason: string }[]
  /** Holds that nobody has lifted, though their time may be over. */
  unlifted: string[]
  /** The one under way. */
  drain: { id: string; deadlineAt: string; overridden: boolean; force: boolean } | null
  /** Service instances that have their place there, and those of them that were told to go. */
  reserved: number
  revoked: number
  /** When its use ended; null: it goes on, or there was none. */
  usedUntil: string | null
}

export interface Service {
  id: string
  name: string
  desired: string
  replicas: number
  version: number
  restartGeneration: number
  strategy: { max_unavailable?: number | string } | null
}

export interface Instance {
  id: string
  serviceId: string
  machineId: string | null
  phase: string
  routed: boolean
  version: number
  restartGeneration: number
  replacesId: string | null
  waitingReason: NoRoom | null
}

export interface Event {
  id: bigint
  /** The transaction that wrote it. */
  tx: string
  kind: string
  subjectId: string
  serviceId: string | null
  because: string | null
  reason: unknown
  machineId: string | null
}

export async function lookAt(db: Db, accountId: string, now: Temporal.Instant): Promise<World> {
  const at = now.toString()
  const isLive = sql`h.lifted_at is null and (h.expires_at is null or h.expires_at > ${at}::timestamptz)`
  const machines = await sql<Machine>`
    select m.id, m.group_id, m.phase, m.generation,
      m.phase = 'running' and m.desired = 'running' and m.lost_at is null and m.unreachable_at is null
        and not exists (select from holds h where h.machine_id = m.id and ${isLive}) as open,
      coalesce((select jsonb_agg(jsonb_build_object('id', h.id, 'drainId', h.drain_id, 'ownerKind', h.owner_kind,
        'reason', h.reason) order by h.id) from holds h where h.machine_id = m.id and ${isLive}), '[]') as holds,
      array(select h.id from holds h where h.machine_id = m.id and h.lifted_at is null order by h.id) as unlifted,
      (select jsonb_build_object('id', d.id, 'deadlineAt', d.deadline_at, 'overridden', d.overridden_at is not null,
        'force', d.force) from drains d where d.machine_id = m.id and d.phase = 'draining') as drain,
      (select count(*)::int from reservations r where r.machine_id = m.id) as reserved,
      (select count(*)::int from reservations r where r.machine_id = m.id and r.revoked_at is not null) as revoked,
      (select max(i.ended_at)::text from running_intervals i where i.machine_id = m.id
        and not exists (select from running_intervals o where o.machine_id = m.id and o.ended_at is null)) as used_until
    from machines m where m.account_id = ${accountId} order by m.id`.execute(db)
  const services = await sql<Service>`
    select s.id, s.name, s.desired, s.replicas, s.version, s.restart_generation,
      v.config -> 'source' -> 'metadata' -> 'rolling_strategy' as strategy
    from services s join service_versions v on v.service_id = s.id and v.version = s.version
    where s.account_id = ${accountId} and s.deleted_at is null order by s.id`.execute(db)
  const instances = await sql<Instance>`
    select id, service_id, machine_id, phase, phase = 'ready' and ready and routed_at_generation is not null as routed,
      version, restart_generation, replaces_id, waiting_reason
    from service_instances where account_id = ${accountId} order by created_at, replaces_id, id`.execute(db)
  const mark = await sql<{ id: bigint }>`select coalesce(max(id), 0) as id from events`.execute(db)
  return {
    ...{ at, machines: machines.rows, services: services.rows, instances: instances.rows },
    mark: mark.rows[0]?.id ?? 0n,
  }
}

/** Oldest first. */
export async function eventsAfter(db: Db, accountId: string, mark: bigint): Promise<Event[]> {
  const { rows } = await sql<Event>`
    select id, xmin::text as tx, kind, subject_id, data ->> 'serviceId' as service_id, data ->> 'because' as because,
      data -> 'reason' as reason, data ->> 'machineId' as machine_id
    from events where account_id = ${accountId} and id > ${mark} order by id`.execute(db)
  return rows
}
