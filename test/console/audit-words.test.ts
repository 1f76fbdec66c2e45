// The audit says in words what was done, and why it was refused: every operation that writes has some, and no other has; and
// every code that a refusal can have, without the figures that the audit does not keep.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { served } from '../../src/api/eas/eas.ts'
import { operations } from '../../src/api/eas/operations.ts'
import { callbackPath } from '../../src/api/oidc.ts'
import { statuses } from '../../src/api/problem.ts'
import { messages } from './dictionary.ts'

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>
}
const writing = ['post', 'put', 'patch', 'delete']

test('every operation that writes has words', () => {
  const own = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).flatMap(method => (writing.includes(method) ? [`${method.toUpperCase()} ${path}`] : [])),
  )
  const eas = operations.flatMap(([name, method]) => (method !== 'GET' && name in served ? [name] : []))
  expect([own.length > 50, eas.length > 10]).toEqual([true, true])
  const written = [...own, ...eas, `GET ${callbackPath}`, 'notOffered'].map(name => `operation.${name}`)
  const said = Object.keys(messages).filter(key => key.startsWith('operation.'))
  expect(said.sort()).toEqual(written.sort())
})

test('every code of a refusal has words, none of them twice', () => {
  const codes = [...Object.keys(statuses), 'InternalError']
  const ofItsOwn = (code: string) => messages[`refused.${code}`]
  const wordless = codes.filter(code => {
    const text = ofItsOwn(code) ?? messages[`refusal.${code}`]
    return text === undefined || text.some(words => words.includes('{'))
  })
  expect(wordless).toEqual([])
  const known = new Set(codes.map(code => `refused.${code}`))
  expect(Object.keys(messages).filter(key => key.startsWith('refused.') && !known.has(key))).toEqual([])
  const needless = codes.filter(code => {
    const general = messages[`refusal.${code}`]
    return ofItsOwn(code) !== undefined && general !== undefined && !general.some(words => words.includes('{'))
  })
  expect(needless).toEqual([])
})
