// What went wrong, in the user's words: by the refusal's code where the console has a text for it, else as the server said.
import { Refused, type Returns } from '../api.ts'
import { tryT } from '../i18n/t.ts'
import { queryClient } from '../queries.ts'

type Details = Record<string, unknown>

const asParameters = (details: Details): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

/** Where only the operator can help, the text names them, once the installation has said who they are. */
function whomToAsk(): { operatorContact?: string } {
  const installation = queryClient.getQueryData<Returns<'GET /v1/installation'>>(['GET /v1/installation', {}])
  return installation ? { operatorContact: installation.operatorContact } : {}
}

export function refusalText(refusal: { code: string; message: string; details?: Details }): string {
  const text = tryT(`refusal.${refusal.code}`, { ...whomToAsk(), ...asParameters(refusal.details ?? {}) })
  // A text whose place stays unfilled says less than what the server said.
  return text === null || /\{\w+\}/.test(text) ? refusal.message || refusal.code : text
}

export function errorText(error: unknown): string {
  if (error instanceof Refused) return refusalText(error)
  return error instanceof Error ? error.message : String(error)
}
