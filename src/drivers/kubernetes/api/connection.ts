// Requests to one API server over HTTP/1.1: a bounded number of connections for what is asked and answered, and one each for
// what streams. Proxies are Node's own: of the kubeconfig, else of the environment.
import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as overHttp } from 'node:http'
import { Agent as HttpsAgent, request as overHttps } from 'node:https'
import type { Clock } from '../../../lib/clock.ts'
import { readText } from '../../socket-http.ts'
import { ApiError, away, statusIn } from './api-error.ts'
import { Credentials } from './credentials.ts'
import type { ClusterAccess } from './kubeconfig.ts'

export interface Sent {
  method: string
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  contentType?: string
  accept?: string
  signal: AbortSignal
  /** The answer goes on and on: it must not take the place of others. */
  streams?: boolean
}

const socketsMax = 48
const keepAliveMs = 30_000

export interface ConnectionOptions {
  clock: Clock
  env: NodeJS.ProcessEnv
}

export class Connection {
  readonly server: string
  readonly #access: ClusterAccess
  readonly #credentials: Credentials
  readonly #agents: { asked: HttpAgent; streams: HttpAgent }

  constructor(access: ClusterAccess, { clock, env }: ConnectionOptions) {
    this.server = access.server.href
    this.#access = access
    this.#credentials = new Credentials(access, clock, env)
    const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = env
    const { proxyUrl } = access
    const proxyEnv =
      proxyUrl === null
        ? { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy }
        : { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl }
    const Agent = access.server.protocol === 'https:' ? HttpsAgent : HttpAgent
    const options = { keepAlive: true, keepAliveMsecs: keepAliveMs, proxyEnv }
    this.#agents = {
      asked: new Agent({ ...options, maxSockets: socketsMax, maxFreeSockets: 4 }),
      streams: new Agent({ ...options, maxFreeSockets: 0 }),
    }
  }

  close(): void {
    this.#agents.asked.destroy()
    this.#agents.streams.destroy()
  }

  /** The answer's head; an `ApiError` for a status from 400, `KubernetesAway` where there is none. */
  async send(sent: Sent): Promise<IncomingMessage> {
    const answer = await this.#once(sent)
    if (answer.statusCode !== 401 || !this.#credentials.refused()) return this.#checked(answer)
    answer.resume()
    return this.#checked(await this.#once(sent))
  }

  async text(sent: Sent): Promise<string> {
    const answer = await this.send(sent)
    return readText(answer).catch(error => {
      throw away(this.server, error)
    })
  }

  async #once({
    method,
    path,
    query = {},
    body,
    contentType,
    accept,
    signal,
    streams,
  }: Sent): Promise<IncomingMessage> {
    const { headers, certificate } = await this.#credentials.proof()
    const { server, ca, serverName, skipTlsVerify, impersonates } = this.#access
    const target = new URL(server)
    target.pathname = target.pathname.replace(/\/$/, '') + path
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) target.searchParams.set(name, String(value))
    const text = body === undefined ? undefined : JSON.stringify(body)
    const typed =
      text === undefined
        ? {}
        : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(text) }
    const options = {
      ...{ method, signal, agent: streams ? this.#agents.streams : this.#agents.asked },
      headers: {
        ...{ accept: accept ?? 'application/json', 'user-agent': 'berth', ...headers, ...typed },
        ...(impersonates === null ? {} : { 'impersonate-user': impersonates }),
      },
      ...(ca === null ? {} : { ca }),
      ...(certificate ?? {}),
      ...(serverName === null ? {} : { servername: serverName }),
      ...(skipTlsVerify ? { rejectUnauthorized: false } : {}),
    }
    try {
      const sending = server.protocol === 'https:' ? overHttps(target, options) : overHttp(target, options)
      sending.end(text)
      const [answer] = (await once(sending, 'response')) as [IncomingMessage]
      return answer
    } catch (error) {
      throw away(this.server, signal.reason ?? error)
    }
  }

  async #checked(answer: IncomingMessage): Promise<IncomingMessage> {
    const status = answer.statusCode ?? 500
    if (status < 400) return answer
    const text = await readText(answer).catch(() => '')
    const after = Number(answer.headers['retry-after'])
    throw new ApiError(status, statusIn(text), Number.isFinite(after) ? after * 1_000 : null)
  }
}
