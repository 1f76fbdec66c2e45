// The audit says in words what was done: every operation of the API that writes has some, and no other has.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { messages } from './dictionary.ts'

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>
}
const writing = ['post', 'put', 'patch', 'delete']

test('every operation that writes has words', () => {
  const written = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).flatMap(method =>
      writing.includes(method) ? [`operation.${method.toUpperCase()} ${path}`] : [],
    ),
  )
  const said = Object.keys(messages).filter(key => key.startsWith('operation.'))
  expect(written.length).toBeGreaterThan(50)
  expect(said.sort()).toEqual(written.sort())
})
