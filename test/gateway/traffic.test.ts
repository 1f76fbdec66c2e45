// Groups of services, mirrors and limits, through a gateway on real sockets.
import http from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import {
  type Answer,
  aRoute,
  ask,
  echo,
  get,
  httpUpstream,
  RawClient,
  rawUpstream,
  startWith,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/shop'
const groupKey = 'easg_group'
const authorization = groupKey

type Weights = [serviceId: string, weight: number][]

const aGroup = (weights: Weights, parts: Partial<ServiceRoute> = {}): ServiceRoute => ({
  ...aRoute([], { serviceId: 'group', name: 'shop', accessKeys: [groupKey], keyIds: ['group-key'] }),
  split: { mode: 'weighted', members: weights.map(([serviceId, weight]) => ({ serviceId, weight })) },
  ...parts,
})

const named = (name: string) => httpUpstream((_request, response) => response.end(name))

const aMember = (serviceId: string, endpoints: ServiceRoute['endpoints']): ServiceRoute =>
  aRoute(endpoints, {
    ...{ serviceId, name: serviceId, accessKeys: [`easg_${serviceId}`] },
    alias: { name: `shop.${serviceId}`, accessKeys: [`easg_${serviceId}`, groupKey] },
  })

const bodies = async (port: number, count: number): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const { body } = await ask(port, path, { headers: { authorization } })
    counts[body] = (counts[body] ?? 0) + 1
  }
  return counts
}

describe('groups', () => {
  test('requests to a group are split by weight, and its key opens the members by their names within it', async () => {
    const [one, two] = [await named('one'), await named('two')]
    const members = [aMember('one', [one.endpoint]), aMember('two', [two.endpoint])]
    const { port, routes } = await startWith([
      aGroup([
        ['one', 90],
        ['two', 10],
      ]),
      ...members,
    ])
    expect(await bodies(port, 40)).toEqual({ one: 36, two: 4 })
    const at = async (name: string, key: string) => {
      const answer = await ask(port, `/api/predict/${name}/v1`, { headers: { authorization: key } })
      return answer.status === 200 ? answer.body : answer.status
    }
    expect([await at('shop.two', groupKey), await at('shop.two', 'easg_two')]).toEqual(['two', 'two'])
    expect([await at('two', 'easg_two'), await at('two', groupKey)]).toEqual(['two', 401])
    expect([await at('shop', 'easg_two'), await at('shop.two', 'easg_one')]).toEqual([401, 401])
    await until(() => routes.serviceTraffic('one').requests === 36, 'requests are counted at the member')
  })

  test('weights that change under load fail no request, and once acknowledged hold exactly', async () => {
    const members: ServiceRoute[] = []
    const slow: Record<string, number> = {}
    for (const name of ['one', 'two']) {
      const upstream = await httpUpstream((_request, response) => {
        slow[name] = (slow[name] ?? 0) + 1
        setTimeout(() => response.end(name), 5)
      })
      members.push(aMember(name, [upstream.endpoint]))
    }
    const all: Weights = [
      ['one', 1],
      ['two', 0],
    ]
    const { port, routes } = await startWith([aGroup(all), ...members])
    const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
    onTestFinished(() => agent.destroy())
    const answers: Answer[] = []
    let stop = false
    const callers = Array.from({ length: 20 }, async () => {
      while (!stop) answers.push(await ask(port, path, { headers: { authorization }, agent }))
    })
    const swaps: Weights[] = [
      [
        ['one', 0],
        ['two', 1],
      ],
      [
        ['one', 70],
        ['two', 30],
      ],
      [['two', 5]],
      [
        ['one', 1],
        ['two', 0],
      ],
    ]
    for (const weights of swaps) {
      const before = answers.length
      await routes.set([aGroup(weights)])
      await until(() => answers.length > before + 100, 'a hundred requests more')
    }
    stop = true
    await Promise.all(callers)
    expect(answers.filter(answer => answer.status !== 200)).toEqual([])
    expect(new Set(answers.map(answer => answer.body))).toEqual(new Set(['one', 'two']))
    const before = slow.two
    expect(await bodies(port, 10)).toEqual({ one: 10 })
    expect(slow.two).toBe(before)
  })

  test('a member without an endpoint gets nothing, one whose endpoints are gone hands its requests to another', async () => {
    const [one, gone] = [await named('one'), await named('gone')]
    await gone.close()
    const weights: Weights = [
      ['one', 1],
      ['two', 1],
    ]
    const { port, routes } = await startWith([aGroup(weights), aMember('one', [one.endpoint]), aMember('two', [])])
    expect(await bodies(port, 10)).toEqual({ one: 10 })
    await routes.set([aMember('two', [gone.endpoint])])
    expect(await bodies(port, 10)).toEqual({ one: 10 })
    await until(() => routes.serviceTraffic('one').requests === 20, 'each is counted where it was served')
    expect(routes.serviceTraffic('two')).toMatchObject({ requests: 0, failed: 0, inFlight: 0 })
    await routes.set([aMember('one', []), aMember('two', [])])
    expect((await ask(port, path, { headers: { authorization } })).status).toBe(503)
    await routes.set([aGroup([])])
    expect((await ask(port, path, { headers: { authorization } })).status).toBe(503)
  })
})

