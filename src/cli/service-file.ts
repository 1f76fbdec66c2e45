// A service JSON from a file, made ready to send: a relative model_path is one beside the file, and --group names the group.
import { dirname, isAbsolute, resolve } from 'node:path'
import { readFile } from './commands/invoke.ts'
import { refuse } from './failure.ts'

export type ServiceConfig = Record<string, unknown>

export function readServiceFile(path: string, groupId: string | null): ServiceConfig {
  return readyToSend(parseServiceFile(readFile(path).toString('utf8'), path), path, groupId)
}

/** `path`: of the file in which it stands. */
export function readyToSend(config: ServiceConfig, path: string, groupId: string | null): ServiceConfig {
  const model = config.model_path
  const found = typeof model === 'string' && isRelative(model) ? resolve(dirname(resolve(path)), model) : model
  const ready = found === undefined ? config : { ...config, model_path: found }
  return groupId === null ? ready : inGroup(ready, groupId)
}

export function inGroup(config: ServiceConfig, groupId: string): ServiceConfig {
  const metadata = typeof config.metadata === 'object' && config.metadata !== null ? config.metadata : {}
  return { ...config, metadata: { ...metadata, resource: groupId } }
}

const isRelative = (path: string): boolean => !isAbsolute(path) && !/^[a-z][a-z0-9+.-]*:/i.test(path)

function parseServiceFile(text: string, path: string): ServiceConfig {
  const value = parse(text)
  if (value instanceof Error) {
    throw refuse('InvalidJson', `${path}:${lineOfMistake(text)}: this is not JSON: ${value.message}`, 'file')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw refuse('InvalidJson', `${path}: a service JSON is an object with "metadata"`, 'file')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error as Error
  }
}

/** The parser does not always say where: a text is wrong from the shortest beginning on that no end could make right. */
function lineOfMistake(text: string): number {
  let right = 0
  let wrong = text.length
  while (wrong - right > 1) {
    const length = Math.floor((right + wrong) / 2)
    if (isBeginning(text.slice(0, length))) right = length
    else wrong = length
  }
  return text.slice(0, Math.max(0, wrong - 1)).split('\n').length
}

function isBeginning(text: string): boolean {
  const found = parse(text)
  if (!(found instanceof Error)) return true
  const position = Number(/position (\d+)/.exec(found.message)?.[1] ?? -1)
  return position >= text.length || /end of JSON|Unterminated/.test(found.message)
}
