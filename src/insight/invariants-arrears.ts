// What must hold of accounts in arrears: their postpaid machines run through the time of grace and not beyond, stand still
// for that alone, and are kept as long as was promised.
import { sql } from 'kysely'
import { bySlice, type Invariant, within } from './invariant-check.ts'

const machines = { table: 'machines', size: 2000 } as const

/** Of what was delivered a minute before: a delivery that was under way at the stop is stopped by the next look. */
const standsStill = bySlice(
  'I14 no postpaid machine runs, or is billed, while its account is in arrears past its grace',
  machines,
  range => sql`
    select format('machine %s ran from %s to %s; for arrears %s it stood still from %s to %s', m.id, i.started_at,
      i.ended_at, r.id, r.stopped_at, r.cleared_at) as detail
    from (select * from machines where charge_type = 'postpaid' and ${within('id', range)}) as m
    join arrears r on r.account_id = m.account_id and r.stopped_at is not null
    join orders o on o.id = m.order_id and o.ended_at <= r.stopped_at - interval '1 minute'
    join order_lines l on l.order_id = m.order_id and l.line_no = m.line_no and l.phase = 'delivered'
    join running_intervals i on i.machine_id = m.id
    where coalesce(i.ended_at, 'infinity') > greatest(r.stopped_at, i.started_at)
      and i.started_at < coalesce(r.cleared_at, 'infinity')`,
)

const stoppedAfterGrace = bySlice(
  'I14 a machine is stopped for arrears after the grace of its account, and only if it is postpaid',
  machines,
  range => sql`
    select format('machine %s (%s) was stopped for arrears at %s', m.id, m.charge_type, e.at) as detail
    from events e join machines m on m.id = e.subject_id
    where e.subject_kind = 'machine' and e.kind = 'machine.stopped' and e.data ->> 'because' = 'arrears'
      and ${within('e.subject_id', range)}
      and (m.charge_type <> 'postpaid' or not exists (select from arrears r where r.account_id = m.account_id
        and r.stops_at <= e.at and (r.cleared_at is null or r.cleared_at >= e.at)))`,
)

const keptAsPromised = bySlice(
  'I14 a machine is released for arrears 360 hours after its account was told that it stopped, or later',
  machines,
  range => sql`
    select format('machine %s was released for arrears at %s', e.subject_id, e.at) as detail
    from events e
    where e.subject_kind = 'machine' and e.kind = 'machine.release_accepted' and e.actor = 'system:arrears'
      and ${within('e.subject_id', range)}
      and not exists (select from notices n where n.account_id = e.account_id and n.kind = 'arrears.stopped'
        and n.created_at <= e.at - interval '360 hours')`,
)

export const arrearsInvariants: readonly Invariant[] = [standsStill, stoppedAfterGrace, keptAsPromised]
