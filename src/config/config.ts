// The configuration, typed: berth.yaml, then the environment. The only reader of `process.env`.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ModelSettings } from '../agent/models/model-settings.ts'
import type { CatalogConfig } from '../catalog/catalog-config.ts'
import { dataDirectory } from '../data-directory.ts'
import type { DockerSettings } from '../drivers/docker/settings.ts'
import type { AccessLogSettings } from '../gateway/figures/access-log.ts'
import type { GatewayLimits } from '../gateway/limits.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import type { AllowedPath } from '../lib/mounts.ts'
import type { TlsPaths } from '../lib/tls-pair.ts'
import type { MailConfig } from '../notices/mail.ts'
import type { WebhookConfig } from '../notices/webhook.ts'
import type { DiskLimits } from '../services/disk/disk-pressure.ts'
import { defaultConfigYaml, type HostFacts, hostFacts } from './default.ts'
import { accessLogOf, gatewayLimitsOf } from './gateway.ts'
import { type KubernetesConfig, kubernetesOf } from './kubernetes.ts'
import type { ModelsFile } from './models.ts'
import { type RolesConfig, rolesOf } from './roles.ts'
import { type ConfigFile, type ConfigRefusal, type ListenAddress, parseConfigFile, parseListen } from './schema.ts'

export type { ListenAddress } from './schema.ts'

export interface Config {
  version: string
  /** Database, logs, keys: everything that `berth uninstall --data` removes. */
  dataDir: string
  /** Sockets and what runs now. */
  runtimeDir: string
  /** Where berth.yaml is or would be. */
  configPath: string
  /** False: there is no file, and what is used is derived from this host. */
  fromFile: boolean
  currency: string
  billingZone: string
  operatorContact: string
  /** `gatewayTls` null: the gateway has no port for TLS. */
  listen: { api: ListenAddress; gateway: ListenAddress; gatewayTls: ListenAddress | null }
  /** null: the embedded PostgreSQL. */
  databaseUrl: string | null
  /** How roles that run apart find each other. */
  roles: RolesConfig
  gatewayWorkers: number
  /** What clients may ask of the gateway. */
  gatewayLimits: Partial<GatewayLimits>
  /** Of its TLS port; the first is for clients that ask for no name that is known. */
  gatewayCertificates: readonly TlsPaths[]
  /** How a gateway that is started here joins others. */
  gateway: GatewayPlace
  /** Where Prometheus finds figures, null: nowhere; and how many services are told of by themselves. */
  metrics: { listen: ListenAddress | null; servicesMax: number }
  /** null: requests are not logged. */
  accessLog: AccessLogSettings | null
  /** Files with the certificate chain and the key of the API; null: plain HTTP. */
  tls: TlsPaths | null
  /** Whose X-Forwarded-… headers are believed. */
  trustedProxies: readonly string[]
  oidc: OidcConfig | null
  /** Where notices are delivered to; null: nowhere. */
  webhook: WebhookConfig | null
  /** By which mail server, and to whom; null: they are not mailed. */
  mail: MailConfig | null
  /** Where models may come from. */
  models: ModelSettings
  /** Directories of this host that services may mount. */
  storage: readonly AllowedPath[]
  /** How much of a disk is to be free. */
  disk: DiskLimits
  /** How containers are run, where a region has the engine docker. */
  docker: DockerSettings
  /** The cluster, where a region has the engine kubernetes. */
  kubernetes: KubernetesConfig
  catalog: CatalogConfig
}

export interface GatewayPlace {
  /** Names its members and the file of its routes: no other's that serves at the same time. */
  name: string
  /** It accepts from sockets that it is given, from descriptor 3 on; else it binds them itself. */
  inherits: boolean
  /** It comes beside or after others on that socket: accepts nothing before it has routes. */
  takesOver: boolean
}

export interface OidcConfig {
  issuer: string
  clientId: string
  clientSecret: string | null
  scope: string
  redirectUrl: string | null
  emailClaim: string
  trustEmail: boolean
}

export interface LoadConfigOptions {
  env?: NodeJS.ProcessEnv
  /** Of berth.yaml: given on the command line. Must exist then. */
  path?: string
  host?: HostFacts
}

