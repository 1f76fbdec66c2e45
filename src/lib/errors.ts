// What a caller may meet. Expected refusals are a closed list of codes per module; everything else is a bug or retried.

export type Details = Readonly<Record<string, unknown>>

/**
 * An expected refusal: nothing was changed. `code` is one of its module's union, `message` is for the person who
 * reads it (what is wrong, and the way out), `details` the same as data (`field` names the input at fault).
 */
export class Refusal<Code extends string = string> extends Error {
  override name = 'Refusal'
  readonly code: Code
  readonly details: Details

  constructor(code: Code, message: string, details: Details = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** True for a refusal with one of these codes. */
export function isRefusal<Code extends string>(error: unknown, ...codes: Code[]): error is Refusal<Code> {
  return error instanceof Refusal && (codes.length === 0 || (codes as string[]).includes(error.code))
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
