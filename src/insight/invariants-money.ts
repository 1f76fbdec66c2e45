// What must hold of money, at any instant: the ledger in itself, and the ledger against the things it paid for. "It sums to
// zero" is true of any double entry, so most of these tie a book to orders, machines and periods.
import { sql } from 'kysely'
import { verifySeals } from '../ledger/seal.ts'
import { byQuery, bySlice, type Invariant, type KeyRange, within } from './invariant-check.ts'
import { recomputedInvariants } from './recompute-bills.ts'

const sameCurrency = byQuery(
  'I1 a transfer has two books of one currency',
  sql`
    select format('transfer %s goes from %s to %s', t.id, f.currency, g.currency) as detail
    from transfers t join ledger_accounts f on f.id = t.from_ledger_account_id
    join ledger_accounts g on g.id = t.to_ledger_account_id where f.currency <> g.currency`,
)

// Each side is added up in one pass over the transfers, not book by book.
const bookSums = sql`
  select a.id, a.currency, coalesce(i.fen, 0) - coalesce(o.fen, 0) as sum_fen from ledger_accounts a
  left join (select to_ledger_account_id as id, sum(amount_fen) as fen from transfers group by 1) as i on i.id = a.id
  left join (select from_ledger_account_id as id, sum(amount_fen) as fen from transfers group by 1) as o on o.id = a.id`

/** What went out of and came into the books of a slice, by book. */
const sideOf = (column: 'from_ledger_account_id' | 'to_ledger_account_id', range: KeyRange) => sql`
  select ${sql.ref(column)} as id, sum(amount_fen) as fen from transfers where ${within(column, range)} group by 1`

const orders = { table: 'orders', size: 2000 } as const
const machines = { table: 'machines', size: 5000 } as const

const sumsToZero = byQuery(
  'I2 the ledger sums to zero per currency',
  sql`
    select format('%s is off by %s fen', currency, sum(sum_fen)) as detail
    from (${bookSums}) as books group by currency having sum(sum_fen) <> 0`,
)

const storedBalances = bySlice(
  'I3 a stored balance is the sum of its transfers',
  { table: 'ledger_accounts', size: 2000 },
  range => sql`
    select format('%s stores %s, its transfers come to %s', a.id, a.balance_fen, coalesce(i.fen, 0) - coalesce(o.fen, 0)) as detail
    from ledger_accounts a left join (${sideOf('to_ledger_account_id', range)}) as i on i.id = a.id
    left join (${sideOf('from_ledger_account_id', range)}) as o on o.id = a.id
    where a.balance_fen is not null and ${within('a.id', range)} and a.balance_fen <> coalesce(i.fen, 0) - coalesce(o.fen, 0)`,
)

const everyTransferSealed = byQuery(
  'I4 a transfer is sealed or waits for it',
  sql`
    select format('transfer %s has no number and does not wait for one', t.id) as detail from transfers t
    left join ledger_seals s on s.transfer_id = t.id left join transfers_to_seal q on q.transfer_id = t.id
    where (s.transfer_id is null) = (q.transfer_id is null)`,
)

const chain: Invariant = {
  name: 'I4 the chain is gap-free and intact',
  slices: { table: 'ledger_seals', size: 20_000 },
  violations: async (db, { after, to }) => {
    const { problem } = await verifySeals(db, { after: BigInt(after || 0), to: to === null ? null : BigInt(to) })
    return problem ? [`at number ${problem.number}: ${problem.claim}`] : []
  },
}

// What the transfers, the lines and the row of an order say of its money.
const orderSums = (range: KeyRange) => sql`
  select o.*, coalesce(t.paid, 0) as t_paid, coalesce(t.captured, 0) as t_captured, coalesce(t.refunded, 0) as t_refunded,
    coalesce(t.paid_voucher, 0) as t_paid_voucher, coalesce(t.refunded_voucher, 0) as t_refunded_voucher,
    coalesce(l.pending, 0) as l_pending, coalesce(l.delivered, 0) as l_delivered, coalesce(l.delivered_fen, 0) as l_delivered_fen,
    coalesce(l.refunded_fen, 0) as l_refunded_fen, coalesce(l.lines, 0) as l_lines, coalesce(l.sum_fen, 0) as l_sum_fen,
    coalesce((select balance_fen from ledger_accounts e where e.order_id = o.id and e.kind = 'escrow'), 0) as escrow_fen
  from orders o
  left join (
    select t.order_id, sum(amount_fen) filter (where t.kind = 'pay') as paid,
      sum(amount_fen) filter (where t.kind = 'capture') as captured,
      sum(amount_fen) filter (where t.kind = 'refund') as refunded,
      sum(amount_fen) filter (where t.kind = 'pay' and f.kind = 'wallet_voucher') as paid_voucher,
      sum(amount_fen) filter (where t.kind = 'refund' and g.kind = 'wallet_voucher') as refunded_voucher
    from transfers t join ledger_accounts f on f.id = t.from_ledger_account_id
    join ledger_accounts g on g.id = t.to_ledger_account_id
    where ${within('t.order_id', range)} group by t.order_id) as t on t.order_id = o.id
  left join (
    select order_id, count(*) as lines, sum(amount_fen) as sum_fen, count(*) filter (where phase = 'pending') as pending,
      count(*) filter (where phase = 'delivered') as delivered,
      sum(amount_fen) filter (where phase = 'delivered') as delivered_fen,
      sum(amount_fen) filter (where phase = 'refunded') as refunded_fen
    from order_lines where ${within('order_id', range)} group by order_id) as l on l.order_id = o.id
  where o.kind <> 'refund' and ${within('o.id', range)}`

