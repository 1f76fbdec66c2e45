// Requests at a service that has no instance and wakes on request.
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RouteServerOptions } from '../../src/gateway/control/route-server.ts'
import type { WaitingBounds } from '../../src/services/routes/route.ts'
import { aRoute, ask, echo, get, httpUpstream, key, RawClient, Routes, startWith, until } from './gateway-harness.ts'

const path = '/api/predict/digits/x'
const bounds: WaitingBounds = { countMax: 3, timeoutMs: 20_000 }

async function asleep(waiting: WaitingBounds = bounds) {
  const told: string[] = []
  const onWaiting: RouteServerOptions['onWaiting'] = (_gateway, services) => {
    for (const one of services) told.push(`${one.serviceId} ${one.waiting}`)
  }
  const started = await startWith([aRoute([], { waiting })], { limits: { tickMs: 10 } }, { onWaiting })
  const waitingNow = () => started.routes.serviceTraffic('eas-m-1').waiting
  return { ...started, told, waitingNow }
}

describe('a request at zero', () => {
  it('waits, is handed on in order when an instance is routed, and is executed once', async () => {
    const { port, routes, waitingNow } = await asleep()
    const asked = ['a', 'b', 'c'].map(body => ask(port, path, { method: 'POST', body }))
    await until(() => waitingNow() === 3, 'three requests wait')
    const upstream = await httpUpstream(echo)
    await routes.set([aRoute([upstream.endpoint], { waiting: bounds })])
    const answers = await Promise.all(asked)
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(['200 a', '200 b', '200 c'])
    expect(upstream.requests).toHaveLength(3)
    await until(() => waitingNow() === 0, 'nobody waits')
    expect(routes.serviceTraffic('eas-m-1')).toMatchObject({ requests: 3, failed: 0, refused: 0, inFlight: 0 })
  })

  it('is refused with 450 over the bound, and with when to come again', async () => {
    const { port, routes, waitingNow } = await asleep()
    const asked = ['a', 'b', 'c'].map(body => ask(port, path, { method: 'POST', body }))
    await until(() => waitingNow() === 3, 'three requests wait')
    const refused = await ask(port, path)
    expect(refused.status).toBe(450)
    expect(refused.headers['retry-after']).toBe('1')
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'QueueFull' })
    const upstream = await httpUpstream(echo)
    await routes.set([aRoute([upstream.endpoint], { waiting: bounds })])
    expect((await Promise.all(asked)).map(answer => answer.status)).toEqual([200, 200, 200])
  })

  it('is refused with 503 once it has waited for the whole time', async () => {
    const { port } = await asleep({ countMax: 3, timeoutMs: 50 })
    const refused = await ask(port, path, { method: 'POST', body: 'x' })
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('1')
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'ServiceStarting' })
  })

  it('is taken out when its client leaves, and makes room', async () => {
    const { port, told, routes } = await asleep({ countMax: 1, timeoutMs: 20_000 })
    const client = new RawClient(port).send(get(path))
    await until(() => told.length === 1, 'one waits')
    client.socket.destroy()
    await until(() => routes.serviceTraffic('eas-m-1').aborted === 1, 'it has left')
    const asked = ask(port, path)
    await until(() => told.length === 3, 'the next one waits')
    const upstream = await httpUpstream(echo)
    await routes.set([aRoute([upstream.endpoint], { waiting: bounds })])
    expect((await asked).status).toBe(200)
    expect(upstream.requests).toHaveLength(1)
  })

  it('keeps a body that has not come yet for its instance', async () => {
    const { port, routes, told } = await asleep()
    const client = new RawClient(port).send(
      `POST ${path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: ${key}\r\nContent-Length: 8\r\n\r\nhalf`,
    )
    await until(() => told.length === 1, 'it waits')
    const upstream = await httpUpstream(echo)
    await routes.set([aRoute([upstream.endpoint], { waiting: bounds })])
    client.send('half')
    await client.sees('halfhalf')
    expect(client.statuses).toEqual(['200'])
  })

  it('keeps a pipelined request for after its answer', async () => {
    const { port, routes, told } = await asleep()
    const client = new RawClient(port).send(get(path) + get(`${path}2`))
    await until(() => told.length === 1, 'the first waits')
    const upstream = await httpUpstream((request, response) => response.end(`saw ${request.url}`))
    await routes.set([aRoute([upstream.endpoint], { waiting: bounds })])
    await client.sees('saw /x2')
    expect(client.statuses).toEqual(['200', '200'])
  })

  it('is refused when the service is deleted, or stopped, while it waits', async () => {
    const { port, routes, told } = await asleep()
    const first = ask(port, path)
    await until(() => told.length === 1, 'it waits')
    await routes.set([aRoute([], { status: 'Stopped' })])
    expect((await first).status).toBe(503)
    await routes.set([aRoute([], { waiting: bounds })])
    const second = ask(port, path)
    await until(() => told.length === 3, 'another waits')
    await routes.set([], ['eas-m-1'])
    expect((await second).status).toBe(503)
  })
})

it('tells control at once that somebody waits, and tells it again to a control that was away', async () => {
  const { port, routes, told, waitingNow } = await asleep()
  const asked = ask(port, path)
  await until(() => told.length > 0, 'control is told')
  expect(told).toEqual(['eas-m-1 1'])
  await routes.server.close()
  const anew = new Routes(routes.path, [aRoute([], { waiting: bounds })])
  await anew.server.listen()
  onTestFinished(() => anew.server.close())
  await until(() => anew.serviceTraffic('eas-m-1').waiting === 1, 'the new control knows how many wait')
  expect(waitingNow()).toBe(0)
  const upstream = await httpUpstream(echo)
  await anew.set([aRoute([upstream.endpoint], { waiting: bounds })])
  expect((await asked).status).toBe(200)
})