describe('mirrors', () => {
  const mirrored = (endpoints: ServiceRoute['endpoints'], percent: number, parts: Partial<ServiceRoute> = {}) =>
    aRoute(endpoints, { mirror: { percent, serviceIds: ['shadow'] }, ...parts })
  const shadow = (endpoints: ServiceRoute['endpoints']) => aRoute(endpoints, { serviceId: 'shadow', name: 'shadow' })
  const digits = '/api/predict/digits'

  test('a share of the requests is copied whole, without the key, and said to be a copy', async () => {
    const main = await httpUpstream(echo)
    const copies: string[] = []
    const copy = await httpUpstream((request, response) => {
      const { authorization: secret = 'none', 'x-berth-mirrored-from': from } = request.headers
      const parts: Buffer[] = []
      request.on('data', part => parts.push(part))
      request.on('end', () => {
        copies.push(`${request.method} ${request.url} ${from} ${secret} ${Buffer.concat(parts)}`)
        response.end()
      })
    })
    const { port, routes } = await startWith([mirrored([main.endpoint], 30), shadow([copy.endpoint])])
    for (let i = 0; i < 20; i++) await ask(port, `${digits}/v1?x=1`, { method: 'POST', body: `body ${i}` })
    const chunked = { 'transfer-encoding': 'chunked' }
    for (let i = 20; i < 30; i++) await ask(port, digits, { method: 'POST', body: `body ${i}`, headers: chunked })
    await until(() => copies.length === 9, 'the copies have arrived')
    expect(copies[0]).toBe('POST /v1?x=1 digits none body 3')
    expect(copies).toContain('POST / digits none body 29')
    const traffic = () => routes.serviceTraffic('eas-m-1')
    await until(() => traffic().mirrored === 9, 'they are counted')
    expect(traffic()).toMatchObject({ requests: 30, failed: 0, mirrored: 9, mirrorFailed: 0, mirrorSkipped: 0 })
    expect(routes.serviceTraffic('shadow').requests).toBe(0)
  })

  test('a body that comes in parts is copied when it is whole; one that is too large, or stops coming, is not', async () => {
    const main = await httpUpstream(echo)
    const copy = await httpUpstream(echo)
    const { port, routes } = await startWith([mirrored([main.endpoint], 100), shadow([copy.endpoint])], {
      limits: { mirrorRequestMax: 1_000 },
    })
    const head = (length: number) =>
      `POST ${digits} HTTP/1.1\r\nHost: g\r\nAuthorization: easg_0123456789abcdef\r\nContent-Length: ${length}\r\n\r\n`
    const parts = new RawClient(port).send(`${head(6)}abc`)
    await until(() => main.requests.length === 1, 'the first part has passed')
    expect(copy.requests.length).toBe(0)
    parts.send('def')
    await parts.sees('abcdef')
    await until(() => copy.requests.length === 1, 'the copy is made')
    expect((await ask(port, digits, { method: 'POST', body: 'x'.repeat(2_000) })).body.length).toBe(2_000)
    const left = new RawClient(port).send(`${head(6)}abc`)
    await until(() => main.requests.length === 3, 'the third request has begun')
    left.socket.destroy()
    await until(() => routes.serviceTraffic('eas-m-1').aborted === 1, 'it is given up')
    expect(routes.serviceTraffic('eas-m-1')).toMatchObject({ mirrored: 1, mirrorSkipped: 1, mirrorFailed: 0 })
    expect(copy.requests.length).toBe(1)
  })

  test.each<[string, () => Promise<ServiceRoute['endpoints']>, object]>([
    [
      'refuses connections',
      async () => {
        const upstream = await named('gone')
        await upstream.close()
        return [upstream.endpoint]
      },
      { mirrored: 20, mirrorFailed: 20 },
    ],
    [
      'answers 503',
      async () => [(await httpUpstream((_r, response) => response.writeHead(503).end())).endpoint],
      { mirrored: 20, mirrorFailed: 20 },
    ],
    [
      'breaks off',
      async () => [(await rawUpstream(socket => socket.once('data', () => socket.resetAndDestroy()))).endpoint],
      { mirrored: 20, mirrorFailed: 20 },
    ],
    [
      'speaks no HTTP',
      async () => [(await rawUpstream(socket => socket.once('data', () => socket.end('hello')))).endpoint],
      { mirrored: 20, mirrorFailed: 20 },
    ],
    ['never answers', async () => [(await httpUpstream(() => {})).endpoint], { mirrored: 20, mirrorFailed: 20 }],
    ['has no instance', async () => [], { mirrored: 0, mirrorSkipped: 20 }],
  ])('a mirror that %s is not felt by the client, only counted', async (_what, endpoints, counts) => {
    const main = await httpUpstream(echo)
    const { port, routes } = await startWith([mirrored([main.endpoint], 100), shadow(await endpoints())], {
      limits: { mirrorTimeoutMs: 150, tickMs: 20 },
    })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(port, digits, { method: 'POST', body: `body ${i}` })),
    )
    expect(answers.map(answer => answer.body)).toEqual(Array.from({ length: 20 }, (_, i) => `body ${i}`))
    const traffic = () => routes.serviceTraffic('eas-m-1')
    const [[name, count] = ['', 0]] = Object.entries(counts).reverse()
    await until(() => traffic()[name as 'mirrored'] === count, `${name} is ${count}`)
    expect(traffic()).toMatchObject({ requests: 20, failed: 0, ...counts })
  })

  test('copies that pile up are left out, those that are made keep their mirror instance until they end', async () => {
    const main = await httpUpstream(echo)
    const held: http.ServerResponse[] = []
    const copy = await httpUpstream((_request, response) => void held.push(response))
    const { port, routes } = await startWith([mirrored([main.endpoint], 100), shadow([copy.endpoint])], {
      limits: { mirrorBytesMax: 1_000 },
    })
    routes.server.watch([copy.endpoint.instanceId])
    for (let i = 0; i < 10; i++) await ask(port, digits, { method: 'POST', body: 'x'.repeat(200) })
    const traffic = () => routes.serviceTraffic('eas-m-1')
    await until(() => traffic().mirrorSkipped > 0 && held.length === traffic().mirrored, 'some are under way')
    expect(traffic().mirrored + traffic().mirrorSkipped).toBe(10)
    expect(traffic().mirrored).toBeGreaterThan(1)
    await until(() => routes.server.traffic(copy.endpoint.instanceId)[0]?.inFlight === held.length, 'a drain sees them')
    for (const response of held) response.end()
    await until(() => routes.server.traffic(copy.endpoint.instanceId)[0]?.inFlight === 0, 'they are over')
    expect(routes.server.traffic(copy.endpoint.instanceId)[0]).toMatchObject({ served: 0, failed: 0 })
  })
})

