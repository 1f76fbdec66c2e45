// Buying, as a person does it: the quote with its formula, a yes, the order, and the machines as they come up.
import type { Operations } from '../client/client.ts'
import { isRefusal } from '../lib/errors.ts'
import { groupIdOf } from './arguments.ts'
import { confirm } from './ask.ts'
import type { AskingOptions, WaitingOptions } from './command.ts'
import { refuse, WorkFailed } from './failure.ts'
import { moneyText, plural, printFields, printJson, say, timeText } from './output.ts'
import { watch } from './progress.ts'
import { newClientToken, type Session } from './session.ts'

export type Order = Operations['GET /v1/orders/{orderId}']['returns']
export type BuyRequest = NonNullable<Operations['POST /v1/quotes']['body']>
type Placing = AskingOptions & WaitingOptions & { json: boolean }

const endedPhases = ['fulfilled', 'refunded', 'lapsed', 'cancelled']
const currencyOf = async (session: Session): Promise<string> => (await session.call('GET /v1/installation')).currency

/** The zone that was named, or the only one there is, with its region. */
export async function zoneOf(session: Session, zoneId: string | undefined, regionId: string | null) {
  const { items } = await session.call('GET /v1/regions')
  const zones = items
    .filter(region => regionId === null || region.regionId === regionId)
    .flatMap(region => region.zones.map(zone => ({ regionId: region.regionId, zoneId: zone.zoneId })))
  const names = zones.map(zone => zone.zoneId).join(', ')
  const found = zoneId === undefined && zones.length === 1 ? zones[0] : zones.find(zone => zone.zoneId === zoneId)
  if (found) return found
  if (zoneId === undefined)
    throw refuse('InvalidArgument', `zone: there are several, choose one with --zone: ${names}`, 'zone')
  throw refuse('UnknownZone', `zone: there is no zone "${zoneId}" here; there are: ${names}`, 'zone')
}

/** Quotes, asks, places and pays; with `wait`, until every machine runs or the money is back. */
export async function buy(session: Session, request: BuyRequest, options: Placing): Promise<void> {
  const quote = await session.call('POST /v1/quotes', { body: request })
  const currency = await currencyOf(session)
  say(quote.formula)
  sayAlternatives(quote, request)
  const price =
    request.chargeType === 'prepaid'
      ? `${moneyText(quote.totalFen)} ${currency}`
      : `${moneyText(quote.unitFen)} ${currency} a machine and hour (${moneyText(quote.dayFen)} for all in 24 hours)`
  await confirm(`Buy ${plural(request.quantity, 'machine')} for ${price}?`, options.yes)
  await placeQuoted(session, quote.quoteId, options)
}

type Quote = Operations['POST /v1/quotes']['returns']

const alternativeNames = {
  ...{ fewer: 'fewer now', zone: 'another zone', region: 'another region' },
  ...{ charge_type: 'paid otherwise', larger_spec: 'the next larger spec' },
} as const satisfies Record<Quote['alternatives'][number]['kind'], string>

/** Where stock is short: what happens, and what there is instead. */
function sayAlternatives({ available, alternatives }: Quote, request: BuyRequest): void {
  if (available >= request.quantity) return
  const wait = request.waitMinutes ?? 0
  const then =
    wait > 0 ? `the order waits up to ${plural(wait, 'minute')} for the rest` : 'what is missing is paid back'
  say(`Only ${available} of ${request.quantity} × ${request.specId} can be had in ${request.zoneId} now; ${then}.`)
  for (const one of alternatives) {
    const price =
      one.chargeType === 'prepaid' ? moneyText(one.totalFen) : `${moneyText(one.unitFen)} a machine and hour`
    const months = one.months === null ? 'postpaid' : plural(one.months, 'month')
    say(`  ${alternativeNames[one.kind]}: ${one.quantity} × ${one.specId} in ${one.zoneId}, ${months}, for ${price}`)
  }
}

/** Larger system disks: the quote with its formulas, a yes, the order, and the disks as they grow. */
export async function resize(
  session: Session,
  request: NonNullable<Operations['POST /v1/resizes/quotes']['body']>,
  options: Placing,
): Promise<void> {
  const quote = await session.call('POST /v1/resizes/quotes', { body: request })
  for (const line of quote.lines.slice(0, 20)) {
    say(`${line.machineId}  ${line.fromGib} → ${line.toGib} GiB  ${line.formula}`)
  }
  if (quote.lines.length > 20) say(`… and ${quote.lines.length - 20} more`)
  const currency = await currencyOf(session)
  const price =
    quote.chargeType === 'prepaid'
      ? `${moneyText(quote.totalFen)} ${currency}`
      : `${moneyText(quote.dayFen)} ${currency} more in 24 hours`
  await confirm(`Make ${plural(quote.lines.length, 'disk')} larger for ${price}? A disk never shrinks.`, options.yes)
  const body = { quoteId: quote.quoteId, clientToken: newClientToken() }
  const placed = await session.call('POST /v1/resizes', { body })
  await showOutcome(session, placed, 0, options)
}

