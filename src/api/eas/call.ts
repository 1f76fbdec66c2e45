// What an operation of the EAS face is given, and how it reads its input. Fields that an operation does not know are
// ignored, as EAS's clients send some; an empty text in a query and a null in a body are the same as nothing.
import { z } from 'zod'
import type { Action, Principal } from '../../identity/access.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ApiContext } from '../context.ts'
import type { Shape } from '../route.ts'
import type { OperationName } from './operations.ts'

export interface EasCall {
  params: Readonly<Record<string, string>>
  query: Readonly<Record<string, unknown>>
  /** The JSON that was sent; undefined for none. */
  body: unknown
  principal: Principal
  actor: { accountId: string; name: string }
}

export interface EasOperation {
  can: Action
  handle(context: ApiContext, call: EasCall): Promise<object>
}

export type EasOperations = Partial<Record<OperationName, EasOperation>>

/** A part of the path, by EAS's name. */
export function param(call: EasCall, name: string): string {
  return call.params[name] ?? ''
}

export const readQuery = <S extends Shape>(call: EasCall, shape: S): z.output<z.ZodObject<S>> =>
  read(shape, call.query, '')

export function readBody<S extends Shape>(call: EasCall, shape: S): z.output<z.ZodObject<S>> {
  const body = call.body ?? {}
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new Refusal('InvalidParameter', 'The body must be a JSON object.', { field: 'body' })
  }
  return read(shape, body, null)
}

function read<S extends Shape>(shape: S, value: object, absent: '' | null): z.output<z.ZodObject<S>> {
  const given = Object.fromEntries(Object.entries(value).filter(([, item]) => item !== absent))
  const parsed = z.object(shape).safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = String(issue?.path[0] ?? 'body')
  if (!Object.hasOwn(given, field)) throw missing(field)
  throw invalid(field, issue?.message ?? 'is not valid')
}

export const missing = (field: string, why = 'is needed'): Refusal =>
  new Refusal('MissingParameter', `${field} ${why}.`, { field })

export const invalid = (field: string, why: string): Refusal =>
  new Refusal('InvalidParameter', `${field} ${why}.`, { field })

export const notServed = (what: string, instead = ''): Refusal =>
  new Refusal('NotImplemented', `${what}${instead === '' ? '' : ` ${instead}`}`, { instead })

// ── the kinds of input ──

const decimal = /^-?\d{1,15}$/

/** A number, or its decimal text as a query has it. */
export function whole(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`
  const number = z.number(problem).int(problem).min(min, problem).max(max, problem)
  return z.preprocess(value => (typeof value === 'string' && decimal.test(value) ? Number(value) : value), number)
}

export const flag = z.preprocess(value => {
  if (value !== 'true' && value !== 'false') return value
  return value === 'true'
}, z.boolean('must be true or false'))

export const text = z.string('must be a text').max(500, 'is longer than 500 characters')

/** Only whether it was given counts. */
export const anything = z.unknown().optional()

/** One of these names, in any case. */
export function oneOf<const Name extends string>(...names: readonly Name[]) {
  const spelled = (value: unknown) =>
    typeof value === 'string' ? (names.find(name => name.toLowerCase() === value.toLowerCase()) ?? value) : value
  return z.preprocess(spelled, z.enum(names, `must be ${names.join(' or ')}`))
}

/** `a,b`, or a JSON array as text, or an array: clients send all three. */
export const list = z.preprocess(
  value => {
    if (typeof value !== 'string') return value
    if (value.trimStart().startsWith('[')) return fromJson(value)
    const items = value.split(',').map(item => item.trim())
    return items.filter(item => item !== '')
  },
  z.array(z.string().min(1).max(200), 'must be a comma list or a JSON array of texts').max(9_999, 'names too many'),
)

/** An object, or its JSON as text. */
export const map = z.preprocess(
  value => (typeof value === 'string' ? fromJson(value) : value),
  z.record(z.string(), z.string(), 'must be a JSON object of texts'),
)

function fromJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const spaced = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/

/** `2006-01-02 15:04:05` in UTC, or ISO 8601. */
export const instant = text.transform((value, issues) => {
  try {
    return Temporal.Instant.from(value.replace(spaced, '$1T$2Z'))
  } catch {
    issues.addIssue({ code: 'custom', message: 'must be a time in UTC such as 2006-01-02 15:04:05' })
    return z.NEVER
  }
})
