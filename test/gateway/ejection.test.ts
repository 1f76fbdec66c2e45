// An instance at which requests fail is left out after so many in a row, asked after a while, and taken again once it answers;
// never the last one. Only what had not been written anywhere is tried again.
import http from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { mayBeOut } from '../../src/gateway/instances/ejection.ts'
import { defaultLimits, type GatewayLimits } from '../../src/gateway/limits.ts'
import type { TrafficDetail } from '../../src/services/metrics/service-traffic.ts'
import { aRoute, ask, echo, httpUpstream, rawUpstream, startWith, type Upstream, until } from './gateway-harness.ts'

const path = '/api/predict/digits'
const { ejectAfter } = defaultLimits

async function aService(upstreams: readonly Upstream[], limits: Partial<GatewayLimits> = {}) {
  let detail: TrafficDetail | undefined
  const heard = (services: readonly { detail?: TrafficDetail }[]): void => {
    detail = services[0]?.detail ?? detail
  }
  const { port, routes } = await startWith(
    [aRoute(upstreams.map(({ endpoint }) => endpoint))],
    { limits },
    { onHeartbeat: (_id, _generation, services) => heard(services) },
  )
  const statuses = async (count: number, body?: string): Promise<number[]> => {
    const got: number[] = []
    for (let n = 0; n < count; n++) {
      got.push((await ask(port, path, { method: 'POST', body: body ?? 'x' })).status)
    }
    return got
  }
  const figures = async (wanted: Partial<TrafficDetail>): Promise<void> => {
    await until(
      () => Object.entries(wanted).every(([name, value]) => detail?.[name as keyof TrafficDetail] === value),
      `${JSON.stringify(wanted)} is told`,
    )
  }
  return { port, routes, statuses, figures, latest: () => detail }
}

/** Reads a request, and breaks off without a word. */
const breaking = (): Promise<Upstream> =>
  httpUpstream((request, _response) => {
    request.resume()
    request.once('end', () => request.socket.destroy())
  })

test.each([
  { endpoints: 1, out: 0 },
  { endpoints: 2, out: 1 },
  { endpoints: 3, out: 1 },
  { endpoints: 4, out: 2 },
  { endpoints: 9, out: 4 },
])('of $endpoints endpoints $out may be out', ({ endpoints, out }) => {
  expect(mayBeOut(endpoints, defaultLimits)).toBe(out)
  expect(mayBeOut(endpoints, { ejectShare: 1 })).toBe(endpoints - 1)
})

test('an instance that takes no connection costs no request: each is tried elsewhere, until it is left out', async () => {
  const gone = await rawUpstream(() => {})
  await gone.close()
  const other = await httpUpstream(echo)
  const { statuses, figures, latest } = await aService([gone, other])
  expect(await statuses(60)).toEqual(Array(60).fill(200))
  expect(other.requests.length).toBe(60)
  await figures({ ejections: 1, ejected: 1, retried: ejectAfter })
  await statuses(20)
  expect(latest()?.retried).toBe(ejectAfter)
})

test('an instance that breaks off gets so many requests, each of them once, and no more', async () => {
  const broken = await breaking()
  const other = await httpUpstream(echo)
  const { statuses, figures } = await aService([broken, other])
  const got = await statuses(60)
  expect(got.filter(status => status === 502).length).toBe(ejectAfter)
  expect([broken.requests.length, other.requests.length]).toEqual([ejectAfter, 60 - ejectAfter])
  // What was written is not written again.
  await figures({ ejections: 1, ejected: 1, retried: 0 })
})

test('a success in between begins the count anew', async () => {
  let turns = 0
  const shaky = await httpUpstream((request, response) => {
    request.resume()
    if (++turns % ejectAfter === 0) response.end('ok')
    else request.socket.destroy()
  })
  const other = await httpUpstream(echo)
  const { statuses, figures } = await aService([shaky, other])
  await statuses(100)
  expect(shaky.requests.length).toBeGreaterThan(30)
  await figures({ ejections: 0, ejected: 0 })
})

test('what a service answers is its own affair, unless an installation counts 502 to 504', async () => {
  const failing = await httpUpstream((request, response) => {
    request.resume()
    response.writeHead(503)
    response.end('no')
  })
  const other = await httpUpstream(echo)
  const lenient = await aService([failing, other])
  expect((await lenient.statuses(60)).filter(status => status === 503).length).toBeGreaterThan(ejectAfter * 2)
  await lenient.figures({ ejections: 0 })
  const strict = await aService([failing, other], { ejectByAnswers: true })
  expect((await strict.statuses(60)).filter(status => status === 503).length).toBe(ejectAfter)
  await strict.figures({ ejections: 1 })
})

test('the last one is never left out, nor more than the share that may be', async () => {
  const broken = await Promise.all([breaking(), breaking(), breaking()])
  const alone = await aService(broken.slice(0, 1))
  expect(await alone.statuses(20)).toEqual(Array(20).fill(502))
  await alone.figures({ ejections: 0 })
  const three = await aService(broken)
  await three.statuses(60)
  await three.figures({ ejections: 1, ejected: 1 })
})

test('one that is left out is asked after a while, taken again once it answers, and left out at once if it fails again', async () => {
  let broken = true
  let answersHealth = false
  let asked = 0
  const shaky = await httpUpstream((request, response) => {
    request.resume()
    if (request.url === '/health') asked++
    if (request.url === '/health' ? !answersHealth : broken) request.socket.destroy()
    else response.writeHead(request.url === '/health' ? 500 : 200).end('shaky')
  })
  shaky.endpoint.healthPath = '/health'
  const other = await httpUpstream(echo)
  const { port, statuses, figures } = await aService([shaky, other], { ejectMs: 50 })
  const served = () => shaky.requests.filter(request => request !== 'GET /health').length
  await statuses(40)
  expect(served()).toBe(ejectAfter)
  await until(() => asked > 1, 'it is asked, and asked again')
  await figures({ ejections: 1, ejected: 1 })
  // Whatever it answers to its health check's path: it answers.
  answersHealth = true
  await figures({ ejections: 1, ejected: 0 })
  while (served() === ejectAfter) await statuses(1)
  expect(served()).toBe(ejectAfter + 1)
  broken = false
  await figures({ ejections: 2, ejected: 0 })
  let body = ''
  while (body !== 'shaky') body = (await ask(port, path, { method: 'POST', body: 'x' })).body
})

test('one that takes connections again, and has no health check, is taken again', async () => {
  const server = http.createServer(echo)
  const gone = await rawUpstream(() => {})
  await gone.close()
  const { statuses, figures } = await aService([gone, await httpUpstream(echo)], { ejectMs: 100 })
  await statuses(40)
  await figures({ ejections: 1, ejected: 1 })
  await new Promise<void>(resolve => server.listen(gone.endpoint.port, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  await figures({ ejections: 1, ejected: 0 })
})

test('one that leaves the routes while it is left out is counted no more', async () => {
  const broken = await breaking()
  const other = await httpUpstream(echo)
  const { routes, statuses, figures } = await aService([broken, other])
  await statuses(60)
  await figures({ ejected: 1 })
  await routes.set([aRoute([other.endpoint])])
  await figures({ ejected: 0 })
})
