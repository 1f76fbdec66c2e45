// The words in which an API server refuses.

export class Refused extends Error {
  readonly code: number
  readonly reason: string
  readonly details: Record<string, unknown>
  readonly retryAfterSeconds: number | undefined

  constructor(code: number, reason: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
    this.retryAfterSeconds = details.retryAfterSeconds as number | undefined
  }

  body(): object {
    const { code, reason, details, message } = this
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code }
  }
}

export const notFound = (plural: string, name: string): Refused =>
  new Refused(404, 'NotFound', `${plural} "${name}" not found`, { name, kind: plural })

export const exists = (plural: string, name: string): Refused =>
  new Refused(409, 'AlreadyExists', `${plural} "${name}" already exists`, { name, kind: plural })

export const conflict = (plural: string, name: string): Refused =>
  new Refused(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${plural} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    { name, kind: plural },
  )

export const uidDiffers = (plural: string, name: string): Refused =>
  new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${plural} "${name}": Precondition failed: UID`, {
    name,
  })

export const expired = (): Refused => new Refused(410, 'Expired', 'too old resource version')

export const invalid = (message: string): Refused => new Refused(422, 'Invalid', message)

export const badRequest = (message: string): Refused => new Refused(400, 'BadRequest', message)
