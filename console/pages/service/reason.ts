// The server's note on a service, in this browser's language: where its form is known, else as the server said it.
import { type MessageKey, t } from '../../i18n/t.ts'

interface Form {
  pattern: RegExp
  key: MessageKey
  names: readonly string[]
}

const forms: readonly Form[] = [
  {
    pattern: /^(\d+) of (\d+) instances are running/,
    key: 'services.reason.running',
    names: ['running', 'wanted'],
  },
  { pattern: /^(\d+) instances are ending/, key: 'services.reason.ending', names: ['count'] },
  { pattern: /^stopped on request/, key: 'services.reason.stopped', names: [] },
  { pattern: /^scaled to 0 instances/, key: 'services.reason.zero', names: [] },
  { pattern: /^crash loop: ended (\d+) times in a row/, key: 'services.reason.crash', names: ['count'] },
  { pattern: /^, last: (.*)$/, key: 'services.reason.last', names: ['last'] },
]

export function reasonText(reason: string): string {
  for (const { pattern, key, names } of forms) {
    const found = pattern.exec(reason)
    if (!found) continue
    const values = names.map((name, index) => {
      const text = found[index + 1] ?? ''
      return [name, /^\d+$/.test(text) ? Number(text) : text] as const
    })
    return t(key, Object.fromEntries(values)) + reasonText(reason.slice(found[0].length))
  }
  return reason
}
