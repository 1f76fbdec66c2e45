// A step of an explanation as a sentence, from its ids and figures alone.
import type { Returns } from '../api.ts'
import { explain } from '../i18n/explain.ts'
import {
  formatDay,
  formatDecimal,
  formatFen,
  formatInstant,
  formatMicros,
  inOnePiece,
  t,
  textFrom,
  tryT,
} from '../i18n/t.ts'

type Step = Returns<'GET /v1/orders/{orderId}/explain'>['steps'][number]

interface Settings {
  currency: string
  /** The billing zone. */
  zone: string
}

/** What is needed of a step to say it. */
function reader({ figures, at }: Step, { currency, zone }: Settings) {
  const text = (name: string): string => figures[name] ?? ''
  const time = (iso: string | null): string => (iso ? inOnePiece(formatInstant(iso, zone, true)) : '—')
  return {
    text,
    count: (name: string): number => Number(text(name)),
    fen: (name: string): string => formatFen(text(name) || '0', currency),
    micros: (name: string): string => formatMicros(text(name) || '0', currency),
    /** Its amounts, which are what has two places or more, with their currency. */
    priced: (name: string): string => text(name).replace(/\d+\.\d{2,}/g, amount => formatDecimal(amount, currency)),
    day: (name: string): string => formatDay(text(name)),
    time: (name: string): string => time(text(name)),
    at: time(at),
    item: text('item') === 'disk' ? ('disk' as const) : ('machine' as const),
  }
}

/** A book of the ledger by its id (`wallet:…:cash`, `revenue:prepaid`, `escrow:…`, `channel:…`), as people call it. */
function bookText(id: string): string {
  const [kind = '', owner = '', wallet = ''] = id.split(':')
  const parts: Record<string, string> = { wallet: `wallet_${wallet}`, revenue: `revenue_${owner}` }
  return tryT(`ledger.${parts[kind] ?? kind}`) ?? id
}

type Read = ReturnType<typeof reader>

const sayings: Record<Step['code'], (read: Read, step: Step) => string> = {
  order: ({ text, count, fen, at }) =>
    textFrom(explain, 'explain.order', {
      ...{ kind: tryT(`orders.kind.${text('kind')}`) ?? text('kind'), charge: chargeText(text('chargeType')), at },
      ...{ quantity: count('quantity'), total: fen('totalFen'), cash: fen('paidCashFen') },
      ...{ voucher: fen('paidVoucherFen'), captured: fen('capturedFen'), refunded: fen('refundedFen') },
    }),
  machine: ({ text, count, at }, { ids }) =>
    textFrom(explain, 'explain.machine', {
      ...{ spec: ids.specId ?? '', zone: ids.zoneId ?? '', gib: count('systemDiskGib'), at },
      charge: chargeText(text('chargeType')),
    }),
  interval: ({ text, time, at }) =>
    textFrom(explain, 'explain.interval', {
      from: at,
      to: text('endedAt') === '' ? textFrom(explain, 'explain.now') : time('endedAt'),
    }),
  minutes: ({ day, count, time }) =>
    textFrom(explain, 'explain.minutes', {
      ...{ day: day('billingDay'), minutes: count('minutes'), anchor: time('anchorAt') },
    }),
  price: ({ item, text, micros, count }) =>
    textFrom(explain, `explain.price.${item}`, {
      ...{ version: text('version'), price: micros('microsPerHour'), minutes: count('minutes') },
      gib: count('diskGib'),
    }),
  list_price: ({ text, time, count, micros }) =>
    textFrom(explain, 'explain.listPrice', {
      ...{ at: time('pricedAt'), version: text('version'), months: count('months'), price: micros('microsPerMonth') },
      disk: micros('diskGibMicros'),
    }),
  // An order's is of one of its machines.
  formula: ({ text, priced }) =>
    text('micros') === '' ? priced('text') : textFrom(explain, 'explain.formulaEach', { formula: priced('text') }),
  rounding: ({ priced, fen }) =>
    textFrom(explain, 'explain.rounding', { exact: priced('exact'), amount: fen('amountFen') }),
  line: ({ fen }, { ids }) => textFrom(explain, 'explain.line', { line: ids.lineNo ?? '', amount: fen('amountFen') }),
  period: ({ fen, at, time }, { ids }) =>
    textFrom(explain, 'explain.period', {
      ...{ line: ids.lineNo ?? '', amount: fen('amountFen'), from: at, to: time('endsAt') },
    }),
  billed: ({ item, day, count, fen }) =>
    textFrom(explain, 'explain.billed', {
      ...{ item: textFrom(explain, `explain.item.${item}`), from: day('fromDay'), to: day('toDay') },
      ...{ days: count('days'), minutes: count('minutes'), amount: fen('amountFen') },
    }),
  correction: ({ text, count, fen, at }) =>
    textFrom(explain, 'explain.correction', {
      ...{ at, number: text('number'), minutes: count('minutes'), amount: fen('amountFen') },
    }),
  transfer: ({ text, fen, at }, { ids }) =>
    textFrom(explain, 'explain.transfer', {
      number:
        text('number') === ''
          ? textFrom(explain, 'explain.unsealed')
          : textFrom(explain, 'explain.sealed', { number: text('number') }),
      ...{ at, kind: tryT(`transfer.${text('kind')}`) ?? text('kind'), amount: fen('amountFen') },
      ...{ from: bookText(ids.from ?? ''), to: bookText(ids.to ?? '') },
    }),
  more: ({ text }) => textFrom(explain, 'explain.more', { shown: text('shown') }),
}

const chargeText = (chargeType: string): string => t(chargeType === 'prepaid' ? 'charge.prepaid' : 'charge.postpaid')

export const stepText = (step: Step, settings: Settings): string => sayings[step.code](reader(step, settings), step)
