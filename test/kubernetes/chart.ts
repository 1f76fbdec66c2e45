// `packaging/kubernetes/chart`, and Helm where there is one.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'

const packaging = join(import.meta.dirname, '..', '..', 'packaging', 'kubernetes')
const chart = join(packaging, 'chart')
const textOf = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8')

export interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}

export const chartFile = parse(textOf('Chart.yaml')) as Record<string, string>
export const valuesSchema = JSON.parse(textOf('values.schema.json')) as object
export const defaultValues = (): Record<string, object> => parse(textOf('values.yaml')) as Record<string, object>

export const routeComponent = parse(
  readFileSync(join(packaging, 'components', 'http-route', 'http-route.yaml'), 'utf8'),
) as AnyObject & {
  spec: {
    parentRefs: object[]
    hostnames: string[]
    rules: { backendRefs: { name: string; port: number }[] }[]
  }
}

export const clusterApiComponent = parseAllDocuments(
  readFileSync(join(packaging, 'components', 'cluster-api', 'rbac.yaml'), 'utf8'),
).map(document => document.toJS() as AnyObject & { rules?: Rule[] })

/** Kind and name of every object that a template has, read without rendering: both stand in it as they are. */
export function templateObjects(): string[] {
  const templates = readdirSync(join(chart, 'templates')).filter(name => name.endsWith('.yaml'))
  return templates.flatMap(name =>
    textOf('templates', name)
      .split(/^---$/m)
      .filter(text => text.includes('kind: '))
      .map(text => `${/^kind: (.*)$/m.exec(text)?.[1]} ${/^metadata:\n {2}name: (.*)$/m.exec(text)?.[1]}`),
  )
}

export const hasHelm = spawnSync('helm', ['version'], { timeout: 30_000 }).status === 0

export interface Rendered {
  objects: AnyObject[]
  /** '' when it was rendered. */
  refusal: string
}

/** What Helm makes of the chart, with values over its own. */
export function render(values: object, namespace = 'berth-system'): Rendered {
  const args = ['template', 'berth', chart, '--namespace', namespace, '--kube-version', '1.33.0', '--values', '-']
  const options = { encoding: 'utf8', timeout: 30_000, input: stringify(values) } as const
  const { status, stdout, stderr, error } = spawnSync('helm', args, options)
  if (error) throw error
  if (status !== 0) return { objects: [], refusal: stderr }
  const documents = parseAllDocuments(stdout, { strict: true, uniqueKeys: true })
  const objects = documents.map(document => {
    if (document.errors[0]) throw new Error(document.errors[0].message)
    return document.toJS() as AnyObject | null
  })
  return { objects: objects.filter(object => object !== null), refusal: '' }
}
