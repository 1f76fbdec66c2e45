// What the audit needs to know of a request, gathered while it is answered, and written before the answer goes out.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Principal } from '../identity/access.ts'
import { type AuditEntry, writeAudit } from '../identity/audit.ts'
import type { ApiContext } from './context.ts'

interface Note {
  principal: Principal | null
  who: string
  method: AuditEntry['method']
  operation: string
  subjectId: string
  code: string | null
}

const notes = new WeakMap<FastifyRequest, Note>()

/** Somebody known writes. */
export function noteWrite(request: FastifyRequest, principal: Principal, operation: string, input: object = {}): void {
  notes.set(request, {
    ...{ principal, who: principal.userName, operation, subjectId: idsOf(input), code: null },
    method: principal.sessionId === null ? 'access_key' : 'session',
  })
}

/** Somebody tries to sign in. */
export function noteSignIn(request: FastifyRequest, method: 'password' | 'oidc', operation: string, who: string): void {
  notes.set(request, { ...{ principal: null, who, method, operation, subjectId: '', code: null } })
}

/** Whom the sign-in turned out to be. */
export function noteSignedIn(request: FastifyRequest, principal: Principal): void {
  const note = notes.get(request)
  if (note) notes.set(request, { ...note, principal, subjectId: principal.sessionId ?? '' })
}

/** What was made, where the input did not name it. */
export function noteResult(request: FastifyRequest, result: unknown): void {
  const note = notes.get(request)
  if (note && note.subjectId === '') note.subjectId = idsOf(result).split(' ')[0] ?? ''
}

export function noteCode(request: FastifyRequest, code: string): void {
  const note = notes.get(request)
  if (note) note.code = code
}

/** A pause is told once, by the failure that began it: else the audit grew with every try that was not even looked at. */
const untold = new Set(['TooManyAttempts', 'SignInBusy'])

export function writeAuditOnSend(app: FastifyInstance, context: ApiContext): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const note = notes.get(request)
    notes.delete(request)
    if (!note || (note.principal === null && untold.has(note.code ?? ''))) return payload
    try {
      await writeAudit(context.ctx, { ...note, address: request.ip, status: reply.statusCode, requestId: request.id })
    } catch (error) {
      context.ctx.log.error({ err: error, requestId: request.id, operation: note.operation }, 'not in the audit')
    }
    return payload
  })
}

const idName = /(?:Id|Ids|^service|Name)$/

/** The ids in the first level or two of an input or an answer, as far as a line holds them. */
function idsOf(value: unknown, deeper = true): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
  const found: string[] = []
  for (const [name, one] of Object.entries(value)) {
    if (name === 'RequestId') continue
    if (idName.test(name) && typeof one === 'string') found.push(one)
    else if (idName.test(name) && Array.isArray(one))
      found.push(...one.filter(id => typeof id === 'string').slice(0, 20))
    else if (deeper && typeof one === 'object') found.push(idsOf(one, false))
  }
  return found.filter(id => id !== '').join(' ')
}
