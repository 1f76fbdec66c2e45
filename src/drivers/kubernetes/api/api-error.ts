// What an API server refused, with its status and in its words; and the refusal for one that does not answer: nothing is known
// then of what the cluster runs, least of all that it has ended.
import { messageOf, Refusal } from '../../../lib/errors.ts'

export type KubernetesRefusal = 'KubernetesAway' | 'KubernetesConfig' | 'MachineDeploymentUnusable'

/** `Status` of the Kubernetes API, as far as it is read. */
export interface Status {
  kind?: string
  code?: number
  reason?: string
  message?: string
  details?: { retryAfterSeconds?: number; causes?: { reason?: string; message?: string }[] }
}

export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Expired` …: a word of the API. */
  readonly reason: string
  readonly causes: readonly string[]
  readonly retryAfterMs: number | null

  constructor(status: number, said: Status, retryAfterMs: number | null = null) {
    super(said.message ?? `the API server answered ${status}`)
    this.status = status
    this.reason = said.reason ?? ''
    this.causes = (said.details?.causes ?? []).flatMap(({ reason }) => reason ?? [])
    const seconds = said.details?.retryAfterSeconds
    this.retryAfterMs = retryAfterMs ?? (seconds === undefined ? null : seconds * 1_000)
  }
}

export const isApiError = (error: unknown, ...statuses: number[]): error is ApiError =>
  error instanceof ApiError && (statuses.length === 0 || statuses.includes(error.status))

export const isNotFound = (error: unknown): error is ApiError => isApiError(error, 404)

/** It has been changed since it was read, or is no longer the one that was meant. */
export const isConflict = (error: unknown): error is ApiError =>
  isApiError(error, 409) && error.reason !== 'AlreadyExists'

export const alreadyExists = (error: unknown): error is ApiError =>
  isApiError(error, 409) && error.reason === 'AlreadyExists'

/** What is asked for is too old to go on from: list anew. */
export const isGone = (error: unknown): error is ApiError => isApiError(error, 410)

/** A budget is spent: no overload, and it may last. */
export const isBudgetSpent = (error: unknown): error is ApiError =>
  isApiError(error, 429) && error.causes.includes('DisruptionBudget')

/** Worth asking again: too much at once, or the server has a trouble of its own. */
export const isPassing = (error: unknown): boolean =>
  isApiError(error) ? (error.status === 429 && !isBudgetSpent(error)) || error.status >= 500 : isAway(error)

export const isAway = (error: unknown): error is Refusal<KubernetesRefusal> =>
  error instanceof Refusal && error.code === 'KubernetesAway'

export function away(server: string, cause: unknown): Refusal<KubernetesRefusal> {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null
  const message = `the API server of Kubernetes does not answer at ${server} (${messageOf(cause)})`
  return new Refusal('KubernetesAway', message, { server, code })
}

/** Of an answer's text, which a proxy on the way may have written. */
export function statusIn(text: string): Status {
  try {
    const said = JSON.parse(text) as Status
    if (said?.kind === 'Status') return said
  } catch {
    // Not the API server's words.
  }
  return { message: text.trim().slice(0, 500) || 'it gave no reason' }
}
