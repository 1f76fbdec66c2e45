// What went wrong, in the user's words: by the refusal's code where the console has a text for it, else as the server said.
import { Refused } from '../api.ts'
import { tryT } from '../i18n/t.ts'

type Details = Record<string, unknown>

const asParameters = (details: Details): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

/** `contact`: of the operator, for the texts of what only they can help with; what was refused just now names it itself. */
export function refusalText(
  refusal: { code: string; message: string; details?: Details },
  contact?: string | undefined,
): string {
  const parameters = { ...(contact === undefined ? {} : { contact }), ...asParameters(refusal.details ?? {}) }
  const text = tryT(`refusal.${refusal.code}`, parameters)
  // A text whose place stays unfilled says less than what the server said.
  return text === null || /\{\w+\}/.test(text) ? refusal.message || refusal.code : text
}

export function errorText(error: unknown): string {
  if (error instanceof Refused) return refusalText(error)
  return error instanceof Error ? error.message : String(error)
}