/** The environment of this process, for children that are started with more. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env

export function loadConfig({ env = process.env, path, host = hostFacts() }: LoadConfigOptions = {}): Config {
  const given = path ?? filled(env.BERTH_CONFIG)
  const home = filled(env.BERTH_HOME)
  const configPath = resolve(given ?? join(home ?? dataDirectory('berth', env), 'berth.yaml'))
  const text = readText(configPath, given !== undefined)
  const derived = parseConfigFile(defaultConfigYaml(host), 'default configuration')
  const file = text === null ? derived : parseConfigFile(text, configPath)
  const dataDir = resolve(
    home ?? (file.dataDir ? join(dirname(configPath), file.dataDir) : dataDirectory('berth', env)),
  )
  const listen = {
    api: listenFrom(env, 'BERTH_API_LISTEN') ?? file.listen.api ?? derived.listen.api,
    gateway: listenFrom(env, 'BERTH_GATEWAY_LISTEN') ?? file.listen.gateway ?? derived.listen.gateway,
  }
  const catalog = file.catalog ?? derived.catalog
  invariant(listen.api && listen.gateway && catalog, 'the default configuration is complete')
  const besides = (path: string) => resolve(dirname(configPath), path)
  const pairBesides = ({ certificate, key }: TlsPaths) => ({ certificate: besides(certificate), key: besides(key) })
  const gatewayTls = gatewayTlsOf(file, env, configPath)
  const insecure = env.BERTH_INSECURE === 'true' || (file.insecure ?? false)
  refusePublic('listen.api', listen.api, insecure || file.tls !== undefined, configPath)
  refusePublic('listen.gateway', listen.gateway, insecure, configPath)
  if (file.metrics.listen) refusePublic('metrics.listen', file.metrics.listen, insecure, configPath)
  return {
    version: packageVersion(),
    dataDir,
    runtimeDir: join(dataDir, 'run'),
    configPath,
    fromFile: text !== null,
    currency: file.currency,
    billingZone: file.billingZone,
    operatorContact: file.operatorContact,
    listen: { api: listen.api, gateway: listen.gateway, gatewayTls },
    databaseUrl: filled(env.DATABASE_URL) ?? null,
    roles: rolesOf(file, env, configPath),
    gatewayWorkers: file.gatewayWorkers ?? Math.min(host.cores, 4),
    gatewayLimits: gatewayLimitsOf(file.gateway),
    gatewayCertificates: file.gateway.tls.map(pairBesides),
    gateway: gatewayPlaceOf(env, gatewayTls),
    accessLog: accessLogOf(file.gateway),
    metrics: { listen: file.metrics.listen ?? null, servicesMax: file.metrics.services ?? 1_000 },
    tls: file.tls ? pairBesides(file.tls) : null,
    trustedProxies: file.trustedProxies,
    oidc: oidcOf(file.oidc, filled(env.BERTH_OIDC_CLIENT_SECRET)),
    mail: mailOf(file.notices.smtp, filled(env.BERTH_SMTP_PASSWORD), configPath),
    docker: dockerOf(file.docker),
    kubernetes: kubernetesOf(file.kubernetes, besides, file.models.allowPrivate),
    models: modelsOf(file.models, env, configPath),
    storage: file.storage.allow,
    disk: { lowPercent: file.disk.low, criticalPercent: file.disk.critical },
    webhook: webhookOf(file.notices.webhook, filled(env.BERTH_WEBHOOK_SECRET), configPath),
    catalog,
  }
}

/** The address and the certificates are of no use without each other. */
function gatewayTlsOf({ listen, gateway }: ConfigFile, env: NodeJS.ProcessEnv, file: string): ListenAddress | null {
  const address = listenFrom(env, 'BERTH_GATEWAY_TLS_LISTEN') ?? listen.gatewayTls ?? null
  const refuse = (field: string, message: string) =>
    new Refusal<ConfigRefusal>('InvalidConfig', `${file}: ${field}: ${message}`, { file, field })
  if (address === null && gateway.tls.length > 0) {
    throw refuse('listen.gatewayTls', 'name the address at which the certificates of gateway.tls are shown')
  }
  if (address !== null && gateway.tls.length === 0) {
    throw refuse('gateway.tls', 'name at least one certificate and its key for the port of listen.gatewayTls')
  }
  if (address?.port === 0) throw refuse('listen.gatewayTls', 'name a port: clients must know it')
  return address
}

/**
 * Our own supervisor says BERTH_GATEWAY_FDS, how many; systemd says LISTEN_FDS, and to whom. Both count from 3: the plain port,
 * then the one for TLS.
 */
function gatewayPlaceOf(env: NodeJS.ProcessEnv, tls: ListenAddress | null): GatewayPlace {
  const activated = filled(env.LISTEN_FDS) !== undefined && env.LISTEN_PID === String(process.pid)
  const variable = activated ? 'LISTEN_FDS' : 'BERTH_GATEWAY_FDS'
  const given = filled(env[variable])
  const wanted = tls === null ? 1 : 2
  if (given !== undefined && Number(given) !== wanted) {
    const way = activated
      ? 'name each port once, the plain one first, as a ListenStream of its .socket unit'
      : 'listen.gatewayTls changes with `berth down` and `berth up` only'
    const message = `${variable}: ${given} sockets were given, and the gateway has ${wanted} ports by berth.yaml: ${way}`
    throw new Refusal<ConfigRefusal>('InvalidConfig', message, { field: variable })
  }
  const name = filled(env.BERTH_GATEWAY_NAME) ?? 'gateway'
  if (!/^[a-z0-9-]{1,40}$/.test(name)) {
    const message = `BERTH_GATEWAY_NAME: expected at most 40 of a-z, 0-9 and -, got ${name}`
    throw new Refusal<ConfigRefusal>('InvalidConfig', message, { field: 'BERTH_GATEWAY_NAME' })
  }
  return { name, inherits: given !== undefined, takesOver: env.BERTH_GATEWAY_TAKES_OVER === 'true' }
}

