// The console's own texts, for tests that look for what a page says. A page is never quoted here: its message is named.
export type Language = 'zh' | 'en'

interface Dictionary {
  messages: Record<string, readonly [zh: string, en: string]>
  t(key: string, parameters?: Record<string, string | number>): string
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
const { t, formatFen, formatMicros, ...core } = (await import(texts ?? '')) as Dictionary
const { prefer } = (await import(chosen ?? '')) as { prefer(change: { language: Language }): void }

/** Dictionaries that only one page loads. */
const own = ['operations', 'refused'] as const
const apart = await Promise.all(
  own.map(
    async name => ((await import(`../../console/i18n/${name}.ts`)) as Record<string, Dictionary['messages']>)[name],
  ),
)

/** Every text there is. */
export const messages: Dictionary['messages'] = Object.assign({}, core.messages, ...apart)

/** The console's `t` in one language. */
export const inLanguage =
  (language: Language): Dictionary['t'] =>
  (key, parameters) => {
    if (!Object.hasOwn(core.messages, key)) throw new Error(`the console has no message ${key}`)
    prefer({ language })
    return t(key, parameters)
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
