// The file that `berth diff` and `berth apply` read: service JSONs as JSON or YAML, one or a list of them in each document.
import { parseAllDocuments } from 'yaml'
import { type ConfigObject, expandDotted, isObject } from '../lib/config-object.ts'
import { isRefusal, messageOf, Refusal } from '../lib/errors.ts'
import { type CliRefusal, refuse } from './failure.ts'

export interface Described {
  /** `document 2`, `document 1, item 3`: where it stands, from 1. */
  where: string
  name: string
  /** With names that are not dotted. */
  config: ConfigObject
}

/** Every service of a file with this text; refuses with `InvalidFile` and the document what could be none, before anything is asked. */
export function readDescribed(text: string, path: string): Described[] {
  const found = documentsOf(text, path).flatMap(({ where, value }) =>
    Array.isArray(value)
      ? value.map((item, n) => describe(item, `${where}, item ${n + 1}`, path))
      : [describe(value, where, path)],
  )
  if (found.length === 0) throw invalid(path, 'names no service: give one service JSON a document, or a list of them')
  for (const [n, { name, where }] of found.entries()) {
    const earlier = found.slice(0, n).find(one => one.name === name)
    if (earlier) {
      const problem = `${name} is described in ${earlier.where} already: keep one of them`
      throw invalid(path, `${where}: metadata.name: ${problem}`, 'metadata.name')
    }
  }
  return found
}

/** The same refusal, said of this document. */
export function refusedOf({ where, name }: Pick<Described, 'where' | 'name'>, error: unknown): unknown {
  return isRefusal(error) ? new Refusal(error.code, `${where} (${name}): ${error.message}`, error.details) : error
}

interface Document {
  where: string
  value: unknown
}

function documentsOf(text: string, path: string): Document[] {
  const json = parseJson(text)
  if (json !== undefined) return [{ where: 'document 1', value: json }]
  return parseAllDocuments(text).flatMap((document, n) => {
    const where = `document ${n + 1}`
    const [mistake] = document.errors
    if (mistake) throw invalid(path, `${where}: this is neither JSON nor YAML: ${mistake.message}`)
    try {
      const value: unknown = document.toJS()
      // What stands after the last `---`.
      return value === null ? [] : [{ where, value }]
    } catch (error) {
      throw invalid(path, `${where}: this can't be read: ${messageOf(error)}`)
    }
  })
}

/** undefined: it is no JSON. YAML takes most of JSON, but not all. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function describe(value: unknown, where: string, path: string): Described {
  if (!isObject(value)) throw invalid(path, `${where}: a service JSON is an object with "metadata"`)
  let config: ConfigObject
  try {
    config = expandDotted(value)
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw invalid(path, `${where}: ${error.message}`, String(error.details.field))
  }
  const name = (isObject(config.metadata) ? config.metadata.name : undefined) ?? config.name
  if (typeof name === 'string' && name !== '') return { where, name, config }
  throw invalid(path, `${where}: metadata.name: is missing: give the service its name`, 'metadata.name')
}

const invalid = (path: string, problem: string, field = 'file'): Refusal<CliRefusal> =>
  refuse('InvalidFile', `${path}: ${problem}`, field)
