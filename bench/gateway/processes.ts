// Processes of a benchmark: each on the core it is given, started and waited for, ended with the benchmark.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gatewayNodeArgs } from '../../src/lib/node-args.ts'

export const accessKey = 'easg_0123456789abcdefghijklmnopqrstuv'
export const smallBytes = 1024
export const largeBytes = 2 ** 20
export const proxyCore = 0
export const loadCore = 1

export class Processes {
  readonly #dir: string
  readonly #children: ChildProcess[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The port of an nginx that answers itself. */
  async upstream(name = 'upstream'): Promise<number> {
    const port = await freePort()
    await this.nginx(name, upstreamConfig(port, this.#dir), port, loadCore)
    return port
  }

  /** Berth's, as one process, connected to control's socket at `path`. */
  async gateway(gatewayId: string, path: string, routesFile: string): Promise<{ port: number; pid: number }> {
    const { port, child } = await this.node('berth-gateway.ts', [path, routesFile, gatewayId], gatewayNodeArgs)
    return { port, pid: child.pid ?? 0 }
  }

  async node(
    program: string,
    args: string[],
    nodeArgs: readonly string[] = [],
  ): Promise<{ port: number; child: ChildProcess }> {
    const port = await freePort()
    const file = fileURLToPath(new URL(program, import.meta.url))
    const argv = ['--disable-warning=ExperimentalWarning', ...nodeArgs, file, String(port), ...args]
    return { port, child: await this.start(proxyCore, process.execPath, argv, port) }
  }

  nginx(name: string, config: string, port: number, core: number): Promise<ChildProcess> {
    const prefix = join(this.#dir, name)
    mkdirSync(prefix)
    writeFileSync(join(prefix, 'nginx.conf'), config)
    return this.start(core, 'nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'error.log'], port)
  }

  /** Ends once it listens. */
  async start(core: number, program: string, args: string[], port: number): Promise<ChildProcess> {
    const child = spawn('taskset', ['-c', String(core), program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
    this.#children.push(child)
    await answersAt(port, child)
    return child
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

export async function answersAt(port: number, child: ChildProcess): Promise<void> {
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
export function cpuSecondsOf(pids: number[]): number {
  const ticks = pids.map(pid => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / 100
}

export function childrenOf(pid: number | undefined): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
      .split(' ')
      .filter(text => text !== '')
      .map(Number),
  )
}

export const nginxFrame = (http: string): string => `daemon off;
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
  mkdirSync(join(dir, 'files'), { recursive: true })
  writeFileSync(join(dir, 'files', 'large'), Buffer.alloc(largeBytes, 'x'), { mode: 0o644 })
  return nginxFrame(`  sendfile on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ /small$ { return 200 "${'x'.repeat(smallBytes)}"; }
    location ~ /large$ { root ${join(dir, 'files')}; rewrite .* /large break; }
  }`)
}
