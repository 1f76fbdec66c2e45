// The console's own texts, for tests that look for what a page says. A page is never quoted here: its message is named.
export type Language = 'zh' | 'en'

type Messages = Record<string, readonly [zh: string, en: string]>
type Parameters = Record<string, string | number>

interface Dictionary {
  messages: Messages
  t(key: string, parameters?: Parameters): string
  textFrom(dictionary: Messages, key: string, parameters?: Parameters): string | null
  formatAll(parts: readonly string[]): string
  formatFen(fen: string, currency: string): string
  formatMicros(micros: string, currency: string): string
}

/** The dictionary asks a browser for the language; this stands in for one. It keeps the language that it meets first. */
Object.assign(globalThis, {
  matchMedia: () => ({ matches: false, addEventListener: () => undefined }),
  localStorage: { getItem: () => null, setItem: () => undefined },
  document: { documentElement: { lang: '', dataset: {} } },
})

// Named by a variable: the compiler must not take the browser's sources into the types of Node.
const [texts, chosen] = ['../../console/i18n/t.ts', '../../console/preferences.ts']
const { formatAll, formatFen, formatMicros, textFrom, ...core } = (await import(texts ?? '')) as Dictionary
const { prefer } = (await import(chosen ?? '')) as { prefer(change: { language: Language }): void }

/** Dictionaries that only one page loads. */
const own = [
  'operations',
  'refused',
  'explain',
  'statements',
  'notices',
  'expiries',
  'resize',
  'release',
  'auditor',
  'controllers',
  'scaling',
  'traffic',
  'plans',
] as const
const apart = await Promise.all(
  own.map(async name => ((await import(`../../console/i18n/${name}.ts`)) as Record<string, Messages>)[name]),
)

/** Every text there is. */
export const messages: Messages = Object.assign({}, core.messages, ...apart)

/** The console's `t` in one language. */
export const inLanguage =
  (language: Language): Dictionary['t'] =>
  (key, parameters) => {
    prefer({ language })
    const text = textFrom(messages, key, parameters)
    if (text === null) throw new Error(`the console has no message ${key}`)
    return text
  }

export const allOf = (language: Language, parts: readonly string[]): string => {
  prefer({ language })
  return formatAll(parts)
}

export const english = {
  formatFen: (fen: string, currency: string): string => {
    prefer({ language: 'en' })
    return formatFen(fen, currency)
  },
  formatMicros: (micros: string, currency: string): string => {
    prefer({ language: 'en' })
    return formatMicros(micros, currency)
  },
}
