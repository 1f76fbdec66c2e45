// Label and field selectors, as queries write them.
import type { AnyObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import type { Asked } from './address.ts'
import { badRequest } from './status.ts'

type Test = (object: AnyObject) => boolean

function selecting(labelSelector: string | null, fieldSelector: string | null): Test {
  const tests = [...labelTests(labelSelector ?? ''), ...fieldTests(fieldSelector ?? '')]
  return object => tests.every(test => test(object))
}

/** What a list, a watch or a deletion is about. */
export function selectsOf({ namespace, query }: Asked): Test {
  const selects = selecting(query.get('labelSelector'), query.get('fieldSelector'))
  return object => (namespace === undefined || object.metadata.namespace === namespace) && selects(object)
}

/** Commas inside the brackets of a set belong to it. */
const requirements = (selector: string): string[] =>
  selector
    .split(/,(?![^(]*\))/)
    .map(one => one.trim())
    .filter(one => one !== '')

const labelTests = (selector: string): Test[] => requirements(selector).map(labelTest)

function labelTest(text: string): Test {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set) {
    const [, key = '', word, list = ''] = set
    const values = list.split(',').map(one => one.trim())
    return object => values.includes(labelOf(object, key) ?? '\0') === (word === 'in')
  }
  const equal = /^([^=!\s]+)\s*(==|=|!=)\s*([^=\s]*)$/.exec(text)
  if (equal) {
    const [, key = '', sign, value] = equal
    return object => (labelOf(object, key) === value) === (sign !== '!=')
  }
  const known = /^(!?)([^=!\s]+)$/.exec(text)
  if (!known) throw badRequest(`unable to parse requirement: ${text}`)
  const [, not, key = ''] = known
  return object => (labelOf(object, key) !== undefined) === (not === '')
}

const labelOf = (object: AnyObject, key: string): string | undefined => object.metadata.labels?.[key]

function fieldTests(selector: string): Test[] {
  return requirements(selector).map(text => {
    const found = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(text)
    if (!found) throw badRequest(`unable to parse field selector: ${text}`)
    const [, path = '', sign, value] = found
    return object => (valueAt(object, path) === value) === (sign !== '!=')
  })
}

/** What is not there is selected as the empty text, as for a pod that is on no node. */
function valueAt(object: AnyObject, path: string): string {
  let value: unknown = object
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step]
  return value === undefined || value === null ? '' : String(value)
}

/** Of a `LabelSelector` in an object, such as a budget's. */
export function matchesSelector(
  selector: { matchLabels?: Record<string, string>; matchExpressions?: Expression[] } | undefined,
  labels: Record<string, string> = {},
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  const byLabel = Object.entries(matchLabels).every(([key, value]) => labels[key] === value)
  return byLabel && matchExpressions.every(expression => matchesExpression(expression, labels))
}

interface Expression {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}

function matchesExpression({ key, operator, values = [] }: Expression, labels: Record<string, string>): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
