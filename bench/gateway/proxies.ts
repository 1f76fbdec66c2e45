// What is measured side by side: nginx, HAProxy, a proxy of node:http and Berth's gateway, one process each on one core, before
// the same upstream (nginx, on the other core beside the load), all with connections kept on both sides.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { silentLog } from '../../src/lib/log.ts'
import { gatewayNodeArgs } from '../../src/lib/node-args.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import { accessKey, childrenOf, cpuSecondsOf, freePort, nginxFrame, Processes, proxyCore } from './processes.ts'

export interface Candidate {
  name: string
  port: number
  /** Of all its processes that serve. */
  cpuSeconds(): number
}

export class Stage {
  readonly proxies: Candidate[] = []
  readonly #dir: string
  readonly #processes: Processes
  #routes: RouteServer | null = null

  constructor(dir: string) {
    this.#dir = dir
    this.#processes = new Processes(dir)
  }

  async open(): Promise<void> {
    const upstream = await this.#processes.upstream()
    await this.#addNginx(upstream)
    await this.#addHaproxy(upstream)
    await this.#addNode('node:http', 'node-proxy.ts', [String(upstream)])
    await this.#addBerth(upstream)
  }

  async close(): Promise<void> {
    await this.#routes?.close()
    await this.#processes.close()
  }

  async #addNginx(upstream: number): Promise<void> {
    const port = await freePort()
    const child = await this.#processes.nginx('nginx', nginxConfig(port, upstream), port, proxyCore)
    this.proxies.push({ name: 'nginx', port, cpuSeconds: () => cpuSecondsOf(childrenOf(child.pid)) })
  }

  async #addHaproxy(upstream: number): Promise<void> {
    const port = await freePort()
    const file = join(this.#dir, 'haproxy.cfg')
    writeFileSync(file, haproxyConfig(port, upstream))
    const child = await this.#processes.start(proxyCore, 'haproxy', ['-db', '-f', file], port)
    this.proxies.push({ name: 'haproxy', port, cpuSeconds: () => cpuSecondsOf([child.pid ?? 0]) })
  }

  async #addNode(name: string, program: string, args: string[], nodeArgs: readonly string[] = []): Promise<void> {
    const { port, child } = await this.#processes.node(program, args, nodeArgs)
    this.proxies.push({ name, port, cpuSeconds: () => cpuSecondsOf([child.pid ?? 0]) })
  }

  /** With all that a service may have: its key asked for, limits that are counted and never reached, figures reported. */
  async #addBerth(upstream: number): Promise<void> {
    const path = join(this.#dir, 'control.sock')
    const route: ServiceRoute = {
      ...{ serviceId: 'eas-m-1', name: 'bench', accountId: '1', accessKeys: [accessKey], status: 'Running' },
      endpoints: [{ instanceId: 'eas-m-1-i1', host: '127.0.0.1', port: upstream }],
      limits: { requestTimeoutMs: 20_000, rateLimit: 10_000_000, maxInFlight: 100_000, bodyMax: 64 * 2 ** 20 },
    }
    let obeyed: () => void = () => {}
    const obeys = new Promise<void>(resolve => {
      obeyed = resolve
    })
    this.#routes = new RouteServer({
      path,
      log: silentLog,
      snapshot: () => ({ generation: 1, services: [route] }),
      onAck: () => obeyed(),
    })
    await this.#routes.listen()
    await this.#addNode('berth', 'berth-gateway.ts', [path, join(this.#dir, 'routes.ndjson')], gatewayNodeArgs)
    await obeys
  }
}

const nginxConfig = (port: number, upstream: number): string =>
  nginxFrame(`  upstream service { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }`)

const haproxyConfig = (port: number, upstream: number): string => `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 75s
  option http-keep-alive
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:${port} backlog 4096
  default_backend service
backend service
  server one 127.0.0.1:${upstream}
`
