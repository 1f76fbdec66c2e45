// An API server in memory, over real HTTP: generic by resource, with what matters of the real one done for real (versions,
// conflicts, watches and their ends, apply, eviction, deletion with grace). Nothing runs behind it: no controller, no
// scheduler, no kubelet. Tests play those by writing what they would write.
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import type { AnyObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { type Asked, askedOf } from './address.ts'
import { refuseEviction } from './eviction.ts'
import { Faults } from './faults.ts'
import { answerList, answerWatch, OpenWatches } from './reading.ts'
import { badRequest, notFound, Refused } from './status.ts'
import { Store } from './store.ts'
import { type DeleteBody, Writing } from './writing.ts'

export interface DoubleOptions {
  /** With these it speaks TLS. */
  tls?: { cert: string; key: string }
  /** Who may ask; anybody, unless given. */
  mayAsk?: (request: IncomingMessage) => boolean
  version?: string
}

export class KubernetesDouble {
  readonly store = new Store()
  readonly faults = new Faults()
  readonly watches = new OpenWatches(this.store)
  /** By `namespace/name`; `:previous` at the end for the container before. */
  readonly logs = new Map<string, string>()
  /** A kubelet that answers for logs in place of those; false: it knows no such pod. */
  answerLog: ((key: string, query: URLSearchParams, res: ServerResponse) => boolean) | null = null
  /** How often it was asked, such as `list nodes`, and how often it refused, such as `refused 409`. */
  readonly requests = new Map<string, number>()
  /** Groups of custom resources and their versions, as discovery tells them. */
  readonly groups = new Map<string, string[]>()
  /** What a review of one's own permissions answers. */
  allows: (attributes: Record<string, string>) => boolean = () => true
  readonly #writing = new Writing(this.store)
  readonly #options: DoubleOptions
  readonly #sockets = new Set<Socket>()
  #server: HttpServer | null = null
  #port = 0

  constructor(options: DoubleOptions = {}) {
    this.#options = options
    for (const name of ['default', 'kube-system'])
      this.store.write('/namespaces', { ...named('v1', 'Namespace', name), status: { phase: 'Active' } })
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`
  }

  /** After `down` it comes back at the same address, with everything it had. */
  async up(): Promise<void> {
    const handle = (req: IncomingMessage, res: ServerResponse) => void this.#handle(req, res)
    const server = this.#options.tls ? createTlsServer(this.#options.tls, handle) : createServer(handle)
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    const listening = Promise.withResolvers<void>()
    server.once('error', listening.reject)
    server.listen(this.#port, '127.0.0.1', listening.resolve)
    await listening.promise
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async down(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = Promise.withResolvers<void>()
    server.close(() => closed.resolve())
    for (const socket of this.#sockets) socket.destroy()
    await closed.promise
  }

  async restart(): Promise<void> {
    await this.down()
    await this.up()
  }

  /** As a kubeconfig that has no secret in it. */
  kubeconfig(): string {
    const cluster = { name: 'double', cluster: { server: this.url } }
    const context = { name: 'double', context: { cluster: 'double', user: 'nobody' } }
    const lists = { clusters: [cluster], contexts: [context], users: [{ name: 'nobody', user: {} }] }
    return JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...lists, 'current-context': 'double' })
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const body = await textOf(req)
      const asked = askedOf(req)
      if (asked === null) return this.#answerOther(req, res)
      this.#count(`${asked.verb} ${asked.plural}${asked.subresource ? `/${asked.subresource}` : ''}`)
      const fault = this.faults.next(asked)
      if (fault?.kind === 'status') {
        const details = fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }
        throw new Refused(fault.code, fault.code === 429 ? 'TooManyRequests' : 'InternalError', 'a fault', details)
      }
      if (fault?.kind === 'wait') await fault.until
      if (fault?.kind === 'cut' && !fault.done) return void req.socket.destroy()
      if (this.#options.mayAsk?.(req) === false) throw new Refused(401, 'Unauthorized', 'Unauthorized')
      if (fault?.kind === 'cut') {
        this.#answer(asked, body, req, null)
        req.socket.destroy()
      } else this.#answer(asked, body, req, res)
    } catch (error) {
      if (error instanceof Refused) this.#count(`refused ${error.code}`)
      refuse(res, error)
    }
  }

  /** Nothing here waits: each request is done in one piece. Without `res` it is done and not answered. */
  #answer(asked: Asked, body: string, req: IncomingMessage, res: ServerResponse | null): void {
    if (asked.verb === 'list') answerList(this.store, asked, res)
    else if (asked.verb === 'watch') answerWatch(this.watches, asked, res)
    else if (asked.subresource === 'log') this.#answerLog(asked, res)
    else {
      const object = (): AnyObject => parsed(body) as AnyObject
      const { code, object: made } = this.#write(asked, object, req.headers['content-type'] ?? '')
      if (res) json(res, code, { ...typed(asked), ...made })
    }
  }

  #write(asked: Asked, body: () => AnyObject, contentType: string): { code: number; object: AnyObject } {
    switch (asked.verb) {
      case 'create':
        if (asked.subresource === 'eviction') return this.#evict(asked, body())
        if (asked.subresource === 'binding') return this.#bind(asked, body())
        if (asked.plural === 'selfsubjectaccessreviews') return this.#review(body())
        return this.#writing.create(asked, body())
      case 'update':
        return this.#writing.update(asked, body())
      case 'patch':
        return this.#writing.patch(asked, contentType, body())
      case 'delete':
        return this.#writing.delete(asked, body() as DeleteBody)
      case 'deletecollection':
        return this.#writing.deleteAll(asked, body() as DeleteBody)
      case 'get':
        return { code: 200, object: this.#must(asked) }
      default:
        throw badRequest(`this double does not ${asked.verb}`)
    }
  }

  #evict(asked: Asked, body: AnyObject): { code: number; object: AnyObject } {
    const pod = this.#must(asked)
    const ended = ['Succeeded', 'Failed', 'Pending'].includes((pod.status as { phase?: string })?.phase ?? '')
    if (!ended && pod.metadata.deletionTimestamp === undefined) refuseEviction(this.store, pod)
    const options = (body.deleteOptions ?? {}) as { gracePeriodSeconds?: number }
    return { code: 201, object: this.#writing.deleteObject(asked.kind, pod, options) }
  }

  #bind(asked: Asked, body: AnyObject): { code: number; object: AnyObject } {
    const pod = this.#must(asked)
    const { name: nodeName } = (body as { target?: { name?: string } }).target ?? {}
    return { code: 201, object: this.store.write(asked.kind, { ...pod, spec: { ...(pod.spec as object), nodeName } }) }
  }

  #review(body: AnyObject): { code: number; object: AnyObject } {
    const spec = body.spec as { resourceAttributes?: Record<string, string> }
    const allowed = this.allows(spec.resourceAttributes ?? {})
    return { code: 201, object: { ...body, metadata: { ...body.metadata }, status: { allowed } } }
  }

  #answerLog(asked: Asked, res: ServerResponse | null): void {
    this.#must(asked)
    if (res && this.answerLog?.(`${asked.namespace}/${asked.name}`, asked.query, res)) return
    const key = `${asked.namespace}/${asked.name}${asked.query.get('previous') === 'true' ? ':previous' : ''}`
    const text = this.logs.get(key)
    if (text === undefined) throw badRequest(`container in pod "${asked.name}" is waiting to start`)
    const lines = text.split('\n')
    const tail = Number(asked.query.get('tailLines') ?? Number.POSITIVE_INFINITY) + (text.endsWith('\n') ? 1 : 0)
    res?.writeHead(200, { 'content-type': 'text/plain' }).end(lines.slice(-Math.min(tail, lines.length)).join('\n'))
  }

  #answerOther(req: IncomingMessage, res: ServerResponse): void {
    const path = req.url?.split('?')[0]
    const group = path?.replace('/apis/', '') ?? ''
    const [major, minor] = (this.#options.version ?? '1.36').split('.')
    if (path === '/version') json(res, 200, { major, minor, gitVersion: `v${major}.${minor}.0` })
    else if (this.groups.has(group)) json(res, 200, groupOf(group, this.groups.get(group) ?? []))
    else if (path === '/livez' || path === '/readyz') res.writeHead(200).end('ok')
    else throw notFound('paths', path ?? '')
  }

  #must({ kind, namespace, name = '', plural }: Asked): AnyObject {
    const found = this.store.find(kind, namespace === undefined ? name : `${namespace}/${name}`)
    if (!found) throw notFound(plural, name)
    return found
  }

  #count(what: string): void {
    this.requests.set(what, (this.requests.get(what) ?? 0) + 1)
  }
}

const named = (apiVersion: string, kind: string, name: string): AnyObject => ({ apiVersion, kind, metadata: { name } })

const groupOf = (name: string, versions: string[]): object => ({
  ...{ apiVersion: 'v1', kind: 'APIGroup', name },
  versions: versions.map(version => ({ groupVersion: `${name}/${version}`, version })),
})

const typed = ({ group, version }: Asked): object => ({ apiVersion: group === '' ? version : `${group}/${version}` })

function parsed(body: string): unknown {
  try {
    return body === '' ? {} : JSON.parse(body)
  } catch {
    throw badRequest('the body is no JSON')
  }
}

function json(res: ServerResponse, code: number, body: object): void {
  res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(res: ServerResponse, error: unknown): void {
  const refused = error instanceof Refused ? error : new Refused(500, 'InternalError', String(error))
  const { retryAfterSeconds } = refused
  if (retryAfterSeconds !== undefined) res.setHeader('retry-after', String(retryAfterSeconds))
  json(res, refused.code, refused.body())
}
