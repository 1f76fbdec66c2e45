// The OpenAPI 3.1 document, made from the declared routes: what is documented is what is checked.
import { z } from 'zod'
import type { Route } from './route.ts'

export interface OpenApiDocument {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  security: object[]
  components: object
  paths: Record<string, Record<string, object>>
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

const problem = {
  type: 'object',
  required: ['code', 'message', 'details', 'requestId'],
  properties: {
    code: { type: 'string', description: 'What went wrong, for programs.' },
    message: { type: 'string', description: 'What went wrong and the way out, for people.' },
    details: { type: 'object', description: 'The same as data; `field` names the input at fault.' },
    requestId: { type: 'string' },
  },
}

export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {}
  for (const route of [...routes].sort((a, b) => a.path.localeCompare(b.path))) {
    const item = paths[route.path] ?? {}
    paths[route.path] = item
    item[route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version,
      description:
        'Dedicated resource groups for model serving. Money is in fen, as decimal strings; times are ISO 8601 in UTC.',
    },
    security: [{ accessKey: [] }, { session: [] }],
    components: {
      securitySchemes: {
        accessKey: {
          type: 'apiKey',
          in: 'header',
          name: 'authorization',
          description: 'A request signed with an access key: ACS3-HMAC-SHA256.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-berth',
          description:
            'The cookie of POST /v1/sign-in (named `berth` without TLS, on the loopback). Writes also send `x-berth-csrf`, as GET /v1/session has it.',
        },
      },
      schemas: { Problem: problem },
    },
    paths,
  }
}

function operationOf(route: Route): object {
  const success =
    route.status === 204
      ? { description: 'Done.' }
      : {
          description: route.streams ? 'Lines as they come.' : 'The answer.',
          content: {
            [contentTypeOf(route)]: { schema: schemaOf(route.returns, 'output') },
          },
        }
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.tag],
    ...(route.can === 'anyone' ? { security: [] } : {}),
    'x-berth-can': route.can,
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }
      : {}),
    responses: {
      [route.status]: success,
      default: {
        description: 'A refusal: nothing was changed.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

const contentTypeOf = ({ streams }: Route): string =>
  streams === true ? 'text/plain' : streams === false ? 'application/json' : streams

/** `POST /v1/machines/{machineId}/drain` → `postMachinesDrain`: stable, and unique because the path is. */
const operationId = (route: Route): string =>
  route.method.toLowerCase() +
  route.path
    .replace('/v1', '')
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => `By${name[0]?.toUpperCase()}${name.slice(1)}`)
    .split(/[/_-]/)
    .map(part => `${part[0]?.toUpperCase() ?? ''}${part.slice(1)}`)
    .join('')

function parametersOf(schema: z.ZodObject, place: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description ? { description } : {}),
    schema: rest,
  }))
}
