import { spawn } from 'node:child_process'
import net from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signatureOf } from '../../src/gateway/clients/auth.ts'
import { systemClock, toDate } from '../../src/lib/clock.ts'
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

describe('who may call', () => {
  test('a right key is let in raw, as Bearer and in the HMAC form, and is not passed on', async () => {
    const upstream = await httpUpstream((request, response) => response.end(JSON.stringify(request.headers)))
    const { port } = await startWith([aRoute([upstream.endpoint])])
    const date = toDate(systemClock.now()).toUTCString()
    const contentType = 'application/octet-stream'
    const signed = { method: 'POST', path: '/api/predict/digits', contentMd5: 'abc', contentType, date }
    const signature = signatureOf(key, signed).toString('base64')
    const forms = [
      await ask(port, '/api/predict/digits/v1/models?x=1'),
      await ask(port, '/api/predict/digits', { headers: { authorization: `Bearer ${key}` } }),
      await ask(port, '/api/predict/digits', {
        method: 'POST',
        headers: { authorization: `EAS ${signature}`, 'content-md5': 'abc', 'content-type': contentType, date },
      }),
    ]
    for (const answer of forms) {
      expect(answer.status).toBe(200)
      expect(answer.body).not.toContain('authorization')
      expect(JSON.parse(answer.body)['x-forwarded-for']).toBe('127.0.0.1')
    }
    expect(upstream.requests).toEqual(['GET /v1/models?x=1', 'GET /', 'POST /'])
  })

  test('an unknown service is 404, a wrong, missing or query key 401, and nothing reaches the instance', async () => {
    const upstream = await httpUpstream(echo)
    const { port } = await startWith([aRoute([upstream.endpoint])])
    expect((await ask(port, '/api/predict/nobody')).status).toBe(404)
    expect((await ask(port, '/elsewhere')).status).toBe(404)
    const wrong = await ask(port, '/api/predict/digits', { headers: { authorization: `${key}x` } })
    expect(wrong.status).toBe(401)
    expect(JSON.parse(wrong.body)).toMatchObject({ code: 'Unauthorized', requestId: wrong.headers['x-request-id'] })
    const bare = new RawClient(port).send(`GET /api/predict/digits?token=${key} HTTP/1.1\r\nHost: g\r\n\r\n`)
    await bare.sees('Authorization header')
    expect(bare.statuses).toEqual(['401'])
    const late = { authorization: 'EAS AAAAAAAAAAAAAAAAAAAAAAAAAAA=', date: 'Sun, 06 Nov 1994 08:49:37 GMT' }
    expect((await ask(port, '/api/predict/digits', { method: 'POST', headers: late })).status).toBe(401)
    expect(upstream.requests).toEqual([])
  })

  test('of two accounts with a service of one name, the key picks the right one', async () => {
    const mine = await httpUpstream((_request, response) => response.end('mine'))
    const theirs = await httpUpstream((_request, response) => response.end('theirs'))
    const { port } = await startWith([
      aRoute([mine.endpoint]),
      aRoute([theirs.endpoint], { serviceId: 'eas-m-2', accountId: '2', accessKeys: ['easg_other', 'easg_old'] }),
    ])
    expect((await ask(port, '/api/predict/digits')).body).toBe('mine')
    for (const authorization of ['easg_other', 'easg_old']) {
      expect((await ask(port, '/api/predict/digits', { headers: { authorization } })).body).toBe('theirs')
    }
  })

  test('a key that is withdrawn is refused on a connection that used it before', async () => {
    const upstream = await httpUpstream(echo)
    const { port, routes } = await startWith([aRoute([upstream.endpoint])])
    const client = new RawClient(port).send(get('/api/predict/digits'))
    await client.sees('\r\n\r\n')
    await routes.set([aRoute([upstream.endpoint], { accessKeys: ['easg_new'] })])
    client.send(get('/api/predict/digits'))
    await client.sees('not right')
    expect(client.statuses).toEqual(['200', '401'])
  })

  test('healthz needs no key', async () => {
    const { port } = await startWith([])
    expect((await ask(port, '/healthz')).status).toBe(200)
  })
})

