// What is measured side by side: nginx, HAProxy, a proxy of node:http and Berth's gateway, one process each on one core, before
// the same upstream (nginx, on the other core beside the load), all with connections kept on both sides.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RouteServer } from '../../src/gateway/route-server.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'

export const accessKey = 'easg_0123456789abcdefghijklmnopqrstuv'
export const smallBytes = 1024
export const largeBytes = 2 ** 20
const proxyCore = 0
export const loadCore = 1

export interface Candidate {
  name: string
  port: number
  /** Of all its processes that serve. */
  cpuSeconds(): number
}

export class Stage {
  readonly proxies: Candidate[] = []
  readonly #dir: string
  readonly #children: ChildProcess[] = []
  #routes: RouteServer | null = null

  constructor(dir: string) {
    this.#dir = dir
  }

  async open(): Promise<void> {
    const upstream = await freePort()
    await this.#nginx('upstream', upstreamConfig(upstream, this.#dir), upstream, loadCore)
    await this.#addNginx(upstream)
    await this.#addHaproxy(upstream)
    await this.#addNode('node:http', 'node-proxy.ts', [String(upstream)])
    await this.#addBerth(upstream)
  }

  async close(): Promise<void> {
    await this.#routes?.close()
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }

  async #addNginx(upstream: number): Promise<void> {
    const port = await freePort()
    const child = await this.#nginx('nginx', nginxConfig(port, upstream), port, proxyCore)
    this.proxies.push({ name: 'nginx', port, cpuSeconds: () => cpuSecondsOf(childrenOf(child.pid)) })
  }

  async #addHaproxy(upstream: number): Promise<void> {
    const port = await freePort()
    const file = join(this.#dir, 'haproxy.cfg')
    writeFileSync(file, haproxyConfig(port, upstream))
    const child = await this.#start(proxyCore, 'haproxy', ['-db', '-f', file], port)
    this.proxies.push({ name: 'haproxy', port, cpuSeconds: () => cpuSecondsOf([child.pid ?? 0]) })
  }

  async #addNode(name: string, program: string, args: string[]): Promise<void> {
    const port = await freePort()
    const file = fileURLToPath(new URL(program, import.meta.url))
    const argv = ['--disable-warning=ExperimentalWarning', file, String(port), ...args]
    const child = await this.#start(proxyCore, process.execPath, argv, port)
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
    await this.#addNode('berth', 'berth-gateway.ts', [path, join(this.#dir, 'routes.ndjson')])
    await obeys
  }

  #nginx(name: string, config: string, port: number, core: number): Promise<ChildProcess> {
    const prefix = join(this.#dir, name)
    mkdirSync(prefix)
    writeFileSync(join(prefix, 'nginx.conf'), config)
    return this.#start(core, 'nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'error.log'], port)
  }

  async #start(core: number, program: string, args: string[], port: number): Promise<ChildProcess> {
    const child = spawn('taskset', ['-c', String(core), program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
    this.#children.push(child)
    await answersAt(port, child)
    return child
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answersAt(port: number, child: ChildProcess): Promise<void> {
  for (const endMs = performance.now() + 10_000; performance.now() < endMs; await pause(20)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const reached = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (reached) return
  }
  throw new Error(`${child.spawnargs.join(' ')} does not listen on ${port}`)
}

/** Time on a core, from the kernel's own count (clock ticks of 10 ms). */
function cpuSecondsOf(pids: number[]): number {
  const ticks = pids.map(pid => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / 100
}

function childrenOf(pid: number | undefined): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
      .split(' ')
      .filter(text => text !== '')
      .map(Number),
  )
}

const nginxFrame = (http: string): string => `daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  keepalive_requests 100000000; keepalive_timeout 75s;
  client_max_body_size 64m;
${http}
}
`

function upstreamConfig(port: number, dir: string): string {
  mkdirSync(join(dir, 'files'))
  writeFileSync(join(dir, 'files', 'large'), Buffer.alloc(largeBytes, 'x'), { mode: 0o644 })
  return nginxFrame(`  sendfile on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ /small$ { return 200 "${'x'.repeat(smallBytes)}"; }
    location ~ /large$ { root ${join(dir, 'files')}; rewrite .* /large break; }
  }`)
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
