// A second calculator: every bill computed once more from the event log alone, by plain SQL that shares nothing with
// src/billing, and compared with what was charged. What was changed behind the log's back shows here, even where somebody
// rewrote line, transfer, balance and seals to agree with each other.
import { type RawBuilder, sql } from 'kysely'
import { byQuery, bySlice, type Invariant, type KeyRange, within } from './invariant-check.ts'

const machines = { table: 'machines', size: 500 } as const

/** When machines ran, as the events tell it: half-open, empty ones left out. Times never go back, whatever the clock did. */
const intervals = (range: KeyRange): RawBuilder<unknown> => sql`
  select machine_id, started_at, ended_at from (
    select machine_id, starts, at as started_at, lead(at) over (partition by machine_id order by id) as ended_at from (
      select machine_id, id, starts, greatest(at, max(at) over (partition by machine_id order by id
        rows between unbounded preceding and 1 preceding)) as at
      from (
        select *, lag(starts, 1, false) over (partition by machine_id order by id) as ran from (
          select subject_id as machine_id, id, kind in ('machine.running', 'machine.started', 'machine.returned') as starts,
            case when kind = 'machine.lost' then coalesce((data ->> 'aliveUntil')::timestamptz, at) else at end as at
          from events
          where subject_kind = 'machine' and kind in ('machine.running', 'machine.started', 'machine.returned',
            'machine.lost', 'machine.stopped', 'machine.release_accepted') and ${within('subject_id', range)}
        ) as moves) as steps
      where starts <> ran) as flips) as spans
  where starts and (ended_at is null or ended_at > started_at)`

/** The hourly prices by offering, from their events. */
const prices = sql`
  select subject_id as offering_id, version, effective_at, lead(effective_at) over (partition by subject_id order by version) as until_at,
    hour_micros, disk_micros
  from (select distinct on (subject_id, (data ->> 'version')::int) subject_id, (data ->> 'version')::int as version,
      (data ->> 'effectiveAt')::timestamptz as effective_at, (data -> 'price' ->> 'hourMicros')::numeric as hour_micros,
      (data -> 'price' ->> 'diskGibMicros')::numeric as disk_micros, data -> 'price' -> 'monthMicros' as month_micros
    from events where kind = 'offering.price_set' order by 1, 2, id) as versions`

/** The days that were closed, with the bounds that they had. */
const days = sql`
  select distinct on (subject_id) subject_id::date as day, (data ->> 'start')::timestamptz as day_start,
    (data ->> 'end')::timestamptz as day_end
  from events where kind = 'billing.day_closed' order by subject_id, id`

/** Minutes from a machine's first instant, whole ones: up to the first slot that starts at `at` or later. */
const slotAt = (at: string): RawBuilder<unknown> => sql`ceil(extract(epoch from ${sql.raw(at)} - anchor) / 60)`

/** What a machine's disk was when: what it was before it grew, and from each instant at which it did. */
const sizes = (range: KeyRange): RawBuilder<unknown> => sql`
  select machine_id, gib, from_at, lead(from_at) over (partition by machine_id order by from_at nulls first) as until_at from (
    select subject_id as machine_id, (data ->> 'toGib')::int as gib, at as from_at from events
    where subject_kind = 'machine' and kind = 'machine.resized' and ${within('subject_id', range)}
    union all
    select m.id, coalesce((select (e.data ->> 'fromGib')::int from events e where e.subject_kind = 'machine'
      and e.subject_id = m.id and e.kind = 'machine.resized' order by e.id limit 1), m.system_disk_gib), null
    from machines m where ${within('m.id', range)}) as grown`