describe('limits', () => {
  test('an instance gets as many at once as it takes; the rest waits, up to the queue, and is answered in order', async () => {
    const held: http.ServerResponse[] = []
    const upstream = await httpUpstream((_request, response) => void held.push(response))
    const route = aRoute([upstream.endpoint], { limits: { perInstance: 1, maxInFlight: 3 } })
    const { port, routes } = await startWith([route])
    const order: string[] = []
    const call = (name: string) =>
      ask(port, `/api/predict/digits/${name}`).then(answer => order.push(`${name} ${answer.status}`))
    const calls = [call('a')]
    await until(() => held.length === 1, 'the first is served')
    const traffic = () => routes.serviceTraffic('eas-m-1')
    for (const [index, name] of ['b', 'c'].entries()) {
      calls.push(call(name))
      await until(() => traffic().queued === index + 1, `${name} waits`)
    }
    const refused = await ask(port, '/api/predict/digits')
    expect([refused.status, refused.headers['retry-after']]).toEqual([450, '1'])
    for (let served = 1; served <= 3; served++) {
      await until(() => held.length === served, 'the next is served')
      held[served - 1]?.end()
    }
    await Promise.all(calls)
    expect(order).toEqual(['a 200', 'b 200', 'c 200'])
    expect(upstream.requests).toEqual(['GET /a', 'GET /b', 'GET /c'])
    await until(() => traffic().overQueue === 1 && traffic().inFlight === 0 && traffic().queued === 0, 'all is counted')
  })

  test('a client that leaves while it waits gives up its place; an endpoint that comes serves what waits', async () => {
    const held: http.ServerResponse[] = []
    const keep: http.RequestListener = (_request, response) => void held.push(response)
    const [first, second] = [await httpUpstream(keep), await httpUpstream(echo)]
    const limits = { perInstance: 1, maxInFlight: 2 }
    const { port, routes } = await startWith([aRoute([first.endpoint], { limits })])
    const one = ask(port, '/api/predict/digits')
    await until(() => held.length === 1, 'the first is served')
    const traffic = () => routes.serviceTraffic('eas-m-1')
    const leaves = new RawClient(port).send(get('/api/predict/digits'))
    await until(() => traffic().queued === 1, 'the second waits')
    leaves.socket.destroy()
    await until(() => traffic().queued === 0 && traffic().aborted === 1, 'it is gone')
    const third = ask(port, '/api/predict/digits', { method: 'POST', body: 'third' })
    await until(() => traffic().queued === 1, 'the third waits in its place')
    await routes.set([aRoute([first.endpoint, second.endpoint], { limits })])
    expect((await third).body).toBe('third')
    held[0]?.end()
    expect((await one).status).toBe(200)
  })
})