const ordersMatchLedger = bySlice(
  'I5 an order says what its transfers and lines say',
  orders,
  range => sql`
    select format('order %s (%s): row %s/%s/%s, transfers %s/%s/%s, lines captured %s refunded %s, escrow %s', id, phase,
      paid_cash_fen + paid_voucher_fen, captured_fen, refunded_fen, t_paid, t_captured, t_refunded, l_delivered_fen,
      l_refunded_fen, escrow_fen) as detail
    from (${orderSums(range)}) as sums
    where t_paid <> paid_cash_fen + paid_voucher_fen or t_captured <> captured_fen or t_refunded <> refunded_fen
      or l_delivered_fen <> captured_fen or l_refunded_fen <> refunded_fen
      or escrow_fen <> t_paid - t_captured - t_refunded or l_lines <> quantity or l_sum_fen <> total_fen
      or (phase in ('placed', 'lapsed', 'cancelled') and t_paid + t_captured + t_refunded <> 0)
      or (phase not in ('placed', 'lapsed', 'cancelled') and t_paid <> total_fen)`,
)

const nothingLeftOver = bySlice(
  'I5 an order ends as its lines did, with nothing in escrow',
  orders,
  range => sql`
    select format('order %s is %s with %s fen in escrow, %s lines open, %s delivered', id, phase, escrow_fen, l_pending,
      l_delivered) as detail
    from (${orderSums(range)}) as sums
    where (phase in ('fulfilled', 'refunded') and (escrow_fen <> 0 or l_pending <> 0
        or captured_fen + refunded_fen <> paid_cash_fen + paid_voucher_fen))
      or (phase = 'refunded' and l_delivered <> 0) or (phase = 'fulfilled' and l_delivered = 0)
      or (phase in ('lapsed', 'cancelled') and escrow_fen <> 0)`,
)

const chargedIsDelivered = bySlice(
  'I5 a line is charged exactly when its machine was delivered',
  orders,
  range => sql`
    select format('line %s of order %s is %s; its machine %s is %s, wished %s', l.line_no, l.order_id, l.phase,
      l.machine_id, coalesce(m.phase, 'not there'), m.desired) as detail
    from order_lines l join orders o on o.id = l.order_id
    left join machines m on m.order_id = l.order_id and m.line_no = l.line_no
    where o.kind in ('purchase', 'scale_out') and ${within('o.id', range)} and ${within('l.order_id', range)} and (
      (l.phase = 'delivered' and m.running_at is null)
      or (l.phase = 'refunded' and m.id is not null and m.phase <> 'failed' and m.desired <> 'released')
      or (m.id is not null and m.id <> l.machine_id)
      or (o.phase in ('placed', 'paid', 'lapsed', 'cancelled') and m.id is not null))`,
)

const refundOrders = bySlice(
  'I5 every refund has its order',
  orders,
  range => sql`
    select format('order %s refunded %s fen, its refund orders say %s', o.id, o.refunded_fen, r.total) as detail
    from orders o left join lateral (
      select count(*) as count, coalesce(sum(total_fen), 0) as total, bool_and(phase = 'refunded') as ended
      from orders c where c.parent_order_id = o.id and c.kind = 'refund') as r on true
    where o.kind <> 'refund' and ${within('o.id', range)} and (
      (o.phase = 'refunded' and (r.count <> 1 or r.total <> o.refunded_fen or not r.ended))
      or (o.phase = 'fulfilled' and r.total <> o.refunded_fen) or r.count > 1)`,
)