/** What each machine, day and item comes to. A fen is 10,000 micros, an hour 60 slots; half a fen counts as one. */
const usage = (range: KeyRange): RawBuilder<unknown> => sql`
  with days as materialized (${days}), prices as materialized (${prices}),
  spans as (
    select machine_id, started_at, coalesce(ended_at, (select max(day_end) from days) + interval '1 day') as ended_at,
      min(started_at) over (partition by machine_id) as anchor
    from (${intervals(range)}) as i),
  slots as (
    select *, greatest(first_slot, max(end_slot) over (partition by machine_id order by started_at
      rows between unbounded preceding and 1 preceding)) as from_slot
    from (select *, floor(extract(epoch from started_at - anchor) / 60) as first_slot, ${slotAt('ended_at')} as end_slot
      from spans) as s),
  sizes as materialized (${sizes(range)}),
  pieces as (
    select s.machine_id, d.day, z.gib - 200 as gib, p.hour_micros, p.disk_micros,
      greatest(0, least(s.end_slot, ${slotAt('d.day_end')}, coalesce(${slotAt('p.until_at')}, s.end_slot),
          coalesce(${slotAt('z.until_at')}, s.end_slot))
        - greatest(s.from_slot, ${slotAt('d.day_start')}, ${slotAt('p.effective_at')}, coalesce(${slotAt('z.from_at')}, s.from_slot)))
        as minutes
    from slots s join machines m on m.id = s.machine_id and m.charge_type = 'postpaid'
    join sizes z on z.machine_id = s.machine_id
    join offerings o on o.zone_id = m.zone_id and o.spec_id = m.spec_id and o.charge_type = 'postpaid'
    join days d on d.day_end > s.started_at and d.day_start < s.ended_at + interval '1 minute'
    join prices p on p.offering_id = o.id
    where not exists (select from order_lines l where l.order_id = m.order_id and l.line_no = m.line_no and l.phase = 'refunded'))
  select machine_id, day, item, sum(minutes) as minutes,
    div(2 * sum(minutes * case item when 'machine' then hour_micros else disk_micros * gib end) + 600000, 1200000) as fen
  from pieces cross join (values ('machine'), ('disk')) as items (item)
  where item = 'machine' or gib > 0
  group by machine_id, day, item having sum(minutes) > 0`

const billsAreUsage = bySlice(
  'I8 a bill is what the event log comes to',
  machines,
  range => sql`
    select format('machine %s, %s, %s: the events come to %s min and %s fen, billed are %s min and %s fen in %s lines',
      coalesce(u.machine_id, b.machine_id), coalesce(u.day, b.billing_day), coalesce(u.item, b.item), coalesce(u.minutes, 0),
      coalesce(u.fen, 0), coalesce(b.minutes, 0), coalesce(b.fen, 0), coalesce(b.lines, 0)) as detail
    from (${usage(range)}) as u
    full join (
      select machine_id, billing_day, item, sum(minutes) as minutes, sum(amount_fen) as fen, sum(lines) as lines from (
        select machine_id, billing_day, item, minutes, amount_fen, 1 as lines from bill_lines where ${within('machine_id', range)}
        union all
        select machine_id, billing_day, item, minutes, amount_fen, 0 from bill_corrections where ${within('machine_id', range)}
      ) as billed group by 1, 2, 3) as b on b.machine_id = u.machine_id and b.billing_day = u.day and b.item = u.item
    cross join billing_progress p
    where (u.minutes is distinct from b.minutes or u.fen is distinct from b.fen or b.lines <> 1)
      and not (b.machine_id is not null and u.machine_id is null and b.minutes = 0 and b.fen = 0 and b.lines = 1)
      -- A day that is being closed has lines before it has its event.
      and coalesce(u.day, b.billing_day) <= p.billed_through
      -- Found lost only now: the correction is on its way.
      and not exists (select from events e where e.kind = 'machine.lost' and e.id > p.corrected_event_id
        and e.subject_id = coalesce(u.machine_id, b.machine_id))`,
)

const daysAreWhole = byQuery(
  'I9 the closed billing days follow each other without a gap',
  sql`
    select format('billing day %s is %s to %s; the one before ended %s', day, day_start, day_end, previous_end) as detail
    from (select *, lag(day_end) over (order by day) as previous_end, lag(day) over (order by day) as previous from (${days}) as d) as d
    where day_start is null or day_end is null or (previous is not null and (previous <> day - 1 or day_start <> previous_end))
      or day_end - day_start not between interval '20 hours' and interval '28 hours'`,
)

