// What must be true of services and their machines at every moment (CORRECTNESS §2.2, I16–I18). Each is one query that
// finds what breaks it; it shares no code with what it checks.
import { sql } from 'kysely'
import { byQuery, type Invariant } from './invariant-check.ts'

export const serviceInvariants: readonly Invariant[] = [
  byQuery(
    'I16 reservations of a machine stay within its capacity',
    sql`
      select m.id || ' is reserved beyond its capacity' as detail
      from machines m join reservations r on r.machine_id = m.id group by m.id
      having sum(r.cpu_milli) > m.cpu_milli or sum(r.memory_mib) > m.memory_mib or sum(r.gpu_count) > m.gpu_count
        or max(r.gpu_memory_mib) filter (where r.gpu_count > 0) > m.gpu_memory_mib`,
  ),
  byQuery(
    'I16 a service instance runs on a machine of its own group and account',
    sql`
      select i.id || ' runs on ' || m.id as detail from service_instances i
      join services s on s.id = i.service_id join machines m on m.id = i.machine_id
      where m.group_id <> s.group_id or m.account_id <> s.account_id or i.account_id <> s.account_id`,
  ),
  byQuery(
    'I16 a reservation belongs to one live service instance on that machine, and each has one',
    sql`
      select coalesce(i.id, r.service_instance_id) || ' and its reservation differ' as detail
      from (select * from service_instances where phase <> 'ended' and machine_id is not null) i
      full join reservations r on r.service_instance_id = i.id
      where i.id is null or r.service_instance_id is null or r.machine_id <> i.machine_id`,
  ),
  byQuery(
    'I16 a card is given to one service instance',
    sql`
      select i.machine_id || ' card ' || card || ' is given twice' as detail
      from service_instances i, unnest(i.gpu_indexes) card where i.phase <> 'ended'
      group by i.machine_id, card having count(*) > 1`,
  ),
  byQuery(
    'I16 what was asked of a driver stands in the outbox, and is settled once the service instance has ended',
    sql`
      select i.id || ' (' || i.phase || ') and its effects differ' as detail
      from (select *, 'service_instance:' || id || case when restart_count = 0 then '' else '_' || restart_count end as process
        from service_instances) i
      left join outbox launch on launch.effect_id = i.process || ':launch'
      left join outbox stop on stop.effect_id = i.process || ':stop'
      where (i.machine_id is not null) <> (launch.effect_id is not null)
        or (i.phase = 'stopping' and stop.effect_id is null)
        or (i.phase in ('ready', 'leaving', 'isolated') and launch.settled_at is null)
        or (i.phase = 'ended' and (launch.settled_at is null and launch.effect_id is not null
          or stop.settled_at is null and stop.effect_id is not null))`,
  ),
  byQuery(
    'I16 of each process before the present one of a service instance all effects are settled',
    sql`
      select o.effect_id || ' of ' || i.id || ' is open, and its process was followed by another' as detail
      from service_instances i cross join generate_series(0, i.restart_count - 1) earlier
      join outbox o on o.effect_id in (
        'service_instance:' || i.id || case when earlier = 0 then '' else '_' || earlier end || ':launch',
        'service_instance:' || i.id || case when earlier = 0 then '' else '_' || earlier end || ':stop')
      where o.settled_at is null`,
  ),
  byQuery(
    'I17 nothing was placed on a machine while it was held',
    sql`
      select r.service_instance_id || ' was placed on ' || r.machine_id || ' under hold ' || h.id as detail
      from reservations r join holds h on h.machine_id = r.machine_id
      where r.created_at > h.created_at and (h.lifted_at is null or r.created_at < h.lifted_at)
        and (h.expires_at is null or r.created_at < h.expires_at)`,
  ),
  byQuery(
    'I18 a drained machine had nothing left when it was called drained',
    sql`
      select i.id || ' outlived drain ' || d.id as detail
      from drains d join service_instances i on i.machine_id = d.machine_id
      where d.phase = 'drained' and i.started_at < d.started_at and (i.ended_at is null or i.ended_at > d.ended_at)`,
  ),
  byQuery(
    'I18 a service instance that has ended left the routes first',
    sql`
      select id || ' ended without leaving the routes' as detail from service_instances
      where phase in ('leaving', 'isolated', 'stopping') and routed_at_generation is not null and unrouted_at_generation is null`,
  ),
]
