// What must hold of changes to what is paid for: larger disks, machines that are aligned, orders that wait for stock, machines released early. Amounts
// are computed once more here, in SQL that shares nothing with src/orders.
import { type RawBuilder, sql } from 'kysely'
import { bySlice, type Invariant, within } from './invariant-check.ts'

const orders = { table: 'orders', size: 2000 } as const
const machines = { table: 'machines', size: 500 } as const

const resizesAreLines = bySlice(
  'I5 a larger disk is charged exactly when it was made',
  orders,
  range => sql`
    select format('line %s of order %s (%s) is %s, its disk is %s', l.line_no, o.id, o.phase, l.phase, r.phase) as detail
    from orders o join order_lines l on l.order_id = o.id
    left join machine_resizes r on r.order_id = l.order_id and r.line_no = l.line_no
    where o.kind = 'resize' and ${within('o.id', range)} and (
      (o.phase in ('placed', 'lapsed', 'cancelled')) <> (r.id is null)
      or r.machine_id <> l.machine_id or r.to_gib <> l.resized_to_gib or r.from_gib <> l.quoted_disk_gib
      or (l.phase = 'delivered' and r.phase <> 'done') or (l.phase = 'refunded' and r.phase <> 'refused')
      or (o.phase in ('fulfilled', 'refunded') and r.phase = 'asked'))`,
)

const disksAreResizes = bySlice(
  'I6 a disk is what it was made with and has grown to since',
  machines,
  range => sql`
    select format('the disk of machine %s has %s GiB; it was made with %s and its %s resizes end at %s', m.id,
      m.system_disk_gib, o.system_disk_gib, r.count, r.gib) as detail
    from machines m join orders o on o.id = m.order_id
    left join lateral (
      select count(*) as count, max(to_gib) as gib, bool_or(from_gib is distinct from before) as torn
      from (select from_gib, to_gib, lag(to_gib, 1, o.system_disk_gib) over (order by ended_at, id) as before
        from machine_resizes where machine_id = m.id and phase = 'done') as steps) as r on true
    where ${within('m.id', range)}
      and (m.system_disk_gib is distinct from coalesce(r.gib, o.system_disk_gib) or coalesce(r.torn, false))`,
)

