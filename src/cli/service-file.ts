// A service JSON from a file, made ready to send: a relative model_path is one beside the file, and --group names the group.
import { dirname, isAbsolute, resolve } from 'node:path'
import { messageOf } from '../lib/errors.ts'
import { readFile } from './commands/invoke.ts'
import { refuse } from './failure.ts'

export type ServiceConfig = Record<string, unknown>

export function readServiceFile(path: string, groupId: string | null): ServiceConfig {
  const config = parseServiceFile(readFile(path).toString('utf8'), path)
  if (typeof config.model_path === 'string' && isRelative(config.model_path)) {
    config.model_path = resolve(dirname(resolve(path)), config.model_path)
  }
  if (groupId === null) return config
  const metadata = typeof config.metadata === 'object' && config.metadata !== null ? config.metadata : {}
  return { ...config, metadata: { ...metadata, resource: groupId } }
}

const isRelative = (path: string): boolean => !isAbsolute(path) && !/^[a-z][a-z0-9+.-]*:/i.test(path)

function parseServiceFile(text: string, path: string): ServiceConfig {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const at = Number(/position (\d+)/.exec(messageOf(error))?.[1] ?? Number.NaN)
    const line = Number.isNaN(at) ? '' : `:${text.slice(0, at).split('\n').length}`
    throw refuse('InvalidJson', `${path}${line}: ${messageOf(error)}`, 'file')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw refuse('InvalidJson', `${path}: a service JSON is an object with "metadata"`, 'file')
}
