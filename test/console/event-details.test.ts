// Every detail that an event can carry has words in the console. Which those are is read from the sources: whatever stands in
// the `data` of an event, and in what the makers of events are given.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'
import { expect, test } from 'vitest'
import { eventDetails } from '../../src/events/event-data.ts'
import { inLanguage, messages } from './dictionary.ts'

// Named by a variable, and after the dictionary: it asks a browser for the language, and the compiler must not take it in.
const [shown] = ['../../console/ui/event-details.ts']
const { formOf, labelOf, wordOf } = (await import(shown ?? '')) as {
  formOf(name: string, value: unknown, ofMoney?: boolean): string
  labelOf(name: string, value?: unknown): string
  wordOf(name: string, value: string): string
}

const root = fileURLToPath(new URL('../../src/', import.meta.url))
const writesEvents = /\b(appendEvents|NewEvent|EventData|machineEvent|orderEvent|instanceEvent)\b/
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(path => /^(?!api\/|client\/|cli\/).*\.ts$/.test(path) && !path.endsWith('.test.ts'))
  .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  .filter(({ text }) => writesEvents.test(text))

type Node = { type: string } & Record<string, unknown>
const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string'
const nameOf = (node: unknown): string => String((node as Node | undefined)?.name ?? '')

/** The names in an object literal, also where it is spread, chosen between, or answered by a function. */
function namesIn(value: unknown): string[] {
  if (!isNode(value)) return []
  const inner = (...keys: string[]) => keys.flatMap(key => namesIn(value[key]))
  if (value.type === 'ObjectExpression') return (value.properties as Node[]).flatMap(one => namesIn(one))
  if (value.type === 'SpreadElement') return inner('argument')
  if (value.type === 'Property') return [nameOf(value.key)]
  if (value.type === 'ConditionalExpression') return inner('consequent', 'alternate')
  if (value.type === 'ArrowFunctionExpression') return inner('body')
  return /^(ParenthesizedExpression|TSAsExpression|TSSatisfiesExpression)$/.test(value.type) ? inner('expression') : []
}

/** Makers of events, whose last argument is what one says. */
const makers = /^(event|\w+Event|tell)$/

function detailsIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(detailsIn)
  if (!isNode(node)) return []
  const here = () => {
    if (node.type === 'Property' && nameOf(node.key) === 'data') return namesIn(node.value)
    if (node.type === 'VariableDeclarator' && /EventData/.test(JSON.stringify(node.id))) return namesIn(node.init)
    if (node.type === 'CallExpression' && makers.test(nameOf(node.callee)))
      return namesIn((node.arguments as unknown[]).at(-1))
    return null
  }
  // A notice has a key, and goes to a receiver of its own.
  const isNotice = node.type === 'ObjectExpression' && hasKey(node)
  return [...(here() ?? []), ...(isNotice ? [] : Object.values(node).flatMap(detailsIn))]
}

const hasKey = (node: Node): boolean =>
  (node.properties as Node[]).some(one =>
    one.type === 'SpreadElement'
      ? isNode(one.argument) && namesIn(one.argument).includes('key')
      : nameOf(one.key) === 'key',
  )

const found = (text: string, path = 'a.ts'): string[] => [...new Set(detailsIn(parseSync(path, text).program))].sort()

test('every detail that an event is given is in the list, and everything in the list is given', () => {
  const given = new Set(sources.flatMap(({ path, text }) => found(text, path)))
  expect([...given].sort()).toEqual([...eventDetails].sort())
})

test('every kind of event that a page shows has words', () => {
  // Of the same form, but no events: what is asked of a driver, and what only a notice tells.
  const others = [
    'machine.provision',
    'machine.release',
    'machine.resize',
    'subscription.expires',
    'subscription.released',
  ]
  const shown = /'((?:group|order|machine|subscription|arrears|service|bill)\.[a-z_]+)'/g
  const kinds = new Set(sources.flatMap(({ text }) => [...text.matchAll(shown)].map(match => match[1] ?? '')))
  expect([...kinds].filter(kind => !others.includes(kind) && !Object.hasOwn(messages, `event.${kind}`))).toEqual([])
})

test('every detail has words', () => {
  expect(eventDetails.filter(name => !Object.hasOwn(messages, `detail.${name}`))).toEqual([])
})

test.each([
  ['of an event', "const e = { kind: 'a.b', data: { planted: 1 } }"],
  ['of a maker', "orderEvent(order, 'order.paid', actor, { planted })"],
  ['of a choice', 'const data: EventData = { ...(a ? { planted } : {}) }'],
  ['of an answer', "tell(wish, changes, 'machine.a', ({ b }) => ({ ...{ planted: b } }))"],
])('a planted detail is found: %s', (_, text) => {
  expect(found(text)).toEqual(['planted'])
})

test('a value that stands for something is said in words, and a name that is new here is said to be another', () => {
  inLanguage('zh')('events.data')
  expect([labelOf('startsAt'), formOf('startsAt', ''), labelOf('brandNew')]).toEqual([
    '开始时间',
    'billing',
    '其他（brandNew）',
  ])
  expect([labelOf('kind', 'prepaid'), labelOf('kind', 'scale_out')]).toEqual(['付费类型', '类型'])
  expect([wordOf('kind', 'scale_out'), wordOf('because', 'arrears'), wordOf('wallet', 'cash')]).toEqual([
    '扩容',
    '欠费',
    '现金',
  ])
  expect([formOf('serviceId', 'eas-m-1'), formOf('drainId', 'drain-1')]).toEqual(['service', 'id'])
  expect([formOf('deadlineAt', ''), formOf('deadlineAt', '', true), formOf('name', '', true)]).toEqual([
    'instant',
    'billing',
    'plain',
  ])
  expect([formOf('from', '2026-05-20T04:00:00Z'), formOf('from', 'default')]).toEqual(['billing', 'plain'])
})
