// What an event's details are, by name: how they are shown, and for which there are words. A name that the console does not
// know (the server may be newer) is said to be another one.
import { t, tryT } from '../i18n/t.ts'

export type DetailForm =
  | 'instant'
  | 'billing'
  | 'fen'
  | 'gib'
  | 'price'
  | 'words'
  | 'order'
  | 'group'
  | 'machine'
  | 'service'
  | 'id'

const forms: Record<string, DetailForm> = {
  ...of('instant', ['aliveUntil', 'base', 'deadlineAt', 'lostAt', 'nextTryAt', 'waitsUntil', 'wall']),
  ...of('billing', ['effectiveAt', 'end', 'expiresAt', 'keptUntil', 'paidUntil', 'start', 'startsAt', 'stopsAt']),
  ...of('fen', ['amountFen', 'cashFen', 'owedFen', 'refundFen', 'refundedFen', 'totalFen', 'voucherFen']),
  ...of('gib', ['fromGib', 'toGib']),
  ...of('price', ['price']),
  ...of('words', ['because', 'item', 'kind', 'mode', 'ownerKind', 'role', 'wallet']),
  ...of('order', ['orderId', 'refundOrderId']),
  ...of('group', ['groupId']),
  ...of('machine', ['machineId']),
  ...of('service', ['serviceId']),
  // They have no page of their own.
  ...of('id', ['drainId', 'quoteId', 'replacedBy', 'replacesId', 'serviceInstanceId', 'transferId', 'userId']),
}

function of(form: DetailForm, names: readonly string[]): Record<string, DetailForm> {
  return Object.fromEntries(names.map(name => [name, form]))
}

const isInstant = (value: unknown): boolean => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)

/** `from` is a name or, of a subscription, the expiry before. What is about money has its times in the billing zone. */
export function formOf(name: string, value: unknown, ofMoney = false): DetailForm | 'plain' {
  const form = forms[name] ?? (name === 'from' && isInstant(value) ? 'billing' : 'plain')
  return ofMoney && form === 'instant' ? 'billing' : form
}

/** A group's kind is how it is paid for. */
export const labelOf = (name: string, value?: unknown): string =>
  name === 'kind' && tryT(`charge.${value}`) !== null
    ? t('detail.charge')
    : (tryT(`detail.${name}`) ?? t('detail.other', { name }))

/** Where the words of a value stand. */
const wordsOf: Record<string, readonly string[]> = {
  because: ['detail.because', 'cause.leaving'],
  item: ['detail.item'],
  kind: ['orders.kind', 'charge'],
  mode: ['detail.mode'],
  ownerKind: ['hold'],
  role: ['role'],
  wallet: ['wallet'],
}

export function wordOf(name: string, value: string): string {
  for (const area of wordsOf[name] ?? []) {
    const word = tryT(`${area}.${value}`)
    if (word !== null) return word
  }
  return value
}