const intervalsAreEvents = bySlice(
  'I8 a running interval is one of the event log',
  machines,
  range => sql`
    select format('machine %s: the events say it ran %s to %s, its intervals %s to %s', coalesce(e.machine_id, i.machine_id),
      e.started_at, e.ended_at, i.started_at, i.ended_at) as detail
    from (${intervals(range)}) as e
    full join (select * from running_intervals where ${within('machine_id', range)}
      and (ended_at is null or ended_at > started_at)) as i on i.machine_id = e.machine_id and i.started_at = e.started_at
    where e.machine_id is null or i.machine_id is null or e.ended_at is distinct from i.ended_at`,
)

const pricesAreEvents = byQuery(
  'I10 a price version is one of the event log',
  sql`
    select format('price version %s of %s is not what was set', coalesce(v.version, (e.data ->> 'version')::int),
      coalesce(v.offering_id, e.subject_id)) as detail
    from price_versions v full join (select * from events where kind = 'offering.price_set') as e
      on e.subject_id = v.offering_id and (e.data ->> 'version')::int = v.version
    where v.version is null or e.id is null or v.effective_at <> (e.data ->> 'effectiveAt')::timestamptz
      or v.hour_micros is distinct from (e.data -> 'price' ->> 'hourMicros')::bigint
      or v.disk_gib_micros is distinct from (e.data -> 'price' ->> 'diskGibMicros')::bigint
      or array[v.month1_micros, v.month2_micros, v.month3_micros, v.month6_micros, v.month12_micros] is distinct from
        (select array_agg(micros::bigint order by n) from jsonb_array_elements_text(e.data -> 'price' -> 'monthMicros')
          with ordinality as m (micros, n))`,
)

/** Prepaid: the price list that was in force when it was quoted (or, without a quote, ordered), rounded once per machine. */
const linesAreListed = bySlice(
  'I10 a prepaid line costs what the price list said',
  { table: 'orders', size: 2000 },
  range => sql`
    select format('line %s of order %s costs %s fen; by the price list of %s it is %s', line_no, order_id, amount_fen, priced_at, fen)
      as detail
    from (
      select l.order_id, l.line_no, l.amount_fen, o.priced_at, div(2 * o.months * (
          (p.month_micros ->> array_position(array[1, 2, 3, 6, 12], o.months) - 1)::numeric
          + p.disk_micros * greatest(0, m.system_disk_gib - 200)) + 10000, 20000) as fen
      from (select o.*, coalesce(q.created_at, o.created_at) as priced_at from orders o left join quotes q on q.id = o.quote_id
        where o.kind in ('purchase', 'scale_out', 'renewal') and o.charge_type = 'prepaid' and ${within('o.id', range)}) as o
      join order_lines l on l.order_id = o.id
      left join machines n on n.id = l.machine_id
      cross join lateral (select coalesce(n.zone_id, o.zone_id) as zone_id, coalesce(n.spec_id, o.spec_id) as spec_id,
        case when o.kind = 'renewal' then coalesce(l.quoted_disk_gib, n.system_disk_gib) else o.system_disk_gib end as system_disk_gib) as m
      join offerings f on f.zone_id = m.zone_id and f.spec_id = m.spec_id and f.charge_type = 'prepaid'
      cross join lateral (
        select data -> 'price' -> 'monthMicros' as month_micros, (data -> 'price' ->> 'diskGibMicros')::numeric as disk_micros
        from events where kind = 'offering.price_set' and subject_id = f.id
          and (data ->> 'effectiveAt')::timestamptz <= o.priced_at
        order by (data ->> 'version')::int desc limit 1) as p) as lines
    where amount_fen is distinct from fen`,
)

export const recomputedInvariants: readonly Invariant[] = [
  intervalsAreEvents,
  daysAreWhole,
  pricesAreEvents,
  billsAreUsage,
  linesAreListed,
]
