// TypeScript types from the OpenAPI document: the subset of JSON Schema that zod writes. A keyword it does not know is an
// error, so that a type never says less than the schema in silence.
import type { OpenApiDocument } from '../src/api/openapi.ts'

type Schema = Record<string, unknown>

interface Operation {
  summary: string
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

export function typesOf(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      operationType(`${method.toUpperCase()} ${path}`, operation as Operation),
    ),
  )
  return `// Generated from openapi.json by \`npm run generate\`. Do not edit.\n\nexport interface Operations {\n${operations.join('')}}\n`
}

function operationType(key: string, operation: Operation): string {
  const part = (place: 'path' | 'query'): string =>
    objectType(
      Object.fromEntries(operation.parameters.filter(p => p.in === place).map(p => [p.name, p.schema])),
      operation.parameters.filter(p => p.in === place && p.required).map(p => p.name),
    )
  const body = operation.requestBody?.content['application/json'].schema
  const [, success] = Object.entries(operation.responses).find(([status]) => status.startsWith('2')) ?? []
  const content = Object.entries(success?.content ?? {})[0]
  const returns =
    content === undefined ? 'null' : content[0] === 'application/json' ? typeOf(content[1].schema) : 'stream'
  return [
    `  /** ${operation.summary} */`,
    `  '${key}': {`,
    `    params: ${part('path')}`,
    `    query: ${part('query')}`,
    `    body: ${body ? typeOf(body) : 'null'}`,
    `    returns: ${returns === 'stream' ? "'stream'" : returns}`,
    '  }',
    '',
  ].join('\n')
}

const annotations = new Set([
  ...[
    'description',
    'title',
    'default',
    'examples',
    'format',
    'pattern',
    'minLength',
    'maxLength',
    'minimum',
    'maximum',
  ],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minItems', 'maxItems', 'propertyNames', 'contentEncoding'],
])
const structural = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'oneOf',
  'enum',
  'const',
  'allOf',
])

function typeOf(schema: Schema): string {
  for (const keyword of Object.keys(schema)) {
    if (!annotations.has(keyword) && !structural.has(keyword))
      throw new Error(`no TypeScript for the keyword ${keyword}`)
  }
  if ('const' in schema) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  const union = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (union) return [...new Set(union.map(typeOf))].join(' | ')
  if (Array.isArray(schema.type)) return schema.type.map(type => typeOf({ ...schema, type })).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `(${typeOf((schema.items ?? {}) as Schema)})[]`
    case 'object':
      return schema.properties
        ? objectType(schema.properties as Record<string, Schema>, (schema.required ?? []) as string[])
        : `Record<string, ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties as Schema) : 'unknown'}>`
    default:
      return 'unknown'
  }
}

function objectType(properties: Record<string, Schema>, required: string[]): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
    return `${key}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`
  })
  return fields.length === 0 ? 'Record<never, never>' : `{ ${fields.join('; ')} }`
}
