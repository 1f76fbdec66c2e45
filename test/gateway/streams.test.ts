import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  aRoute,
  ask,
  echo,
  get,
  httpUpstream,
  key,
  RawClient,
  rawUpstream,
  startWith,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/digits'

describe('connections', () => {
  test('both sides are kept alive: a hundred requests are one connection each', async () => {
    const upstream = await httpUpstream(echo)
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let i = 0; i < 100; i++) {
      const body = `body ${i}`
      const answer = await ask(port, `${path}/${i}`, { method: 'POST', body, agent })
      expect(answer.body).toBe(body)
      ports.add(Object.values(agent.freeSockets)[0]?.[0]?.localPort)
    }
    agent.destroy()
    expect([upstream.connections, ports.size]).toEqual([1, 1])
  })

  test('pipelined requests are answered in order, each once', async () => {
    const upstream = await httpUpstream((request, response) => response.end(`<${request.url}>`))
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
    const client = new RawClient(port).send(paths.map(one => get(path + one)).join(''))
    await client.sees('</199>')
    expect([...client.text.matchAll(/<(\/\d+)>/g)].map(match => match[1])).toEqual(paths)
    expect(upstream.requests.length).toBe(200)
  })

  test('an endpoint that closes its idle connection costs no request, and what it says unasked reaches nobody', async () => {
    const sockets: net.Socket[] = []
    const upstream = await rawUpstream(socket => {
      sockets.push(socket)
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    })
    const { port } = await startWith([aRoute([upstream.endpoint])], { limits: { upstreamIdleMs: 60_000 } })
    expect((await ask(port, path)).body).toBe('ok')
    sockets[0]?.end()
    await until(() => upstream.open.size === 0, 'the gateway closes its side too')
    expect((await ask(port, path)).body).toBe('ok')
    sockets[1]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
    await until(() => upstream.open.size === 0, 'the gateway drops the connection that spoke unasked')
    expect((await ask(port, path)).body).toBe('ok')
    expect(upstream.connections).toBe(3)
  })

  test.each([
    ['the endpoint says nothing', '', 1],
    ['it says two seconds', 'keep-alive: timeout=2\r\n', 1],
    ['it says it closes', 'connection: close\r\n', 0],
  ])('an idle connection is closed by the gateway before the endpoint would, where %s', async (_what, field, kept) => {
    const upstream = await rawUpstream(socket => {
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${field}content-length: 2\r\n\r\nok`))
    })
    const limits = { upstreamIdleMs: 100, upstreamIdleMaxMs: 100, tickMs: 20 }
    const { port, routes } = await startWith([aRoute([upstream.endpoint])], { limits })
    routes.server.watch([upstream.endpoint.instanceId])
    const figures = () => routes.server.traffic(upstream.endpoint.instanceId)[0]
    expect((await ask(port, path)).body).toBe('ok')
    await until(() => figures()?.served === 1, 'the answer is reported')
    expect(figures()?.idleConnections).toBeLessThanOrEqual(kept)
    await until(() => upstream.open.size === 0 && figures()?.idleConnections === 0, 'the connection is closed', 3_000)
  })

  test('an HTTP/1.0 client gets its answer and the end of the connection', async () => {
    const upstream = await httpUpstream((_request, response) => response.end('old'))
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port).send(`GET ${path} HTTP/1.0\r\nAuthorization: ${key}\r\n\r\n`)
    await client.end()
    expect(client.text).toMatch(/connection: close\r\n\r\nold$/)
  })

  test('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
    const upstream = await httpUpstream((request, response) => {
      const status = Number(request.url?.slice(1))
      response.writeHead(status, status === 200 ? { 'content-length': 5 } : {})
      response.end(request.method === 'HEAD' || status !== 200 ? undefined : 'hello')
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port)
    client.send(
      get(`${path}/200`).replace('GET', 'HEAD') + get(`${path}/204`) + get(`${path}/304`) + get(`${path}/200`),
    )
    await client.sees('hello')
    expect(client.statuses).toEqual(['200', '204', '304', '200'])
  })

  test('100-continue is the instance’s to say', async () => {
    const upstream = await httpUpstream(echo)
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const fields = `Host: g\r\nAuthorization: ${key}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`
    const client = new RawClient(port).send(`POST ${path} HTTP/1.1\r\n${fields}`)
    await client.sees('100 Continue')
    client.send('body')
    await client.sees('\r\n\r\nbody')
    expect(client.statuses).toEqual(['100', '200'])
  })
})

describe('streams', () => {
  test('chunks pass both ways as they come, trailers too', async () => {
    const upstream = await rawUpstream(socket => {
      let seen = ''
      socket.on('data', data => {
        seen += data
        if (seen.endsWith('0\r\nX-Sum: 1\r\n\r\n')) {
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
          socket.write(`${seen.slice(seen.indexOf('\r\n\r\n') + 4)}`)
        }
      })
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const fields = `Host: g\r\nAuthorization: ${key}\r\nTransfer-Encoding: chunked\r\n\r\n`
    const client = new RawClient(port).send(`POST ${path} HTTP/1.1\r\n${fields}`)
    for (const byte of '5\r\nhello\r\n2;x=y\r\n, \r\n0\r\nX-Sum: 1\r\n\r\n') {
      client.send(byte)
      await turn()
    }
    await client.sees('0\r\nX-Sum: 1\r\n\r\n')
    client.send(get(path)) // The connection is whole: another request is read after the trailers.
    expect(client.text).toContain('5\r\nhello\r\n2;x=y\r\n, \r\n')
  })

  test('a server-sent event is with the client before the next one is made', async () => {
    let stream: http.ServerResponse | undefined
    const upstream = await httpUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 0\n\n')
      stream = response
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port).send(get(path))
    for (let i = 0; i < 20; i++) {
      await client.sees(`data: ${i}\n\n`)
      stream?.write(`data: ${i + 1}\n\n`)
    }
    stream?.end()
    await client.sees('0\r\n\r\n')
  })

  test('a WebSocket upgrade is spliced, counts as in flight while it lives, and either side ends it', async () => {
    const upstream = await httpUpstream(echo)
    upstream.server.on('upgrade', (request: http.IncomingMessage, socket: net.Socket) => {
      const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.on('data', data => socket.write(`echo ${data}`))
      socket.on('end', () => socket.end('bye'))
    })
    const { port, routes } = await startWith([aRoute([upstream.endpoint])])
    routes.server.watch([upstream.endpoint.instanceId])
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n'
    const client = new RawClient(port).send(`${get(path, upgrade)}early`)
    await client.sees('echo early')
    client.send('\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n')
    await client.sees('GET / HTTP/1.1\r\n\r\n')
    expect(client.text).toContain('Upgrade: websocket')
    const inFlight = () => routes.server.traffic(upstream.endpoint.instanceId)[0]?.inFlight
    await until(() => inFlight() === 1, 'the connection is in flight')
    client.socket.end()
    await client.sees('bye')
    await until(() => client.closed && inFlight() === 0, 'both sides are closed and nothing is in flight')
  })

  test('a wish to upgrade to anything else is not passed on', async () => {
    const upstream = await httpUpstream((request, response) => response.end(JSON.stringify(request.headers)))
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port).send(
      get(path, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
    )
    await client.sees('}')
    expect(client.text).not.toMatch(/h2c|http2/i)
  })
})

describe('broken ends', () => {
  test('a client that leaves frees the instance at once and is counted as aborted, not failed', async () => {
    let left = 0
    const upstream = await httpUpstream((request, response) => {
      request.socket.on('close', () => left++)
      if (request.url === '/stream') response.write('some')
    })
    const { port, routes } = await startWith([aRoute([upstream.endpoint])])
    routes.server.watch([upstream.endpoint.instanceId])
    const waiting = new RawClient(port).send(get(path))
    const streaming = new RawClient(port).send(get(`${path}/stream`))
    await streaming.sees('some')
    await until(() => upstream.requests.length === 2, 'both are with the instance')
    waiting.socket.destroy()
    streaming.socket.resetAndDestroy()
    await until(() => left === 2, 'the instance is told')
    const traffic = () => routes.serviceTraffic('eas-m-1')
    await until(() => traffic().aborted === 2, 'both are counted')
    expect(traffic()).toMatchObject({ failed: 0, inFlight: 0, requests: 2 })
    expect(routes.server.traffic(upstream.endpoint.instanceId)[0]).toMatchObject({ inFlight: 0, served: 0, failed: 0 })
  })

  test.each([
    ['a length', 'content-length: 10\r\n\r\nabc'],
    ['chunks', 'transfer-encoding: chunked\r\n\r\n5\r\nab'],
    ['chunks without the last', 'transfer-encoding: chunked\r\n\r\n2\r\nab\r\n'],
    ['bad chunks', 'transfer-encoding: chunked\r\n\r\n2\r\nabXX'],
  ])('an answer cut short in the middle of %s is cut for the client too, and counted as failed', async (_what, answer) => {
    const upstream = await rawUpstream(socket => {
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${answer}`)
        if (!answer.includes('XX')) socket.end()
      })
    })
    const { port, routes } = await startWith([aRoute([upstream.endpoint])])
    await expect(ask(port, path)).rejects.toThrow(/aborted|hang up|ECONNRESET|Parse Error/)
    await until(() => routes.serviceTraffic('eas-m-1').failed === 1, 'it is counted')
  })

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['an upgrade unasked', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n'],
    ['no status', 'HTTP/1.1 20 OK\r\n\r\n'],
  ])('an answer with %s is 502 and nothing of it reaches the client', async (_what, answer) => {
    const upstream = await rawUpstream(socket => socket.on('data', () => socket.write(answer, 'latin1')))
    const { port } = await startWith([aRoute([upstream.endpoint])])
    expect((await ask(port, path)).status).toBe(502)
  })

  test('an answer that ends with its connection ends the client’s', async () => {
    const upstream = await rawUpstream(socket =>
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
    )
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port).send(get(path))
    await client.end()
    expect(client.text).toMatch(/connection: close\r\n\r\nall of it$/)
  })
})