describe('limits', () => {
  test('a service without an endpoint answers 503 with its status', async () => {
    const { port } = await startWith([aRoute([], { status: 'Waiting: needs 3 GiB more memory' })])
    const answer = await ask(port, '/api/predict/digits')
    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.body).message).toContain('needs 3 GiB more memory')
  })

  test('a body over the limit is 413, said in the head or found in chunks', async () => {
    const upstream = await httpUpstream(echo)
    const { port, routes } = await startWith([aRoute([upstream.endpoint], { limits: { bodyMax: 10 } })])
    const path = '/api/predict/digits'
    expect((await ask(port, path, { method: 'POST', body: '0123456789' })).body).toBe('0123456789')
    expect((await ask(port, path, { method: 'POST', body: '0123456789a' })).status).toBe(413)
    const headers = `Host: g\r\nAuthorization: ${key}\r\nTransfer-Encoding: chunked\r\n\r\n`
    const client = new RawClient(port).send(`POST ${path} HTTP/1.1\r\n${headers}8\r\n01234567\r\n`)
    client.send('3\r\nabc\r\n0\r\n\r\n')
    await client.sees('ContentTooLarge')
    await client.end()
    await until(() => routes.serviceTraffic('eas-m-1').refused === 2, 'both refusals are counted')
  })

  test('over rpc.rate_limit is 429, over the queue 450, and the instance sees neither', async () => {
    const waiting: (() => void)[] = []
    const upstream = await httpUpstream((_request, response) => void waiting.push(() => response.end('late')))
    const limited = aRoute([upstream.endpoint], { limits: { rateLimit: 2 } })
    const queued = aRoute([upstream.endpoint], { serviceId: 'eas-m-2', name: 'queued', limits: { maxInFlight: 1 } })
    const { port } = await startWith([limited, queued])
    const first = [ask(port, '/api/predict/digits'), ask(port, '/api/predict/digits')]
    await until(() => waiting.length === 2, 'two requests wait')
    const third = await ask(port, '/api/predict/digits')
    expect([third.status, third.headers['retry-after']]).toEqual([429, '1'])
    const held = ask(port, '/api/predict/queued')
    await until(() => waiting.length === 3, 'the queue is full')
    expect((await ask(port, '/api/predict/queued')).status).toBe(450)
    for (const answer of waiting) answer()
    expect((await Promise.all([...first, held])).map(answer => answer.status)).toEqual([200, 200, 200])
    expect(upstream.requests.length).toBe(3)
  })

  test('a head over 16 KiB or with too many fields is 431', async () => {
    const { port } = await startWith([])
    const large = new RawClient(port).send(get('/api/predict/digits', `X-Large: ${'a'.repeat(17_000)}\r\n`))
    const many = new RawClient(port).send(get('/api/predict/digits', 'X-One: a\r\n'.repeat(200)))
    await Promise.all([large.end(), many.end()])
    expect([large.statuses, many.statuses]).toEqual([['431'], ['431']])
  })

  test('a head that drips in and a body that stops are 408, and the connections end', async () => {
    const upstream = await httpUpstream(echo)
    const limits = { headTimeoutMs: 150, bodyIdleTimeoutMs: 150, tickMs: 20 }
    const { port } = await startWith([aRoute([upstream.endpoint])], { limits })
    const head = new RawClient(port).send('GET /api/pre')
    const fields = `Host: g\r\nAuthorization: ${key}\r\nContent-Length: 10\r\n\r\n`
    const body = new RawClient(port).send(`POST /api/predict/digits HTTP/1.1\r\n${fields}abc`)
    await Promise.all([head.end(), body.end()])
    expect([head.statuses, body.statuses]).toEqual([['408'], ['408']])
  })

  test('an answer that does not begin within rpc.keepalive is 408, one that has begun is cut, and both count as failed', async () => {
    const upstream = await httpUpstream((request, response) => {
      if (request.url === '/begins') response.write('some')
    })
    const route = aRoute([upstream.endpoint], { limits: { requestTimeoutMs: 150 } })
    const { port, routes } = await startWith([route], { limits: { tickMs: 20 } })
    expect((await ask(port, '/api/predict/digits/silent')).status).toBe(408)
    await expect(ask(port, '/api/predict/digits/begins')).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    await until(() => routes.serviceTraffic('eas-m-1').failed === 2, 'both are counted as failed')
    await until(() => upstream.open.size === 0, 'the instance is told that nobody waits')
  })
})

describe('instances that cannot be reached', () => {
  test('a refused connection moves the request to another endpoint, and with none left it is 503', async () => {
    const good = await httpUpstream(echo)
    const gone = await httpUpstream(echo)
    await gone.close()
    const { port, routes } = await startWith([aRoute([gone.endpoint, good.endpoint])])
    for (let i = 0; i < 20; i++) {
      expect((await ask(port, '/api/predict/digits', { method: 'POST', body: 'once' })).body).toBe('once')
    }
    expect(good.requests.length).toBe(20)
    await routes.set([aRoute([gone.endpoint])])
    expect((await ask(port, '/api/predict/digits')).status).toBe(503)
  })

  test('an endpoint that does not take connections is 504 after the connect time-out', async () => {
    const deaf = await deafListener()
    const limits = { connectTimeoutMs: 100, tickMs: 20 }
    const { port } = await startWith([aRoute([{ instanceId: 'i-deaf', host: '127.0.0.1', port: deaf }])], { limits })
    expect((await ask(port, '/api/predict/digits')).status).toBe(504)
  })

  test('a request is never sent twice: an instance that dies after it got the request makes 502', async () => {
    const first = await rawUpstream(socket => socket.once('data', () => socket.resetAndDestroy()))
    const { port, routes } = await startWith([aRoute([first.endpoint])])
    const other = await httpUpstream(echo)
    expect((await ask(port, '/api/predict/digits', { method: 'POST', body: 'x' })).status).toBe(502)
    await routes.set([aRoute([first.endpoint, other.endpoint])])
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(port, '/api/predict/digits', { method: 'POST', body: 'x' })),
    )
    const served = answers.filter(answer => answer.status === 200).length
    expect(served).toBe(other.requests.length)
    expect(answers.every(answer => answer.status === 200 || answer.status === 502)).toBe(true)
  })
})

/** The port of a listener that is stopped and whose queue is full: connection attempts hang, as towards a dead machine. */
async function deafListener(): Promise<number> {
  const program =
    'const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port))'
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const port = Number(await new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data)))))
  child.kill('SIGSTOP')
  let connected = 0
  for (let i = 0; i < 6; i++) {
    const filler = net.connect({ host: '127.0.0.1', port }, () => connected++)
    filler.on('error', () => {})
    onTestFinished(() => void filler.destroy())
  }
  await until(() => connected >= 2, 'the queue is full')
  return port
}
