// The gateway's port for TLS, beside the one for plain HTTP.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls, { type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../bench/gateway/processes.ts'
import type { GatewayOptions } from '../../src/gateway/gateway.ts'
import { runGateway } from '../../src/gateway/run-gateway.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import { makeCertificate } from '../certificates.ts'
import {
  aRoute,
  echo,
  get,
  httpUpstream,
  key,
  RawClient,
  Routes,
  rawUpstream,
  startWith,
  temporaryDir,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/digits'
let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-gw-tls-'))
  makeCertificate(dir, 'one')
  makeCertificate(dir, 'two', ['models.example'])
  makeCertificate(dir, 'three', ['*.team.example'])
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const certificate = (name: string) => ({ certificate: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) })

async function startTls(routes: ServiceRoute[], names: string[] = ['one'], options: Partial<GatewayOptions> = {}) {
  const certificates = names.map(certificate)
  const started = await startWith(routes, { tls: { host: '127.0.0.1', port: 0, certificates }, ...options })
  return { ...started, tlsPort: started.gateway.tlsAddress?.port ?? 0 }
}

interface SecureClient {
  socket: TLSSocket
  text: () => string
  sees(text: string): Promise<void>
  ended: () => boolean
}

/** Through its handshake, or not: `fails` then. */
async function secure(port: number, options: tls.ConnectionOptions = {}): Promise<SecureClient> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  onTestFinished(() => void socket.destroy())
  let text = ''
  let ended = false
  socket.on('data', data => {
    text += data.toString('latin1')
  })
  socket.on('close', () => {
    ended = true
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.on('error', reject)
  })
  const sees = (wanted: string) => until(() => text.includes(wanted), `the client sees ${wanted}`)
  return { socket, text: () => text, sees, ended: () => ended }
}

const shownTo = async (port: number, servername?: string): Promise<string> => {
  const { socket } = await secure(port, servername === undefined ? {} : { servername })
  return socket.getPeerX509Certificate()?.subject ?? ''
}

test('both ports serve, and an instance is told by which of them it was asked', async () => {
  const upstream = await httpUpstream((request, response) => response.end(String(request.headers['x-forwarded-proto'])))
  const { port, tlsPort } = await startTls([aRoute([upstream.endpoint])])
  const plain = new RawClient(port).send(get(path))
  await plain.sees('\r\n\r\nhttp')
  const client = await secure(tlsPort, { ALPNProtocols: ['h2', 'http/1.1'] })
  expect([client.socket.alpnProtocol, client.socket.getProtocol()]).toEqual(['http/1.1', 'TLSv1.3'])
  client.socket.write(get(path) + get(path))
  await until(() => client.text().match(/\r\n\r\nhttps/g)?.length === 2, 'both answers are there')
  expect(upstream.connections).toBe(1)
})

