// The role `api`: answers requests, and runs no reconciler. What it writes down, controllers find; it tells them to look.
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { consoleRoutes } from '../api/console.ts'
import type { ApiContext } from '../api/context.ts'
import { easRoutes } from '../api/eas/eas.ts'
import { EventStreams } from '../api/event-streams.ts'
import { oidcRoutes } from '../api/oidc.ts'
import { openApiDocument } from '../api/openapi.ts'
import { sendsOff } from '../api/send-off.ts'
import { createServer, mountRoutes } from '../api/server.ts'
import { TlsFiles } from '../api/tls-files.ts'
import { routes } from '../api/v1/routes.ts'
import { type Config, isLoopback } from '../config/config.ts'
import { EventTail } from '../events/event-tail.ts'
import type { FirstKeys } from '../identity/bootstrap.ts'
import { OidcClient } from '../identity/oidc-client.ts'
import { portOf } from '../lib/listen.ts'
import { credentialsPath } from '../processes/run-state.ts'
import { Loop } from '../reconcile/loop.ts'
import type { Nudge, Shared } from './shared.ts'

export interface ApiRole {
  app: FastifyInstance
  loops: Loop[]
  apiUrl: string
  /** Reads the certificate again, if there is one. */
  reloadTls(): object
  /** Connections that are kept leave with their next answer: some while before `close`. Resolves once there is none. */
  leave(): Promise<void>
  close(): Promise<void>
}

/** `nudge`: tells the loops of controllers; `wakeEvents`: those of this process that follow events. */
export async function openApi(shared: Shared, nudge: Nudge, wakeEvents: () => void): Promise<ApiRole> {
  const { ctx, config, passwords, keys } = shared
  const { log, random } = ctx
  const tail = new EventTail(ctx.db, wakeEvents)
  const eventStreams = new EventStreams({ ctx, tail })
  const loops = [
    // What another process writes is seen at the next look; what this one writes, at once.
    new Loop({ name: 'events', log, everyMs: 500, run: () => tail.read() }),
    new Loop({ name: 'event-streams', log, everyMs: 2_000, run: () => eventStreams.review() }),
  ]
  const oidc = config.oidc && new OidcClient(config.oidc, log)
  const own = { ctx, box: ctx.box, passwords, oidc, eventStreams }
  const api: ApiContext = { ...own, nudge: () => nudge(), settings: settingsOf(config) }
  const tls = config.tls && new TlsFiles(config.tls, log)
  const app = createServer(api, { tls: tls?.pair ?? null, trustedProxies: config.trustedProxies })
  const reloadTls = () => ({ found: tls ? 1 : 0, changed: tls?.reload(app.server) ? 1 : 0 })
  if (tls) loops.push(new Loop({ name: 'tls', log, everyMs: 5_000, run: async () => reloadTls() }))
  const leave = sendsOff(app)
  oidcRoutes(app, api)
  mountRoutes(app, api, routes)
  const document = openApiDocument(routes, config.version)
  app.get('/openapi.json', () => document)
  easRoutes(app, api)
  consoleRoutes(app, random)
  await app.listen({ host: config.listen.api.host, port: config.listen.api.port })
  const apiUrl = `${tls ? 'https' : 'http'}://${config.listen.api.host}:${portOf(app.server) ?? config.listen.api.port}`
  if (keys) writeCredentials(config.dataDir, apiUrl, keys)
  return { app, loops, apiUrl, reloadTls, leave, close: () => app.close() }
}

const exampleModel = fileURLToPath(new URL('../../examples/digits/model.onnx', import.meta.url))

const settingsOf = (config: Config): ApiContext['settings'] => ({
  currency: config.currency,
  billingZone: config.billingZone,
  operatorContact: config.operatorContact,
  gatewayUrl: `http://${config.listen.gateway.host}:${config.listen.gateway.port}`,
  exampleModelPath: existsSync(exampleModel) ? exampleModel : null,
  version: config.version,
  loopback: isLoopback(config.listen.api),
})

/** What the command line uses on this host; the secrets are shown nowhere else, ever. */
export function writeCredentials(dataDir: string, apiUrl: string, keys: FirstKeys): void {
  const of = ({ accessKeyId, secret, accountId, account, user, password }: FirstKeys['owner']) => ({
    ...{ accessKeyId, secret, accountId },
    // For the sign-in of the console; `berth user reset-password` makes another.
    ...{ account, user, password },
  })
  const text = JSON.stringify({ apiUrl, owner: of(keys.owner), operator: of(keys.operator) }, null, 2)
  writeFileSync(credentialsPath(dataDir), `${text}\n`, { mode: 0o600 })
}
