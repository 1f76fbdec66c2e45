// The sampled access log: what a line tells and never tells, what is preferred, what is left out, and that nothing waits for it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AccessLogSettings } from '../../src/gateway/figures/access-log.ts'
import { RotatingFile } from '../../src/gateway/figures/rotating-file.ts'
import {
  aRoute,
  ask,
  echo,
  httpUpstream,
  key,
  rawUpstream,
  startWith,
  temporaryDir,
  type Upstream,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/digits'

async function logged(upstreams: readonly Upstream[], settings: Partial<AccessLogSettings> = {}) {
  const file = join(temporaryDir(), 'access.ndjson')
  const accessLog = { share: 1, perSecond: 1_000, bytesMax: 2 ** 20, filesKept: 2, path: file, ...settings }
  const told = { logged: 0, logDropped: 0 }
  const { port, gateway } = await startWith(
    [aRoute(upstreams.map(({ endpoint }) => endpoint))],
    { accessLog },
    {
      onHeartbeat: (_id, _generation, _services, figures) => {
        Object.assign(told, figures)
      },
    },
  )
  const lines = async (): Promise<Record<string, unknown>[]> => {
    await gateway.close(0)
    if (!existsSync(file)) return []
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  return { port, lines, told }
}

test('a line tells of a request all but its query and its key', async () => {
  const upstream = await httpUpstream(echo)
  const { port, lines } = await logged([upstream])
  const headers = { 'x-request-id': 'abc', authorization: `Bearer ${key}` }
  await ask(port, `${path}/a%20b?key=secret`, { method: 'POST', body: 'hello', headers })
  const found = await lines()
  expect(found.length).toBe(1)
  const [line] = found as [Record<string, unknown>]
  expect(line).toMatchObject({
    ...{ service: 'digits', serviceId: 'eas-m-1', instanceId: upstream.endpoint.instanceId, method: 'POST' },
    ...{ path: `${path}/a%20b`, status: 200, requestId: 'abc', client: '127.0.0.1', retries: 0, failed: false },
  })
  expect(Temporal.Instant.from(line.time as string).epochMilliseconds).toBeGreaterThan(0)
  expect(line.durationMs).toBeGreaterThan(0)
  expect([line.bytesIn as number, line.bytesOut as number].every(bytes => bytes > 'hello'.length)).toBe(true)
  expect(JSON.stringify(found)).not.toMatch(/secret|easg_/)
})

test('failures are told of though the share is none, with the endpoints that were tried before', async () => {
  const gone = await rawUpstream(() => {})
  await gone.close()
  const breaking = await rawUpstream(socket => socket.once('data', () => socket.destroy()))
  const { port, lines } = await logged([gone, breaking], { share: 0 })
  const statuses = []
  for (let n = 0; n < 6; n++) statuses.push((await ask(port, path)).status)
  const found = await lines()
  expect(found.map(line => line.status)).toEqual(statuses)
  expect(found.every(line => line.failed === true && line.status === 502)).toBe(true)
  expect(found.every(line => line.instanceId === breaking.endpoint.instanceId)).toBe(true)
  expect(found.some(line => line.retries === 1)).toBe(true)
})

test('a share of nothing tells of nothing that went well; a share of half tells of about half', async () => {
  const upstream = await httpUpstream(echo)
  const none = await logged([upstream], { share: 0 })
  const half = await logged([upstream], { share: 0.5 })
  for (let n = 0; n < 200; n++) await Promise.all([ask(none.port, path), ask(half.port, path)])
  expect(await none.lines()).toEqual([])
  const { length } = await half.lines()
  expect(length).toBeGreaterThan(60)
  expect(length).toBeLessThan(140)
})

test('over so many a second lines are left out and counted, and failures have room of their own', async () => {
  const upstream = await httpUpstream((request, response) => {
    request.resume()
    response.writeHead(request.url === '/fail' ? 500 : 200).end()
  })
  const { port, lines, told } = await logged([upstream], { perSecond: 5 })
  await Promise.all(Array.from({ length: 100 }, () => ask(port, path)))
  await ask(port, `${path}/fail`)
  await until(() => told.logged + told.logDropped === 101, 'what was written and what was left out is told')
  const found = await lines()
  expect(found.filter(line => line.status === 500).length).toBe(1)
  expect(found.length).toBe(told.logged)
  expect(told.logDropped).toBeGreaterThan(0)
})

test('a file that is full makes room, and only so many are kept', async () => {
  const dir = join(temporaryDir(), 'deeper')
  const file = new RotatingFile(join(dir, 'access.ndjson'), { bytesMax: 100, filesKept: 2 })
  for (let n = 0; n < 6; n++) {
    file.add(`${'x'.repeat(58)}${n}\n`)
    await until(() => file.written === n + 1, 'it is written')
  }
  await file.close()
  expect(readdirSync(dir).sort()).toEqual(['access.ndjson', 'access.ndjson.1', 'access.ndjson.2'])
  expect(readFileSync(join(dir, 'access.ndjson.2'), 'utf8')).toContain('x3\n')
})

test('what cannot be written, or comes faster than it can be, is left out and counted, and it goes on afterwards', async () => {
  const path = join(temporaryDir(), 'access.ndjson')
  mkdirSync(path)
  const file = new RotatingFile(path, { bytesMax: 10_000_000, filesKept: 1 })
  file.add('lost\n')
  await until(() => file.dropped === 1, 'it is counted')
  for (let n = 0; n < 30; n++) file.add(`${'y'.repeat(50_000)}\n`)
  expect(file.dropped).toBeGreaterThan(1)
  await until(() => file.dropped === 31, 'the rest could not be written either')
  rmSync(path, { recursive: true })
  file.add('kept\n')
  await file.close()
  expect(readFileSync(path, 'utf8')).toBe('kept\n')
})
