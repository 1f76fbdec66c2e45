// What a notice tells, as a sentence, from its kind and its data alone.
import type { Item } from '../../api.ts'
import { notices as texts } from '../../i18n/notices.ts'
import { formatFen, formatInstant, textFrom } from '../../i18n/t.ts'
import { shortZone } from '../../ui/Instant.tsx'
import { refusalText } from '../../ui/refusal.ts'

type Notice = Pick<Item<'GET /v1/notices'>, 'kind' | 'data'>

interface Settings {
  currency: string
  billingZone: string
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** `3d` → "3 days". */
function beforeText(value: unknown): string {
  const [, count = '', unit = ''] = /^(\d+)([dh])$/.exec(textOf(value)) ?? []
  return textFrom(texts, `notices.before.${unit}`, { count: Number(count) }) ?? textOf(value)
}

/** What sets one notice of a kind apart from another. */
function variantOf({ kind, data }: Notice): string {
  if (kind === 'subscription.expires' && data.autoRenew === true) return '.autoRenew'
  if (kind === 'subscription.renewal_failed' && data.nextTryAt === null) return '.last'
  return ''
}

/** In the billing zone, which it names; within a sentence it does not break. */
const timeText = (at: string, zone: string): string =>
  `${formatInstant(at, zone)} ${shortZone(at, zone)}`.replaceAll(' ', '\u00a0')

export function noticeText(notice: Notice, { currency, billingZone }: Settings): string {
  const { kind, data } = notice
  const time = (value: unknown): string => (typeof value === 'string' ? timeText(value, billingZone) : '—')
  const fen = (value: unknown): string => formatFen(textOf(value) || '0', currency)
  const text = textFrom(texts, `notice.${kind}${variantOf(notice)}`, {
    ...{ at: time(data.expiresAt), until: time(data.keptUntil), next: time(data.nextTryAt), stops: time(data.stopsAt) },
    ...{ before: beforeText(data.before), amount: fen(data.amountFen), owed: fen(data.owedFen) },
    ...{ available: fen(data.availableFen), burn: fen(data.burnPerDayFen), lasts: time(data.lastsUntil) },
    count: Number(data.quantity ?? 0),
    reason: refusalText({ code: textOf(data.code), message: textOf(data.message) }),
  })
  return text ?? kind
}
