// Requests made from the OpenAPI document: most as it says, some with one part spoilt. Ids come from what is really there, or
// the handlers would never get past "not found".
import fc from 'fast-check'
import type { OpenApiDocument } from '../../src/api/openapi.ts'

type Schema = Record<string, unknown>

interface Operation {
  'x-berth-can': string
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
}

export interface FuzzedRequest {
  operation: string
  can: string
  method: string
  target: string
  raw: string
}

/** What a field of this name may hold. */
export type Pools = Readonly<Record<string, readonly unknown[]>>

export function requestsOf(document: OpenApiDocument, pools: Pools): fc.Arbitrary<FuzzedRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      requestOf(method.toUpperCase(), path, operation as Operation, pools),
    ),
  )
  return fc.oneof(...operations)
}

function requestOf(method: string, path: string, operation: Operation, pools: Pools): fc.Arbitrary<FuzzedRequest> {
  const { parameters, requestBody } = operation
  const part = (place: 'path' | 'query') =>
    fieldsOf(
      Object.fromEntries(parameters.filter(one => one.in === place).map(one => [one.name, one.schema])),
      parameters.filter(one => one.in === place && one.required).map(one => one.name),
      pools,
    )
  const schema = requestBody?.content['application/json'].schema
  const body = schema ? arbitraryOf('body', schema, pools) : fc.constant(undefined)
  const spoilt = { arbitrary: fc.constantFrom('path', 'query', 'body'), weight: 1 }
  const which = fc.oneof({ arbitrary: fc.constant('nothing'), weight: 2 }, spoilt)
  return fc
    .record({ params: part('path'), query: part('query'), body, which, junk, at: fc.nat(20) })
    .map(({ params, query, body, which, junk, at }) => {
      const spoil = (what: string, fields: Record<string, unknown>) => (which === what ? put(fields, at, junk) : fields)
      const texts = Object.entries(spoil('query', query))
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      const filled = spoil('path', params)
      const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(filled[name]))
      const given = which === 'body' && isFields(body) ? put(body, at, junk) : which === 'body' ? junk : body
      return {
        operation: `${method} ${path}`,
        ...{ can: operation['x-berth-can'], method },
        target: texts.length === 0 ? target : `${target}?${texts.join('&')}`,
        raw: given === undefined || method === 'GET' ? '' : JSON.stringify(given),
      }
    })
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Puts junk in the place of one field, or beside them. */
function put(fields: Record<string, unknown>, at: number, junk: unknown): Record<string, unknown> {
  const names = [...Object.keys(fields), 'beside']
  return { ...fields, [names[at % names.length] ?? 'beside']: junk }
}

const encode = (value: unknown): string =>
  encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed())

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.jsonValue({ maxDepth: 5 }),
  fc.constantFrom<unknown>(
    ...[
      '',
      ' ',
      '\0',
      '\ud800',
      '..',
      '%',
      '\u202e',
      '9'.repeat(40),
      '-1',
      'NaN',
      '1e400',
      "'",
      '{}',
      'x'.repeat(5000),
    ],
    ...[0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, null, true, [], {}, [[]], { a: { b: null } }],
    ...['0000-01-01', '9999-12-31', '2026-02-30', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z'],
  ),
)

function fieldsOf(properties: Record<string, Schema>, required: readonly string[], pools: Pools) {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, arbitraryOf(name, schema, pools)]),
  )
  return fc.record(fields, { requiredKeys: [...required] }) as fc.Arbitrary<Record<string, unknown>>
}

function arbitraryOf(name: string, schema: Schema, pools: Pools): fc.Arbitrary<unknown> {
  const pool = pools[name]
  if (pool) return fc.constantFrom(...pool)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]))
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map(one => arbitraryOf(name, one as Schema, pools)))
  switch (schema.type) {
    case 'object':
      return objectOf(schema, pools)
    case 'array':
      return fc.array(arbitraryOf(`${name}[]`, schema.items as Schema, pools), { minLength: 1, maxLength: 3 })
    case 'integer':
    case 'number':
      return numberOf(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      return textOf(schema)
  }
  return fc.jsonValue()
}

function objectOf(schema: Schema, pools: Pools): fc.Arbitrary<unknown> {
  if (schema.properties !== undefined) {
    return fieldsOf(schema.properties as Record<string, Schema>, (schema.required as string[] | undefined) ?? [], pools)
  }
  const names =
    schema.propertyNames === undefined
      ? fc.string({ maxLength: 9 })
      : arbitraryOf('', schema.propertyNames as Schema, pools)
  return fc.dictionary(names as fc.Arbitrary<string>, arbitraryOf('', schema.additionalProperties as Schema, pools), {
    maxKeys: 3,
  })
}

function numberOf({ minimum, maximum }: Schema): fc.Arbitrary<number> {
  const min = Number(minimum ?? -(2 ** 31))
  const max = Number(maximum ?? 2 ** 31)
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, Math.min(min + 1, max)))
}

function textOf({ pattern, format, maxLength, minLength }: Schema): fc.Arbitrary<string> {
  if (format === 'date') return fc.date({ noInvalidDate: true, ...dates }).map(date => date.toISOString().slice(0, 10))
  if (format === 'date-time') return fc.date({ noInvalidDate: true, ...dates }).map(date => date.toISOString())
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern))
  return fc.string({
    unit: 'grapheme',
    minLength: Number(minLength ?? 0),
    maxLength: Math.min(Number(maxLength ?? 60), 60),
  })
}
const dates = { min: new Date('2025-01-01T00:00:00Z'), max: new Date('2028-01-01T00:00:00Z') }