const dockerOf = ({ socket, ...rest }: ConfigFile['docker']): DockerSettings => ({ socketPath: socket, ...rest })

/** A store's secret may come from `BERTH_STORE_<NAME>_SECRET`. */
function modelsOf({ allowPrivate, stores }: ModelsFile, env: NodeJS.ProcessEnv, file: string): ModelSettings {
  const named = Object.entries(stores).map(([name, { accessKeyId: id, secretAccessKey, pathStyle, ...store }]) => {
    const variable = `BERTH_STORE_${name.toUpperCase()}_SECRET`
    const secret = filled(env[variable]) ?? secretAccessKey
    if (id !== undefined && secret === undefined) {
      const field = `models.stores.${name}.secretAccessKey`
      const message = `${file}: ${field}: give the secret of ${id}, here or in ${variable}`
      throw new Refusal<ConfigRefusal>('InvalidConfig', message, { file, field })
    }
    const accessKey = id === undefined || secret === undefined ? null : { id, secret }
    return { ...store, name, accessKey, pathStyle: pathStyle ?? !store.endpoint.endsWith('.aliyuncs.com') }
  })
  return { allowPrivate, stores: named }
}

/** The secret may come from the environment: berth.yaml is read by more people. */
function oidcOf(oidc: ConfigFile['oidc'], secret: string | undefined): OidcConfig | null {
  if (oidc === undefined) return null
  return { ...oidc, clientSecret: secret ?? oidc.clientSecret ?? null, redirectUrl: oidc.redirectUrl ?? null }
}

function webhookOf(
  webhook: ConfigFile['notices']['webhook'],
  secret: string | undefined,
  file: string,
): WebhookConfig | null {
  if (webhook === undefined) return null
  const key = secret ?? webhook.secret
  if (key !== undefined) return { url: webhook.url, secret: key }
  throw new Refusal<ConfigRefusal>(
    'InvalidConfig',
    `${file}: notices.webhook.secret: give the key that notices are signed with, here or in BERTH_WEBHOOK_SECRET`,
    { file, field: 'notices.webhook.secret' },
  )
}

const smtpPorts = { implicit: 465, starttls: 587, none: 25 } as const

function mailOf(smtp: ConfigFile['notices']['smtp'], secret: string | undefined, file: string): MailConfig | null {
  if (smtp === undefined) return null
  const { host, port, tls, user, from, to, ca } = smtp
  const password = secret ?? smtp.password
  if (user !== undefined && password === undefined) {
    throw new Refusal<ConfigRefusal>(
      'InvalidConfig',
      `${file}: notices.smtp.password: give the password of ${user}, here or in BERTH_SMTP_PASSWORD`,
      { file, field: 'notices.smtp.password' },
    )
  }
  return {
    ...{ host, port: port ?? smtpPorts[tls], tls, from, to },
    login: user !== undefined && password !== undefined ? { user, password } : null,
    ca: ca === undefined ? null : readText(resolve(dirname(file), ca), true),
  }
}

/** An empty variable is as good as none. */
const filled = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text)

/** null: no file, which is an answer unless the path was asked for. */
function readText(path: string, wanted: boolean): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !wanted) return null
    throw new Refusal<ConfigRefusal>('InvalidConfig', `${path}: can't be read (${code}); check the path and its mode`, {
      file: path,
    })
  }
}

function listenFrom(env: NodeJS.ProcessEnv, variable: string): ListenAddress | null {
  const text = filled(env[variable])
  if (text === undefined) return null
  const address = parseListen(text)
  if (address) return address
  throw new Refusal<ConfigRefusal>(
    'InvalidConfig',
    `${variable}: expected an address such as 127.0.0.1:8700, got ${text}`,
    {
      field: variable,
    },
  )
}

export const isLoopback = ({ host }: ListenAddress): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** Credentials and requests would cross the network in the clear: that is only done when it is said. */
function refusePublic(field: string, address: ListenAddress, insecure: boolean, file: string): void {
  if (insecure || isLoopback(address)) return
  throw new Refusal<ConfigRefusal>(
    'InvalidConfig',
    `${file}: ${field}: ${address.host} can be reached from outside and Berth speaks plain HTTP there. ` +
      'Listen on 127.0.0.1 behind a proxy that ends TLS, give it a certificate (tls for the API; listen.gatewayTls and gateway.tls for the gateway), or say "insecure: true" (BERTH_INSECURE=true) if the network is yours.',
    { file, field },
  )
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