export async function renew(
  session: Session,
  request: NonNullable<Operations['POST /v1/renewals/quotes']['body']>,
  options: Placing,
): Promise<void> {
  const quote = await session.call('POST /v1/renewals/quotes', { body: request })
  for (const line of quote.lines.slice(0, 20)) {
    say(
      `${line.machineId}  ${timeText(line.quotedExpiresAt)} → ${timeText(line.expiresAt)}  ${moneyText(line.amountFen)}`,
    )
  }
  if (quote.lines.length > 20) say(`… and ${quote.lines.length - 20} more`)
  const price = `${moneyText(quote.totalFen)} ${await currencyOf(session)}`
  await confirm(`Renew ${plural(quote.lines.length, 'machine')} for ${price}?`, options.yes)
  const body = { quoteId: quote.quoteId, clientToken: newClientToken() }
  const placed = await session.call('POST /v1/renewals', { body })
  await showOutcome(session, placed, 0, options)
}

/** One common expiry: the quote with its formulas, a yes, the order. */
export async function align(
  session: Session,
  request: NonNullable<Operations['POST /v1/alignments/quotes']['body']>,
  options: Placing,
): Promise<void> {
  const quote = await session.call('POST /v1/alignments/quotes', { body: request })
  for (const line of quote.lines.slice(0, 20))
    say(`${line.machineId}  ${timeText(line.quotedExpiresAt)} → ${timeText(quote.alignsTo)}  ${line.formula}`)
  if (quote.lines.length > 20) say(`… and ${quote.lines.length - 20} more`)
  if (quote.unchanged > 0) say(`${plural(quote.unchanged, 'machine')} of these cost nothing: they expire then already.`)
  const price = `${moneyText(quote.totalFen)} ${await currencyOf(session)}`
  const what = plural(quote.lines.length, 'machine')
  await confirm(`Bring ${what} to ${timeText(quote.alignsTo)} for ${price}?`, options.yes)
  const body = { quoteId: quote.quoteId, clientToken: newClientToken() }
  const placed = await session.call('POST /v1/alignments', { body })
  await showOutcome(session, placed, 0, options)
}

async function placeQuoted(session: Session, quoteId: string, options: Placing): Promise<void> {
  const placed = await session.call('POST /v1/orders', { body: { quoteId, clientToken: newClientToken() } })
  const { groupId, kind } = placed
  const before = groupId !== null && kind === 'scale_out' && options.wait ? await runningIn(session, groupId) : 0
  await showOutcome(session, placed, before, options)
}

/** A new group disappears again when its order fails. */
async function runningIn(session: Session, groupId: string): Promise<number> {
  try {
    return (await session.call('GET /v1/groups/{groupId}', { params: { groupId } })).runningMachines
  } catch (error) {
    if (isRefusal(error, 'GroupNotFound')) return 0
    throw error
  }
}

async function showOutcome(session: Session, placed: Order, runningBefore: number, options: Placing): Promise<void> {
  if (!options.wait) {
    if (options.json) printJson(placed)
    else printOrder(placed)
    return
  }
  const order = await awaitOrder(session, placed, runningBefore, options.timeout * 1000)
  if (options.json) printJson(order)
  else printOrder(order)
  if (order.phase !== 'fulfilled') {
    const why = order.reason ? `${order.reason.code}: ${order.reason.message}` : `the order is ${order.phase}`
    throw new WorkFailed(
      `${why}\n${moneyText(order.refundedFen)} of ${moneyText(order.totalFen)} went back to the wallet.`,
    )
  }
  if (order.reason) say(`${order.reason.code}: ${order.reason.message} (${moneyText(order.refundedFen)} refunded)`)
}

export function awaitOrder(session: Session, placed: Order, runningBefore: number, timeoutMs: number): Promise<Order> {
  let running = 0
  return watch({
    what: `order ${placed.orderId}`,
    timeoutMs,
    async look() {
      const order = await session.call('GET /v1/orders/{orderId}', { params: { orderId: placed.orderId } })
      const watched = order.groupId !== null && order.phase === 'provisioning'
      if (watched && order.groupId) running = (await runningIn(session, order.groupId)) - runningBefore
      return order
    },
    step: order =>
      endedPhases.includes(order.phase)
        ? null
        : {
            text: order.waiting
              ? `machines running, the order waits for ${order.waiting.machines} until ${timeText(order.waiting.until)}`
              : `machines running (order ${order.phase})`,
            done: Math.min(Math.max(0, running), order.quantity),
            of: order.quantity,
          },
  })
}

export function printOrder(order: Order): void {
  printFields({
    order: order.orderId,
    kind: order.kind,
    phase: order.phase,
    group: order.groupId,
    machines: order.specId === null ? order.quantity : `${order.quantity} × ${order.specId}`,
    charge: order.months === null ? order.chargeType : `${order.chargeType}, ${plural(order.months, 'month')}`,
    ...(order.alignsTo === null ? {} : { 'aligns to': timeText(order.alignsTo) }),
    total: moneyText(order.totalFen),
    delivered: moneyText(order.capturedFen),
    refunded: moneyText(order.refundedFen),
    placed: timeText(order.createdAt),
    ...(order.waiting
      ? { waits: `for ${plural(order.waiting.machines, 'machine')} until ${timeText(order.waiting.until)}` }
      : {}),
    ...(order.reason ? { reason: `${order.reason.code}: ${order.reason.message}` } : {}),
  })
}

export async function groupAndRegion(session: Session, group: string) {
  const groupId = await groupIdOf(session, group)
  return session.call('GET /v1/groups/{groupId}', { params: { groupId } })
}
