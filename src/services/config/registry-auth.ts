// EAS's `dockerAuth`: the login of the registry that the image comes from, as base64 of user:password. A secret, so it stands
// in no version's JSON; an update that does not name it leaves it as it is, and one that empties it takes it away.

import type { ConfigObject } from '../../lib/config-object.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ConfigRefusal } from './service-config-fields.ts'

const field = 'dockerAuth'

/** undefined: not named; null: emptied. */
export type RegistryAuth = string | null | undefined

export function readRegistryAuth(config: ConfigObject): RegistryAuth {
  const value = config[field]
  if (value === undefined) return undefined
  if (value === null || value === '') return null
  if (typeof value === 'string' && isLogin(value)) return value
  const message = `${field} must be base64 of user:password (\`printf %s 'user:password' | base64\`)`
  throw new Refusal('InvalidServiceConfig' satisfies ConfigRefusal, message, { field })
}

export function withoutRegistryAuth({ [field]: _, ...rest }: ConfigObject): ConfigObject {
  return rest
}

function isLogin(text: string): boolean {
  if (text.length > 8_192 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false
  return Buffer.from(text, 'base64').toString('utf8').indexOf(':') > 0
}
