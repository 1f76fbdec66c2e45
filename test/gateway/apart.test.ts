// The gateway as a process apart from a supervisor: it accepts from the socket that it is given as systemd gives it, and a
// SIGHUP has it start its own successor on the same socket.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { BoundSocket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { berth } from '../installation.ts'
import { aRoute, ask, echo, get, httpUpstream, RawClient, Routes, temporaryDir, until } from './gateway-harness.ts'

const path = '/api/predict/digits'

/** Started as systemd does: its own pid in its environment, the socket as descriptor 3. */
function activated(home: string, fd: number, sockets = 1) {
  const { NODE_CHANNEL_FD: _, ...env } = process.env
  const program = ['-c', `LISTEN_PID=$$ LISTEN_FDS=${sockets} exec "${berth}" serve --role gateway`]
  const child = spawn('sh', program, { env: { ...env, BERTH_HOME: home }, stdio: ['ignore', 'pipe', 'pipe', fd] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (said += bytes))
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return { child, ended, said: () => said }
}

test('it accepts from the socket of its unit, and on SIGHUP leaves it to a new one, once that has routes', async () => {
  const upstream = await httpUpstream(echo)
  const home = temporaryDir()
  mkdirSync(join(home, 'run'))
  writeFileSync(join(home, 'berth.yaml'), 'gatewayWorkers: 1\n')
  const socket = new BoundSocket({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => socket.close())
  const { port } = socket.address()
  const first = activated(home, socket.fd())
  onTestFinished(() => void first.child.kill('SIGKILL'))
  await until(() => first.said().includes('the gateway serves'), 'it serves', 20_000)

  // Neither control nor kept routes: the new one would refuse everybody.
  first.child.kill('SIGHUP')
  await until(() => first.said().includes('this one serves on'), 'it says that it stays', 20_000)
  expect(first.said()).toContain('there are no routes to serve by')
  expect((await ask(port, '/healthz')).status).toBe(200)
  expect((await ask(port, '/readyz')).status).toBe(503)

  const routes = new Routes(join(home, 'run', 'routes.sock'), [aRoute([upstream.endpoint])])
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  await routes.acknowledged(1)
  expect((await ask(port, '/readyz')).status).toBe(200)
  const kept = new RawClient(port).send(get(path))
  await kept.sees('\r\n\r\n')
  const before = new Set(routes.server.gateways().map(one => one.pid))
  first.child.kill('SIGHUP')
  await until(() => first.said().includes('another gateway serves now'), 'another serves', 20_000)
  const pid = Number(/"pid":(\d+),"msg":"another/.exec(first.said())?.[1])
  onTestFinished(() => endOf(pid))
  expect((await ask(port, path)).status).toBe(200)
  kept.send(get(path))
  await kept.end()
  expect(kept.statuses).toEqual(['200', '200'])
  kept.socket.end()
  await first.ended
  await until(() => routes.server.gateways().every(one => !before.has(one.pid)), 'control knows the new one alone')
  expect(routes.server.gateways().map(one => one.gatewayId)).toContain('gateway-2-0')
  expect((await ask(port, path)).status).toBe(200)
}, 60_000)

/** The successor is no child of ours. Told to leave, it ends by itself, since nobody is connected. */
async function endOf(pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR2')
  const lives = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  await until(() => !lives(), 'the successor has ended')
}

test('more sockets than there are ports are refused, with the variable and the way out', async () => {
  const socket = new BoundSocket({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => socket.close())
  const run = activated(temporaryDir(), socket.fd(), 2)
  await run.ended
  expect(run.said()).toContain(
    'LISTEN_FDS: 2 sockets were given, and the gateway has 1 ports by berth.yaml: name each port once',
  )
})
