// The document is what clients are made from: it is whole, and the files made from it are current.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { typesOf } from '../../scripts/typescript-of-schema.ts'
import { openApiDocument } from '../../src/api/openapi.ts'
import { problemOf, statuses } from '../../src/api/problem.ts'
import { routes } from '../../src/api/v1/routes.ts'
import { actions } from '../../src/identity/access.ts'
import { Refusal } from '../../src/lib/errors.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  'x-berth-can': string
  parameters: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: { content: { 'application/json': { schema: { additionalProperties: unknown } } } }
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const document = openApiDocument(routes, version)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, ...(operation as Operation) })),
)

test('openapi.json and the types of the client are current', () => {
  expect(`${JSON.stringify(document, null, 2)}\n`).toBe(readFileSync('openapi.json', 'utf8'))
  expect(typesOf(document)).toBe(readFileSync('src/client/generated.ts', 'utf8'))
})

test('every route is in the document, once', () => {
  expect(operations).toHaveLength(routes.length)
  expect(new Set(operations.map(one => one.operationId)).size).toBe(routes.length)
  for (const { operationId } of operations) expect(operationId).toMatch(/^[a-z][A-Za-z0-9]+$/)
})

test.each(operations)('$method $path says what it does, for whom, with what, and what comes back', operation => {
  const { path, method, summary, tags, parameters, responses } = operation
  expect(path).toMatch(/^\/v1(\/([a-z]+(-[a-z]+)*|\{[a-z][A-Za-z]*\}))+$/)
  expect(summary).toMatch(/^[A-Z][^.]{5,}$/)
  expect(tags).toEqual([expect.stringMatching(/^[a-z]+$/)])
  expect(['anyone', ...actions]).toContain(operation['x-berth-can'])
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const inPath = parameters.filter(one => one.in === 'path')
  expect(inPath.map(one => one.name).sort()).toEqual(named.sort())
  expect(inPath.every(one => one.required)).toBe(true)
  expect(Object.keys(responses)).toEqual([expect.stringMatching(/^20[0124]$/), 'default'])
  if (method === 'get') expect(operation.requestBody).toBeUndefined()
  if (operation.requestBody) {
    expect(operation.requestBody.content['application/json'].schema.additionalProperties).toBe(false)
  }
})

test('every reference leads somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '')
  expect(refs).not.toHaveLength(0)
  for (const ref of new Set(refs)) {
    let target: unknown = document
    for (const key of ref.split('/')) target = (target as Record<string, unknown>)[key]
    expect(target, ref).toBeTypeOf('object')
  }
})

test('every refusal has a status of its own, and what is none of them is ours', () => {
  for (const [code, status] of Object.entries(statuses)) {
    expect(problemOf(new Refusal(code, 'why')).status).toBe(status)
    expect([501, 502, 503, 504].includes(status) || (status >= 400 && status < 500)).toBe(true)
  }
  const secret = new Error('password=hunter2')
  expect(problemOf(secret)).toMatchObject({ status: 500, code: 'InternalError', details: {} })
  expect(JSON.stringify(problemOf(secret))).not.toContain('hunter2')
})
