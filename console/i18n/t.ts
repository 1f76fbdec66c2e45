// Texts of the console. A message stands in i18n/<area>.ts with both languages side by side, so neither can be forgotten.
// In a message `{name}` is a parameter, and `{count|one|many}` a number with the word that fits it: "1 machine".
import { preferences } from '../preferences.ts'
import { account } from './account.ts'
import { buy } from './buy.ts'
import { causes } from './causes.ts'
import { eventDetails } from './event-details.ts'
import { events } from './events.ts'
import { fit } from './fit.ts'
import { groups } from './groups.ts'
import { machines } from './machines.ts'
import { money } from './money.ts'
import { operator } from './operator.ts'
import { refusals } from './refusals.ts'
import { services } from './services.ts'
import { shell } from './shell.ts'
import { trafficWords } from './traffic-words.ts'

export type Message = readonly [zh: string, en: string]

export const messages = {
  ...shell,
  ...groups,
  ...buy,
  ...machines,
  ...services,
  ...trafficWords,
  ...causes,
  ...fit,
  ...money,
  ...operator,
  ...account,
  ...events,
  ...eventDetails,
  ...refusals,
} as const satisfies Record<string, Message>

export type MessageKey = keyof typeof messages
export type Parameters = Record<string, string | number>

/** The text in the language of this browser. Changing the language draws everything anew (main.tsx). */
export function t(key: MessageKey, parameters: Parameters = {}): string {
  return fill(messages[key][preferences().language === 'zh' ? 0 : 1], parameters)
}

/** For codes that come from the server: the text where there is one, else null. */
export function tryT(key: string, parameters: Parameters = {}): string | null {
  return Object.hasOwn(messages, key) ? t(key as MessageKey, parameters) : null
}

/**
 * From a dictionary of its own, which only the pages that need it load. A code that comes from the server has a text where
 * there is one, else null; what is written down here always has.
 */
export function textFrom<D extends Readonly<Record<string, Message>>, K extends string>(
  dictionary: D,
  key: K,
  parameters: Parameters = {},
): K extends keyof D ? string : string | null {
  const message = Object.hasOwn(dictionary, key) ? dictionary[key] : undefined
  const text = message ? fill(message[preferences().language === 'zh' ? 0 : 1], parameters) : null
  return text as K extends keyof D ? string : string | null
}

const locale = (): string => (preferences().language === 'zh' ? 'zh-CN' : 'en-US')

function fill(text: string, parameters: Parameters): string {
  return text.replaceAll(
    /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g,
    (whole, name: string, one?: string, many?: string) => {
      const value = parameters[name]
      if (value === undefined) return whole
      const shown = typeof value === 'number' ? formatNumber(value) : value
      return one === undefined ? shown : `${shown} ${Number(value) === 1 ? one : many}`
    },
  )
}

/** Making one takes longer than drawing a row, and a table asks for the same few again and again. */
function kept<Options extends object, Format>(make: (locale: string, options: Options) => Format) {
  const formats = new Map<string, Format>()
  return (options: Options): Format => {
    const key = `${locale()} ${JSON.stringify(options)}`
    const found = formats.get(key) ?? make(locale(), options)
    formats.set(key, found)
    return found
  }
}
const numbers = kept((tag, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(tag, options))
const dates = kept((tag, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag, options))

export const formatNumber = (value: number, digits = 1): string =>
  numbers({ maximumFractionDigits: digits }).format(value)

/** One after another. */
export const formatList = (parts: readonly string[]): string =>
  parts.join(preferences().language === 'zh' ? '，' : ', ')

/** Parts of a sentence that say something each. */
export const formatClauses = (parts: readonly string[]): string =>
  parts.join(preferences().language === 'zh' ? '；' : '; ')

/** All of these together: "a, b, and c". */
export const formatAll = (parts: readonly string[]): string =>
  new Intl.ListFormat(locale())
    .formatToParts(parts)
    .map(({ type, value }, at, all) =>
      type === 'literal' ? parted(value, all[at - 1]?.value, all[at + 1]?.value) : value,
    )
    .join('')

/** Between Chinese and Latin script stands a space. */
const parted = (text: string, before = '', after = ''): string =>
  /^\p{Script=Han}+$/u.test(text) ? `${/\w$/.test(before) ? ' ' : ''}${text}${/^\w/.test(after) ? ' ' : ''}` : text

/** Amounts stay integers: fen are cut into units and hundredths as text, so no figure is rounded by the browser. */
export function formatFen(fen: string | bigint, currency: string): string {
  const amount = BigInt(fen)
  const positive = amount < 0n ? -amount : amount
  const units = new Intl.NumberFormat(locale()).format(positive / 100n)
  const symbol = currencySymbol(currency)
  return `${amount < 0n ? '−' : ''}${symbol}${units}.${String(positive % 100n).padStart(2, '0')}`
}

/** Unit prices are micro-units: at least two places, and as many as they have. */
export function formatMicros(micros: string | bigint, currency: string): string {
  const amount = BigInt(micros)
  const units = new Intl.NumberFormat(locale()).format(amount / 1_000_000n)
  const places = String(amount % 1_000_000n)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${currencySymbol(currency)}${units}.${places}`
}

/** A decimal that the server has worked out, with all of its places. */
export function formatDecimal(decimal: string, currency: string): string {
  const [units = '0', places = ''] = decimal.split('.')
  return `${currencySymbol(currency)}${new Intl.NumberFormat(locale()).format(BigInt(units))}.${places}`
}

/** What a chart draws: rounded, and with no more places than it has. */
export const formatDrawn = (units: number, currency: string): string =>
  `${units < 0 ? '−' : ''}${currencySymbol(currency)}${formatNumber(Math.abs(units), 2)}`

/** What is not torn apart at the end of a line. */
export const inOnePiece = (text: string): string => text.replaceAll(' ', '\u00a0')

export function currencySymbol(currency: string): string {
  try {
    const parts = new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
    return parts.formatToParts(0).find(part => part.type === 'currency')?.value ?? currency
  } catch {
    return `${currency} `
  }
}

export function formatInstant(iso: string, timeZone?: string, withSeconds = false): string {
  return dates({
    year: 'numeric',
    month: preferences().language === 'zh' ? '2-digit' : 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
    ...(timeZone ? { timeZone } : {}),
  }).format(new Date(iso))
}

/** `14:05`, as this browser's clock has it. */
export const formatTime = (epochMs: number): string =>
  dates({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(epochMs))

/** A day of a calendar, `2026-11-25`: the same day everywhere. */
export const formatDay = (day: string): string =>
  dates({
    year: 'numeric',
    month: preferences().language === 'zh' ? '2-digit' : 'short',
    day: '2-digit',
    timeZone: 'UTC',
  }).format(new Date(`${day}T00:00:00Z`))

/** "Mon", of a day such as `2026-11-23`. */
export const formatWeekday = (day: string): string =>
  dates({ weekday: 'short', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))

/** `2026-11`. */
export const formatMonth = (month: string): string =>
  dates({ year: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(`${month}-01T00:00:00Z`))

/** "in 3 days", "2 hours ago": the largest unit that fits. */
export function formatAgo(iso: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(iso) - nowMs) / 1000)
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? (['second', 1] as const)
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.trunc(seconds / length), unit)
}

/** 1500 milli-vCPU → "1.5"; MiB → GiB. */
export const formatCpu = (milli: number): string => formatNumber(milli / 1000, 2)
export const formatGib = (mib: number): string => formatNumber(mib / 1024, 2)