/** How many seconds there are of the month that an alignment cuts, and how many of them it pays for. */
const cutMonth = (line: string, until: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select whole, whole - floor(extract(epoch from ${sql.ref(`${line}.monthEnd`)} - ${until})) as used
  from (select floor(extract(epoch from ${sql.ref(`${line}.monthEnd`)} - ${sql.ref(`${line}.monthStart`)})) as whole) as month`

/**
 * The month's price for the whole months and the seconds of the one that is cut. Without the billing zone the bounds of that
 * month can't be told exactly; but it begins where the whole ones end, give or take the days that months differ by.
 */
const alignmentsAreProRata = bySlice(
  'I10 an aligned machine pays the time from its expiry to the common one',
  orders,
  range => sql`
    select format('line %s of order %s costs %s fen for %s months and a part of %s to %s, from %s to %s; that comes to %s',
      line_no, order_id, amount_fen, whole_months, month_start, month_end, quoted_expires_at, aligns_to, fen) as detail
    from (
      select l.*, o.aligns_to, whole,
        div(2 * micros * (l.whole_months * whole + used) + 10000 * whole, 20000 * whole) as fen,
        (l.quoted_expires_at at time zone 'UTC' + make_interval(months => l.whole_months)) at time zone 'UTC' as month_near
      from (select o.*, coalesce(q.created_at, o.created_at) as priced_at from orders o left join quotes q on q.id = o.quote_id
        where o.kind = 'alignment' and ${within('o.id', range)}) as o
      join order_lines l on l.order_id = o.id
      left join machines m on m.id = l.machine_id
      left join lateral (
        select (data -> 'price' ->> 'diskGibMicros')::numeric * greatest(0, l.quoted_disk_gib - 200)
          + (select micros::numeric from jsonb_array_elements_text(data -> 'price' -> 'monthMicros')
              with ordinality as listed (micros, n) where micros is not null order by n limit 1) as micros
        from events where kind = 'offering.price_set' and subject_id = m.zone_id || ':' || m.spec_id || ':prepaid'
          and (data ->> 'effectiveAt')::timestamptz <= o.priced_at
        order by (data ->> 'version')::int desc limit 1) as price on true
      left join lateral (${cutMonth('l', sql`o.aligns_to`)}) as month on true) as lines
    where amount_fen is distinct from fen or quoted_expires_at is null or quoted_expires_at >= aligns_to
      or month_start < quoted_expires_at or month_start > aligns_to or month_end <= aligns_to
      or (whole_months = 0) <> (month_start = quoted_expires_at)
      or abs(extract(epoch from month_start - month_near)) > 4 * 86400
      or whole not between 28 * 86400 - 7200 and 31 * 86400 + 7200
      or (phase = 'delivered' and (period_start, period_end) is distinct from (quoted_expires_at, aligns_to))`,
)

/**
 * The month's price of the GiB that are billed more, for each month ahead: the running period by its seconds. Parts of a month
 * are taken to 60 digits and up, so that an exact half of a fen stays one.
 */
const resizesAreProRata = bySlice(
  'I10 a larger disk costs the unused time of what is paid',
  orders,
  range => sql`
    select format('line %s of order %s costs %s fen; %s is what the rest of its periods comes to', line_no, order_id,
      amount_fen, fen) as detail
    from (
      select l.order_id, l.line_no, l.amount_fen,
        div(2 * micros * (coming * whole + running * unused) + 10000 * whole, 20000 * whole) as fen
      from (select o.*, coalesce(q.created_at, o.created_at) as priced_at from orders o left join quotes q on q.id = o.quote_id
        where o.kind = 'resize' and o.charge_type = 'prepaid' and ${within('o.id', range)}) as o
      join order_lines l on l.order_id = o.id
      join machines m on m.id = l.machine_id
      cross join lateral (
        select (data -> 'price' ->> 'diskGibMicros')::numeric
          * (greatest(0, l.resized_to_gib - 200) - greatest(0, l.quoted_disk_gib - 200)) as micros
        from events where kind = 'offering.price_set' and subject_id = m.zone_id || ':' || m.spec_id || ':prepaid'
          and (data ->> 'effectiveAt')::timestamptz <= o.priced_at
        order by (data ->> 'version')::int desc limit 1) as price
      cross join lateral (
        select coalesce(sum(counted) filter (where d.period_start >= o.priced_at), 0) as coming,
          coalesce(max(counted) filter (where d.period_start < o.priced_at), 0) as running,
          coalesce(max(floor(extract(epoch from d.period_end - o.priced_at)))
            filter (where d.period_start < o.priced_at), 0) as unused,
          greatest(1, coalesce(max(floor(extract(epoch from d.period_end - d.period_start)))
            filter (where d.period_start < o.priced_at), 1)) as whole
        from order_lines d join orders p on p.id = d.order_id
        left join lateral (${cutMonth('d', sql`d.period_end`)}) as cut on true
        cross join lateral (select case when p.kind <> 'alignment' then p.months
          else d.whole_months + case when used = 0 then 0 else round(used::numeric(80, 60) / whole, 60) + 1e-50 end
          end as counted) as paid
        where d.machine_id = l.machine_id and d.phase = 'delivered'
          and p.kind in ('purchase', 'scale_out', 'renewal', 'alignment')
          and d.period_end > o.priced_at and d.period_end <= l.quoted_expires_at) as time
    ) as lines where amount_fen is distinct from fen`,
)

const waitsForUnmade = bySlice(
  'I5 an order waits for machines that were not made, and not once it has ended',
  orders,
  range => sql`
    select format('order %s (%s) waits for %s machines until %s; %s of its lines have none', o.id, o.phase, o.waiting_lines,
      o.waits_until, count) as detail
    from orders o cross join lateral (
      select count(*) as count from order_lines l where l.order_id = o.id and l.phase = 'pending'
        and not exists (select from machines m where m.order_id = l.order_id and m.line_no = l.line_no)) as unmade
    where o.waiting_lines > 0 and ${within('o.id', range)}
      and (o.phase not in ('paid', 'provisioning') or o.waits_until is null or o.waiting_lines <> count)`,
)

/** By the second from the instant that is written, in the mix of the line that it gives back a part of. */
const earlyReleasesAreUnused = bySlice(
  'I13 an early release gives back the unused part of what was paid',
  orders,
  range => sql`
    select format('line %s of refund %s gives back %s fen (%s by voucher) of line %s of order %s, which was %s (%s)', line_no,
      order_id, amount_fen, voucher_fen, paid_line, paid_order, paid_fen, paid_voucher) as detail
    from (
      select r.line_no, r.order_id, r.amount_fen, r.voucher_fen, l.line_no as paid_line, l.order_id as paid_order,
        l.amount_fen as paid_fen, l.voucher_fen as paid_voucher, l.phase, r.machine_id = l.machine_id as same_machine,
        count(*) over (partition by l.order_id, l.line_no) as times,
        div(2 * l.amount_fen * least(whole, floor(extract(epoch from r.period_end - r.period_start))) + whole, 2 * whole) as fen
      from orders o join order_lines r on r.order_id = o.id
      left join order_lines l on l.order_id = r.refunds_order_id and l.line_no = r.refunds_line_no
      cross join lateral (select greatest(1, floor(extract(epoch from l.period_end - l.period_start))) as whole) as w
      where o.kind = 'refund' and o.parent_order_id is null and ${within('o.id', range)}) as lines
    where amount_fen is distinct from fen or phase <> 'delivered' or not same_machine or times <> 1
      or voucher_fen > paid_voucher or amount_fen - voucher_fen > paid_fen - paid_voucher
      or abs(voucher_fen * greatest(1, paid_fen) - amount_fen * paid_voucher) >= greatest(1, paid_fen)`,
)

const earlyReleasesArePaid = bySlice(
  'I5 an early release pays what its lines say, to who paid',
  orders,
  range => sql`
    select format('refund %s is of %s fen, its lines come to %s, paid back were %s in cash and %s as voucher', o.id,
      o.total_fen, l.amount, t.cash, t.voucher) as detail
    from orders o
    cross join lateral (select coalesce(sum(amount_fen), 0) as amount, coalesce(sum(voucher_fen), 0) as voucher, count(*) as count
      from order_lines where order_id = o.id) as l
    cross join lateral (
      select coalesce(sum(amount_fen) filter (where to_ledger_account_id = 'wallet:' || o.account_id || ':cash'), 0) as cash,
        coalesce(sum(amount_fen) filter (where to_ledger_account_id = 'wallet:' || o.account_id || ':voucher'), 0) as voucher,
        coalesce(sum(amount_fen), 0) as amount
      from transfers where order_id = o.id and kind = 'refund' and from_ledger_account_id = 'revenue:prepaid') as t
    where o.kind = 'refund' and o.parent_order_id is null and ${within('o.id', range)}
      and (l.count = 0 or o.total_fen <> l.amount or t.amount <> l.amount or t.voucher <> l.voucher
        or t.cash <> l.amount - l.voucher or not exists (select from events e where e.kind = 'machine.released_early'
          and e.data ->> 'orderId' = o.id))`,
)

export const changeInvariants: readonly Invariant[] = [
  resizesAreLines,
  disksAreResizes,
  alignmentsAreProRata,
  resizesAreProRata,
  waitsForUnmade,
  earlyReleasesAreUnused,
  earlyReleasesArePaid,
]