test('who speaks only HTTP/2, or a TLS of long ago, is refused in the handshake', async () => {
  const { tlsPort } = await startTls([])
  await expect(secure(tlsPort, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/)
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  await expect(secure(tlsPort, old)).rejects.toThrow(/protocol version|EPROTO|ECONNRESET/)
})

test('who speaks plain HTTP to it is told so, in plain HTTP', async () => {
  const { tlsPort } = await startTls([])
  const client = new RawClient(tlsPort).send(get(path))
  await client.end()
  expect(client.statuses).toEqual(['400'])
  expect(client.text).toMatch(/TlsNeeded.*https:\/\//)
})

test('the certificate is that of the name that is asked for, and the first where none is known', async () => {
  const { tlsPort } = await startTls([], ['one', 'two', 'three'])
  expect(await shownTo(tlsPort, 'models.example')).toBe('CN=two')
  expect(await shownTo(tlsPort, 'MODELS.example')).toBe('CN=two')
  expect(await shownTo(tlsPort, 'a.team.example')).toBe('CN=three')
  expect(await shownTo(tlsPort, 'a.b.team.example')).toBe('CN=one')
  expect(await shownTo(tlsPort, 'elsewhere.example')).toBe('CN=one')
  expect(await shownTo(tlsPort)).toBe('CN=one')
})

test('a new certificate is shown to who comes next, for whatever name; connections and streams that are open go on', async () => {
  for (const name of ['first', 'second']) makeCertificate(dir, name, ['fallback.example'])
  for (const name of ['named', 'renamed']) makeCertificate(dir, name, ['named.example'])
  let stream: http.ServerResponse | undefined
  const upstream = await httpUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
    stream = response
  })
  const { gateway, tlsPort } = await startTls([aRoute([upstream.endpoint])], ['first', 'named'])
  const client = await secure(tlsPort)
  client.socket.write(get(path))
  await client.sees('data: 0')
  expect(gateway.reloadTls()).toBe(false)
  for (const end of ['crt', 'key']) {
    copyFileSync(join(dir, `second.${end}`), join(dir, `first.${end}`))
    copyFileSync(join(dir, `renamed.${end}`), join(dir, `named.${end}`))
  }
  expect(gateway.reloadTls()).toBe(true)
  expect([await shownTo(tlsPort), await shownTo(tlsPort, 'named.example')]).toEqual(['CN=second', 'CN=renamed'])
  stream?.write('data: 1\n\n')
  await client.sees('data: 1')
  expect(client.socket.getPeerX509Certificate()?.subject).toBe('CN=first')
  stream?.end()
  await client.sees('0\r\n\r\n')
})

test('a pair that can not be used leaves the one in use, of each name alone', async () => {
  for (const name of ['kept', 'changed', 'next']) makeCertificate(dir, name, [`${name}.example`, 'changed.example'])
  const { gateway, tlsPort } = await startTls([], ['kept', 'changed'])
  writeFileSync(join(dir, 'kept.crt'), 'half a certifi')
  for (const end of ['crt', 'key']) copyFileSync(join(dir, `next.${end}`), join(dir, `changed.${end}`))
  expect(gateway.reloadTls()).toBe(true)
  expect([await shownTo(tlsPort), await shownTo(tlsPort, 'next.example')]).toEqual(['CN=kept', 'CN=next'])
})

test('a certificate without its key is refused at the start, by its field', async () => {
  const certificates = [{ certificate: join(dir, 'one.crt'), key: join(dir, 'two.key') }]
  await expect(startWith([], { tls: { host: '127.0.0.1', port: 0, certificates } })).rejects.toThrow(
    /gateway\.tls\.0: .*one\.crt.*are not a certificate and its key/,
  )
})

