// The console's sources as data: which texts they show and which messages they name. Read from the syntax tree, so that a
// comment or a type is never taken for a text.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

const root = fileURLToPath(new URL('../../console/', import.meta.url))

export interface ConsoleSource {
  path: string
  text: string
}

export const consoleSources: ConsoleSource[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(path => /\.tsx?$/.test(path) && path !== 'vite.config.ts')
  .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))

/** Attributes that people read. */
const readAttributes = new Set([
  ...['title', 'label', 'placeholder', 'alt', 'description', 'subTitle', 'extra', 'tooltip', 'okText', 'cancelText'],
  ...['aria-label', 'aria-description', 'hint', 'text', 'action', 'message', 'emptyText', 'help', 'prefix', 'suffix'],
])
/** Units and names that are the same in every language. */
const sameEverywhere = /^(GiB|MiB|GPU|CPU|vCPU|UTC|Berth)$/

interface Node {
  type: string
  [key: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

function visit(node: unknown, see: (node: Node, parents: readonly Node[]) => void, parents: Node[] = []): void {
  if (Array.isArray(node)) for (const one of node) visit(one, see, parents)
  else if (isNode(node)) {
    see(node, parents)
    for (const value of Object.values(node)) visit(value, see, [...parents, node])
  }
}

const isText = (text: string): boolean => /\p{L}{2,}/u.test(text) && !sameEverywhere.test(text.trim())

/** Texts that stand in a source instead of in the dictionary. */
export function hardCodedTexts({ path, text }: ConsoleSource): string[] {
  const found: string[] = []
  visit(parseSync(path, text).program, (node, parents) => {
    if (node.type === 'JSXText' && isText(String(node.value))) found.push(String(node.value).trim())
    if (node.type === 'Literal' && typeof node.value === 'string') {
      const parent = parents.at(-1)
      const attribute = parent?.type === 'JSXAttribute' ? nameOf(parent) : null
      if (attribute !== null && readAttributes.has(attribute) && isText(node.value)) found.push(node.value)
      if (/\p{Script=Han}/u.test(node.value)) found.push(node.value)
    }
    if (node.type === 'TemplateElement' && /\p{Script=Han}/u.test(JSON.stringify(node.value)))
      found.push(JSON.stringify(node.value))
  })
  return found
}

const nameOf = (attribute: Node): string => String((attribute.name as Node).name ?? '')

export interface NamedKeys {
  /** Said in full. */
  exact: Set<string>
  /** `t(`status.${…}`)`: every message that begins so may be meant. */
  prefixes: Set<string>
}

/** Messages that a source names, in calls of `t` and `tryT` and in any other string of the same form. */
export function namedKeys({ path, text }: ConsoleSource, known: ReadonlySet<string>): NamedKeys {
  const exact = new Set<string>()
  const prefixes = new Set<string>()
  visit(parseSync(path, text).program, (node, parents) => {
    if (node.type === 'Literal' && typeof node.value === 'string' && known.has(node.value)) exact.add(node.value)
    if (node.type !== 'TemplateElement') return
    const call = parents.find(
      parent => parent.type === 'CallExpression' && /^(t|tryT|textFrom)$/.test(calleeOf(parent)),
    )
    const start = (node.value as { cooked?: string }).cooked ?? ''
    if (call && /^[a-z][\w.]*\.$/i.test(start)) prefixes.add(start)
  })
  return { exact, prefixes }
}

const calleeOf = (call: Node): string => String((call.callee as Node).name ?? '')