describe('back-pressure', () => {
  test('a client that reads slowly holds the instance back: 50 MB do not pile up in the gateway', async () => {
    const total = 50 * 1024 * 1024
    let written = 0
    const upstream = await httpUpstream((_request, response) => {
      const block = Buffer.alloc(64 * 1024, 'x')
      const more = () => {
        while (written < total) {
          written += block.length
          if (!response.write(block)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = net.connect(port, '127.0.0.1')
    client.pause()
    client.write(get(path))
    let before = -1
    for (let still = 0; still < 2_000; still++) {
      if (written !== before) still = 0
      before = written
      await turn()
    }
    expect(written).toBeLessThan(24 * 1024 * 1024) // What kernel buffers of four sockets hold, and no more.
    let read = 0
    client.on('data', data => {
      read += data.length
    })
    client.resume()
    await until(() => read > total, 'the rest arrives')
    client.destroy()
  })

  test('an instance that reads slowly holds the client back, and the body arrives whole', async () => {
    let request: http.IncomingMessage | undefined
    const upstream = await httpUpstream((incoming, response) => {
      request = incoming
      const hash = createHash('sha256')
      incoming.pause()
      incoming.on('data', data => hash.update(data))
      incoming.on('end', () => response.end(hash.digest('hex')))
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const body = Buffer.alloc(50 * 1024 * 1024, 'abc')
    const client = net.connect(port, '127.0.0.1')
    const sum = createHash('sha256').update(body).digest('hex')
    let text = ''
    client.on('data', data => {
      text += data
    })
    client.write(`POST ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: ${key}\r\nContent-Length: ${body.length}\r\n\r\n`)
    for (let at = 0; at < body.length; at += 65536) client.write(body.subarray(at, at + 65536))
    let before = -1
    for (let still = 0; still < 2_000; still++) {
      if (client.writableLength !== before) still = 0
      before = client.writableLength
      await turn()
    }
    expect(client.writableLength).toBeGreaterThan(body.length - 24 * 1024 * 1024)
    request?.resume()
    await until(() => text.includes(sum), 'the body has arrived whole')
    client.destroy()
  })

  test('what an instance sends piece by piece while a client does not read waits for it unchanged', async () => {
    const pieces = Array.from({ length: 1_024 }, (_, n) => Buffer.alloc(12 * 1024, `piece ${n};`))
    const upstream = await httpUpstream(async (_request, response) => {
      response.setHeader('content-length', pieces.length * 12 * 1024)
      for (const piece of pieces) {
        if (!response.write(piece)) await once(response, 'drain')
        await turn()
      }
      response.end()
    })
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const client = net.connect(port, '127.0.0.1')
    client.pause()
    client.write(get(path, 'Connection: close\r\n'))
    const answer = once(upstream.server, 'request').then(([, response]) => response as http.ServerResponse)
    await heldBack(await answer)
    const seen: Buffer[] = []
    client.on('data', (data: Buffer) => seen.push(data))
    client.resume()
    await once(client, 'close')
    const text = Buffer.concat(seen)
    const body = text.subarray(text.indexOf('\r\n\r\n') + 4)
    const torn = pieces.findIndex((piece, n) => !body.subarray(n * piece.length, (n + 1) * piece.length).equals(piece))
    expect(torn, 'the first piece that is another').toBe(-1)
  })
})

/** Until nothing of it goes out any more. */
async function heldBack(response: http.ServerResponse): Promise<void> {
  let before = -1
  for (let still = 0; still < 2_000; still++) {
    const sent = response.socket?.bytesWritten ?? 0
    if (sent !== before) still = 0
    before = sent
    await turn()
  }
}
