// What Berth's books say of every account, and where they differ from the oracle.
import { sql } from 'kysely'
import type { Db } from '../../../src/db/db.ts'
import type { Account, Machine, Order } from './state.ts'

/** By account, everything that is compared, a line of text each. */
export type Books = Map<string, Map<string, string>>

interface Row {
  accountId: string
  key: string
  says: string
}

const second = (column: string) => sql.raw(`extract(epoch from ${column})`)

/** `since`: bill lines and refused tries that are newer. */
export async function readBooks(
  db: Db,
  since: { at: Temporal.Instant; eventId: bigint },
): Promise<{ books: Books; orders: OrderRow[] }> {
  const { rows } = await sql<Row>`
    select account_id, 'cash' as key, balance_fen::text as says from ledger_accounts where kind = 'wallet_cash'
    union all select account_id, 'voucher', balance_fen::text from ledger_accounts where kind = 'wallet_voucher'
    union all select m.account_id, 'machine ' || m.id, concat_ws(' ',
        case when m.phase in ('pending', 'provisioning') then 'coming' else m.phase end, m.system_disk_gib, 'since',
        ${second('m.running_at')}, case when m.lost_at is null then '' else 'lost' end)
      from machines m
    union all select s.account_id, 'paid ' || s.machine_id, concat_ws(' ', ${second('s.anchor_at')}, s.months_since_anchor,
        ${second('s.starts_at')}, ${second('s.expires_at')}, s.auto_renew, s.auto_renew_months,
        'stopped', ${second('s.stopped_at')}, 'ended', s.ended_at is not null, 'try', ${second('s.renew_due_at')})
      from subscriptions s
    union all select account_id, 'group ' || id, concat_ws(' ', name, case when deleted_at is null then generation::text else 'deleted' end)
      from resource_groups
    union all select substr(zone_id, 3), 'allocated', allocated::text from stock
    union all select account_id, 'bill ' || concat_ws(' ', machine_id, billing_day::text, item), concat_ws(' ', minutes, amount_fen)
      from bill_lines where created_at >= ${since.at}::timestamptz
    union all select account_id, 'try ' || subject_id || ' ' || (data ->> 'code'), 'refused' from events
      where kind = 'subscription.renewal_failed' and id > ${since.eventId}`.execute(db)
  const books: Books = new Map()
  for (const { accountId, key, says } of rows) {
    const own = books.get(accountId) ?? new Map()
    books.set(accountId, own)
    own.set(key, says)
  }
  return { books, orders: await readOrders(db) }
}

export interface OrderRow {
  id: string
  accountId: string
  parent: string | null
  actor: string
  machine: string | null
  says: string
}

async function readOrders(db: Db): Promise<OrderRow[]> {
  const { rows } = await sql<OrderRow>`
    select o.id, o.account_id, o.parent_order_id as parent, o.actor,
      (select min(machine_id) from order_lines l where l.order_id = o.id) as machine,
      concat_ws(' ', o.kind, o.phase, o.total_fen, o.paid_cash_fen, o.paid_voucher_fen, o.captured_fen, o.refunded_fen) as says
    from orders o order by o.created_at, o.id`.execute(db)
  return rows
}

// ── the same, as the oracle has it ──

const machineSays = ({ phase, diskGib, runningAt, lost }: Machine): string =>
  [phase, diskGib, 'since', ...(runningAt === null ? [] : [`${runningAt}.000000`]), lost ? 'lost' : ''].join(' ')

const instant = (at: number | null): string[] => (at === null ? [] : [`${at}.000000`])

function oracleBooks(account: Account): Map<string, string> {
  const { allocated, cash, voucher } = account
  const says = new Map(Object.entries({ allocated, cash, voucher }).map(([key, fen]) => [key, String(fen)]))
  for (const machine of account.machines) {
    says.set(`machine ${machine.id}`, machineSays(machine))
    const { paid } = machine
    if (paid === null) continue
    const { anchor, months, startsAt, expires, auto, autoMonths, stoppedAt, ended, tryAt } = paid
    const flags = [
      auto ? 't' : 'f',
      autoMonths,
      'stopped',
      ...instant(stoppedAt),
      'ended',
      ended ? 't' : 'f',
      'try',
      ...instant(tryAt),
    ]
    const bounds = [...instant(anchor), months, ...instant(startsAt), ...instant(expires)]
    says.set(`paid ${machine.id}`, [...bounds, ...flags].join(' '))
  }
  for (const { id, name, deleted, generation } of account.groups) {
    says.set(`group ${id}`, `${name} ${deleted ? 'deleted' : generation}`)
  }
  for (const line of account.billLines) {
    const [machine, date, item, ...amounts] = line.split(' ')
    says.set(`bill ${machine} ${date} ${item}`, amounts.join(' '))
  }
  for (const line of account.failedTries) says.set(`try ${line}`, 'refused')
  return says
}

/** Empty where the books and the oracle say the same; a refused try is compared once. */
export function differencesOf(
  account: Account,
  book: ReadonlyMap<string, string>,
  orders: readonly OrderRow[],
): string[] {
  const oracle = oracleBooks(account)
  const found: string[] = []
  // Whether a machine came up before it went is nobody's promise, where its line was paid back.
  const refunded = account.orders.flatMap(({ lines }) => lines.filter(({ phase }) => phase === 'refunded'))
  const paidBack = new Set(refunded.map(({ machine }) => `machine ${machine}`))
  for (const key of new Set([...oracle.keys(), ...book.keys()])) {
    const [is, should] = [book.get(key), oracle.get(key)].map(says =>
      paidBack.has(key) ? says?.replace(/since [\d.]* ?/, '') : says,
    )
    if (is !== should && !(isWallet(key) && (is ?? '0') === (should ?? '0')))
      found.push(`${key}: is ${is}, should be ${should}`)
  }
  account.failedTries = []
  return [...found, ...differencesOfOrders(account, orders)]
}

const isWallet = (key: string): boolean => key === 'cash' || key === 'voucher'

const orderSays = ({ kind, phase, total, paidCash, paidVoucher, captured, refunded }: Order): string =>
  [kind, phase, total, paidCash, paidVoucher, captured, refunded].join(' ')

/** Orders that Berth made by itself are known by what they are about. */
function differencesOfOrders(account: Account, rows: readonly OrderRow[]): string[] {
  const found: string[] = []
  const byId = new Map(account.orders.flatMap(order => (order.id === null ? [] : [[order.id, order] as const])))
  for (const row of rows) {
    const order = byId.get(row.id) ?? adopt(account, row)
    if (!order) found.push(`order ${row.id}: is ${row.says}, should not be`)
    else if (orderSays(order) !== row.says) found.push(`order ${row.id}: is ${row.says}, should be ${orderSays(order)}`)
  }
  const ids = new Set(rows.map(row => row.id))
  for (const order of account.orders) {
    if (order.id === null || !ids.has(order.id)) found.push(`order ${order.id}: is not, should be ${orderSays(order)}`)
  }
  return found
}

function adopt(account: Account, row: OrderRow): Order | undefined {
  const order = account.orders.find(one => {
    if (one.id !== null) return false
    if (row.parent !== null) return one.parent !== null && one.parent.id === row.parent
    return row.actor === 'system:auto-renew' && one.kind === 'renewal' && one.lines[0]?.machine === row.machine
  })
  if (order) order.id = row.id
  return order
}
