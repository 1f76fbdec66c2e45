// What roles that run apart must be told: how to reach each other and the database, and the secrets that they share.

import { Refusal } from '../lib/errors.ts'
import type { ConfigFile, ConfigRefusal, ListenAddress } from './schema.ts'
import { parseListen } from './schema.ts'

export interface RolesConfig {
  /** Where gateways of other hosts find this controller; null: by a unix socket, on this host alone. */
  listen: ListenAddress | null
  /** What controllers and gateways prove themselves by; null where they share a host. */
  secret: string | null
  /** Where this gateway looks for the controller that has the routes; none: by the unix socket. */
  controllers: readonly ListenAddress[]
  /** To PostgreSQL itself, where `databaseUrl` leads through a pooler. */
  databaseDirectUrl: string | null
  /** The database is the supervisor's of this host: nobody else can be using it. */
  databaseIsOurs: boolean
  /** The supervisor of this host starts a gateway beside it: nothing serves before that has connected. */
  gatewayBeside: boolean
  /** The key that seals secrets, in hex; null: it is a file in the data directory. */
  sealingKey: string | null
}

const secretMin = 32

export function rolesOf(file: ConfigFile, env: NodeJS.ProcessEnv, source: string): RolesConfig {
  const listen = addressFrom(env, 'BERTH_ROUTES_LISTEN') ?? file.listen.routes ?? null
  const given = filled(env.BERTH_CONTROLLERS)
  const controllers = given === undefined ? file.controllers : addressesFrom(given)
  const secret = filled(env.BERTH_ROUTES_SECRET) ?? null
  const field = listen !== null ? 'listen.routes' : 'controllers'
  const refuse = (field: string, message: string) =>
    new Refusal<ConfigRefusal>('InvalidConfig', `${source}: ${field}: ${message}`, { file: source, field })
  if ((listen !== null || controllers.length > 0) && secret === null) {
    throw refuse(
      field,
      'controllers and gateways prove themselves by a secret: give all of them the same BERTH_ROUTES_SECRET',
    )
  }
  if (secret !== null && secret.length < secretMin) {
    throw refuse(
      'BERTH_ROUTES_SECRET',
      `it has ${secret.length} characters: make one of at least ${secretMin}, with \`openssl rand -hex 32\``,
    )
  }
  const sealingKey = filled(env.BERTH_SECRET_KEY) ?? null
  if (sealingKey !== null && !/^[0-9a-f]{64}$/.test(sealingKey)) {
    throw refuse(
      'BERTH_SECRET_KEY',
      'expected the 64 hex digits of secret.key in the data directory of the first installation',
    )
  }
  return {
    ...{ listen, secret, controllers, sealingKey },
    databaseDirectUrl: filled(env.DATABASE_DIRECT_URL) ?? null,
    databaseIsOurs: env.BERTH_DATABASE_IS_OURS === 'true',
    gatewayBeside: env.BERTH_GATEWAY_BESIDE === 'true',
  }
}

const filled = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text)

function addressFrom(env: NodeJS.ProcessEnv, variable: string): ListenAddress | null {
  const text = filled(env[variable])
  return text === undefined ? null : parsed(text, variable)
}

const addressesFrom = (text: string): ListenAddress[] =>
  text.split(',').map(one => parsed(one.trim(), 'BERTH_CONTROLLERS'))

function parsed(text: string, variable: string): ListenAddress {
  const address = parseListen(text)
  if (address) return address
  const message = `${variable}: expected an address such as 10.0.0.5:8702, got ${text}`
  throw new Refusal<ConfigRefusal>('InvalidConfig', message, { field: variable })
}