test('bodies of 20 MB pass both ways, with back-pressure', async () => {
  const upstream = await httpUpstream(echo)
  const { tlsPort } = await startTls([aRoute([upstream.endpoint])])
  const body = Buffer.alloc(20 * 2 ** 20, 'abcdefg')
  const client = await secure(tlsPort)
  const hash = createHash('sha256')
  let length = -1
  client.socket.removeAllListeners('data')
  client.socket.on('data', (data: Buffer) => {
    const from = length === -1 ? data.indexOf('\r\n\r\n') + 4 : 0
    length = Math.max(0, length) + data.length - from
    hash.update(data.subarray(from))
  })
  const fields = `Host: g\r\nAuthorization: ${key}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
  client.socket.write(`POST ${path} HTTP/1.1\r\n${fields}`)
  client.socket.write(body)
  await until(client.ended, 'the answer is there')
  expect(length).toBeGreaterThanOrEqual(body.length)
})

test('a client that leaves is told to the instance at once', async () => {
  let left = 0
  const upstream = await httpUpstream((_request, response) => void response.on('close', () => left++))
  const { tlsPort, routes } = await startTls([aRoute([upstream.endpoint])])
  for (const leave of ['end', 'destroy'] as const) {
    const client = await secure(tlsPort)
    client.socket.write(get(path))
    await until(() => upstream.requests.length === left + 1, 'the instance is asked')
    const before = left
    client.socket[leave]()
    await until(() => left === before + 1, 'the instance is told')
  }
  await until(() => routes.serviceTraffic('eas-m-1').aborted === 2, 'both are counted')
})

test('an answer without a length that breaks off is cut, and not taken for whole', async () => {
  let socket: net.Socket | undefined
  const upstream = await rawUpstream(one => {
    socket = one
    one.on('data', () => one.write('HTTP/1.1 200 OK\r\n\r\nsome of it'))
  })
  const { tlsPort } = await startTls([aRoute([upstream.endpoint])])
  const client = await secure(tlsPort)
  const errors: (string | undefined)[] = []
  client.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  client.socket.write(get(path))
  await client.sees('some of it')
  socket?.resetAndDestroy()
  await until(client.ended, 'the connection ends')
  expect(errors).toEqual(['ECONNRESET'])
})

test('who does not come to the end of the handshake is closed, and counts for its address until then', async () => {
  const limits = { headTimeoutMs: 300, tickMs: 20, connectionsPerAddress: 2 }
  const { tlsPort } = await startTls([], ['one'], { limits })
  const slow = [new RawClient(tlsPort), new RawClient(tlsPort).send('\x16\x03\x01\x02\x00\x01')]
  await until(() => slow.every(one => !one.socket.connecting), 'both are connected')
  const refused = new RawClient(tlsPort)
  await refused.end()
  expect(Buffer.from(refused.text, 'latin1')).toEqual(Buffer.from([21, 3, 3, 0, 2, 2, 49]))
  await Promise.all(slow.map(one => one.end()))
  for (const one of slow) one.socket.destroy()
  await until(() => slow.every(one => one.closed), 'their places are free')
  expect(await shownTo(tlsPort)).toBe('CN=one')
})

test('a gateway that closes ends idle connections of both ports, and those still at the door', async () => {
  const { gateway, port, tlsPort } = await startTls([])
  const plain = new RawClient(port).send('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
  await plain.sees('serving')
  const client = await secure(tlsPort)
  const atDoor = new RawClient(tlsPort)
  await until(() => !atDoor.socket.connecting, 'it is at the door')
  const closed = gateway.close()
  await Promise.all([plain.end(), atDoor.end(), until(client.ended, 'the TLS connection ends')])
  for (const one of [plain, atDoor]) one.socket.destroy()
  await closed
})

test('a handshake that was yet to begin as the gateway hands over goes on, and its request is answered', async () => {
  const upstream = await httpUpstream(echo)
  const { gateway, tlsPort } = await startTls([aRoute([upstream.endpoint])])
  const tcp = net.connect(tlsPort, '127.0.0.1')
  const later = await secure(tlsPort) // Accepted after the other one, which is too by now.
  const over = gateway.handOver(60_000)
  const client = await secure(tlsPort, { socket: tcp })
  for (const { socket, sees } of [client, later]) {
    socket.write(get(path))
    await sees('200 OK')
    await sees('onnection: close')
  }
  await over
})

test('workers share both ports', async () => {
  const upstream = await httpUpstream(echo)
  const here = temporaryDir()
  const routes = new Routes(`${here}/c.sock`, [aRoute([upstream.endpoint])])
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const port = await freePort()
  const gateway = await runGateway({
    ...{ host: '127.0.0.1', port: 0, tls: { host: '127.0.0.1', port, certificates: [certificate('one')] } },
    ...{ control: { path: routes.path }, routesDir: here, workers: 2, gatewayId: 'gw' },
    ...{ stopGraceMs: 1_000, handOverGraceMs: 60_000, log: silentLog },
  })
  onTestFinished(() => gateway.close())
  await routes.acknowledged(1, 2)
  for (let i = 0; i < 20; i++) {
    const client = await secure(port)
    client.socket.write(get(path, 'Connection: close\r\n'))
    await client.sees('200 OK')
    const plain = new RawClient(gateway.address.port).send(get(path, 'Connection: close\r\n'))
    await plain.sees('200 OK')
  }
})