const stockIsHeld = byQuery(
  'I6 stock allocated is the machines that hold it',
  sql`
    select format('%s %s: %s allocated, %s machines hold stock', zone_id, spec_id, coalesce(s.allocated, 0),
      coalesce(m.count, 0)) as detail
    from stock s full join (select zone_id, spec_id, count(*) as count from machines where holds_stock
      group by zone_id, spec_id) as m using (zone_id, spec_id)
    where coalesce(s.allocated, 0) <> coalesce(m.count, 0)`,
)

const periodsDisjoint = bySlice(
  'I6 the paid periods of a machine do not overlap',
  machines,
  range => sql`
    select format('machine %s is paid from %s before %s', machine_id, period_start, previous_end) as detail
    from (select machine_id, period_start, lag(period_end) over (partition by machine_id order by period_start) as previous_end
      from order_lines where phase = 'delivered' and period_start is not null and resized_to_gib is null
        and ${within('machine_id', range)}) as periods
    where period_start < previous_end`,
)

const revenueIsPeriods = byQuery(
  'I7 prepaid revenue is the paid periods',
  sql`
    select format('revenue is %s fen, the paid periods come to %s', revenue, periods) as detail
    from (select
      (select coalesce(sum(amount_fen), 0) from transfers where to_ledger_account_id = 'revenue:prepaid')
      - (select coalesce(sum(amount_fen), 0) from transfers where from_ledger_account_id = 'revenue:prepaid') as revenue,
      (select coalesce(sum(amount_fen), 0) from order_lines where phase = 'delivered' and period_start is not null)
      - (select coalesce(sum(amount_fen), 0) from order_lines where refunds_order_id is not null) as periods
    ) as sums where revenue <> periods`,
)

const subscriptionIsPeriods = bySlice(
  'I7 a machine is paid until the end of its last period',
  machines,
  range => sql`
    select format('machine %s: subscription until %s, periods until %s', coalesce(s.machine_id, p.machine_id), s.expires_at,
      p.period_end) as detail
    from (select * from subscriptions where ${within('machine_id', range)}) s
    full join (select machine_id, max(period_end) as period_end from order_lines
      where phase = 'delivered' and period_end is not null and ${within('machine_id', range)} group by machine_id) as p on p.machine_id = s.machine_id
    where s.expires_at is distinct from p.period_end`,
)

// A line is paid by the transfer that it names and, where vouchers covered a part, by `…:voucher`; so is a correction.
const correctionIdOf = (of: string) =>
  sql`concat_ws(':', 'correction', ${sql.ref(`${of}.machineId`)}, ${sql.ref(`${of}.billingDay`)}, ${sql.ref(`${of}.item`)}, ${sql.ref(`${of}.number`)})`
const correctionId = correctionIdOf('bill_corrections')

const usageIsBilled = bySlice(
  'I8 usage taken is usage billed',
  { table: 'ledger_seals', size: 20_000 },
  ({ after, to }) => sql`
    select format('transfer %s takes %s fen for no bill line', t.id, t.amount_fen) as detail
    from (select id, amount_fen, case when right(id, 8) = ':voucher' then left(id, -8) else id end as line_id from transfers
      where kind in ('usage', 'reversal') ${
        to === null
          ? sql``
          : sql`and id in (select transfer_id from ledger_seals
              where number > ${after || '0'}::bigint and number <= ${to}::bigint)`
      }) as t
    left join bill_lines b on b.transfer_id = t.line_id
    left join (select ${correctionId} as id from bill_corrections) as c on c.id = t.line_id
    where b.transfer_id is null and c.id is null`,
)

const billedIsTaken = bySlice(
  'I8 usage billed is usage taken',
  machines,
  range => sql`
    select format('bill line %s is %s fen, its transfers come to %s', l.id, l.amount_fen, l.sign * coalesce(t.amount_fen, 0)
      + l.sign * coalesce(v.amount_fen, 0)) as detail
    from (
      select transfer_id as id, amount_fen, 1 as sign from bill_lines where ${within('machine_id', range)}
      union all
      select ${correctionId}, amount_fen, -1 from bill_corrections where ${within('machine_id', range)}) as l
    left join transfers t on t.id = l.id left join transfers v on v.id = l.id || ':voucher'
    where l.sign * (coalesce(t.amount_fen, 0) + coalesce(v.amount_fen, 0)) <> l.amount_fen`,
)

const billedWasDelivered = bySlice(
  'I8 a bill line is of a postpaid machine that was delivered',
  machines,
  range => sql`
    select format('bill line %s %s of machine %s', b.billing_day, b.item, b.machine_id) as detail
    from bill_lines b join machines m on m.id = b.machine_id
    left join order_lines l on l.order_id = m.order_id and l.line_no = m.line_no
    where ${within('b.machine_id', range)} and (m.charge_type <> 'postpaid' or l.phase is distinct from 'delivered')`,
)

// Added up per account: what was sealed too late for one statement is on the next, and on no other.
const statementsAreLedger = byQuery(
  'I7 the statements of an account are what the ledger says',
  sql`
    select format('account %s: its statements until %s say %s prepaid, %s postpaid, %s corrected; the ledger says %s, %s, %s',
      account_id, ends_at, prepaid, postpaid, corrections, l_prepaid, l_postpaid, l_corrections) as detail
    from (
      select s.*,
        (select coalesce(sum(case when t.to_ledger_account_id = 'revenue:prepaid' then t.amount_fen else -t.amount_fen end), 0)
          from ledger_accounts b join transfers t on (t.from_ledger_account_id = b.id and t.to_ledger_account_id = 'revenue:prepaid')
            or (t.to_ledger_account_id = b.id and t.from_ledger_account_id = 'revenue:prepaid')
          join ledger_seals n on n.transfer_id = t.id
          where b.account_id = s.account_id and t.at < s.ends_at and n.number <= s.through) as l_prepaid,
        (select coalesce(sum(b.amount_fen), 0) from bill_lines b join ledger_seals n on n.transfer_id = b.transfer_id
          where b.account_id = s.account_id and b.billing_day < s.next_month and n.number <= s.through) as l_postpaid,
        (select coalesce(sum(c.amount_fen), 0) from bill_corrections c join ledger_seals n on n.transfer_id = ${correctionIdOf('c')}
          where c.account_id = s.account_id and c.billing_day < s.next_month and n.number <= s.through) as l_corrections
      from (select account_id, max(ends_at) as ends_at, (max(month) + interval '1 month')::date as next_month,
          max(through_number) as through, sum(prepaid_fen) as prepaid, sum(postpaid_fen) as postpaid,
          sum(corrections_fen) as corrections from statements group by account_id) as s) as sums
    where prepaid <> l_prepaid or postpaid <> l_postpaid or corrections <> l_corrections
    union all
    select format('account %s: the statement of %s does not follow on the one before', account_id, month)
    from (select *, lag(through_number) over w as before, lag(month) over w as previous from statements
      window w as (partition by account_id order by month)) as s
    where before is not null and (after_number <> before or previous <> (month - interval '1 month')::date)`,
)

const keptUntilExpiry = byQuery(
  'I11 a prepaid machine is not released before its expiry',
  sql`
    select format('machine %s was released at %s, paid until %s', m.id, m.release_accepted_at, s.expires_at) as detail
    from machines m join subscriptions s on s.machine_id = m.id
    where m.release_accepted_at < s.expires_at
      and not exists (select from events e where e.subject_kind = 'machine' and e.subject_id = m.id
        and e.kind = 'machine.released_early')`,
)

const expiryMovesForward = byQuery(
  'I12 an expiry only moves forward',
  sql`
    select format('machine %s: expiry went from %s to %s', subject_id, previous, expires_at) as detail
    from (select subject_id, (data ->> 'expiresAt')::timestamptz as expires_at,
        lag((data ->> 'expiresAt')::timestamptz) over (partition by subject_id order by id) as previous
      from events where subject_kind = 'machine' and kind in ('subscription.started', 'subscription.renewed',
        'subscription.aligned')) as steps
    where expires_at <= previous`,
)

const refundsSameWay = bySlice(
  'I13 a refund goes back the way it was paid',
  orders,
  range => sql`
    select format('order %s: voucher paid %s, refunded %s; all paid %s, refunded %s', id, t_paid_voucher,
      t_refunded_voucher, t_paid, t_refunded) as detail
    from (${orderSums(range)}) as sums
    where t_refunded > t_paid or t_refunded_voucher > t_paid_voucher
      or t_refunded - t_refunded_voucher > t_paid - t_paid_voucher
      or (phase = 'refunded' and t_refunded_voucher <> t_paid_voucher)`,
)

export const moneyInvariants: readonly Invariant[] = [
  sameCurrency,
  sumsToZero,
  storedBalances,
  everyTransferSealed,
  chain,
  ordersMatchLedger,
  nothingLeftOver,
  chargedIsDelivered,
  refundOrders,
  stockIsHeld,
  periodsDisjoint,
  revenueIsPeriods,
  subscriptionIsPeriods,
  usageIsBilled,
  billedIsTaken,
  statementsAreLedger,
  billedWasDelivered,
  ...recomputedInvariants,
  keptUntilExpiry,
  expiryMovesForward,
  refundsSameWay,
]
