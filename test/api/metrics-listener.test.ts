import { expect, onTestFinished, test } from 'vitest'
import { MetricsListener } from '../../src/api/metrics-listener.ts'
import { silentLog } from '../../src/lib/log.ts'

async function listening(text: () => AsyncIterable<string>): Promise<string> {
  const listener = new MetricsListener({ host: '127.0.0.1', port: 0, log: silentLog, text })
  await listener.listen()
  onTestFinished(() => listener.close())
  return `http://127.0.0.1:${listener.port}`
}

test('figures are told in parts at /metrics, and there is nothing else', async () => {
  const url = await listening(async function* () {
    yield 'one 1\n'
    yield 'two 2\n'
  })
  const answer = await fetch(`${url}/metrics`)
  expect([answer.status, await answer.text()]).toEqual([200, 'one 1\ntwo 2\n'])
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404)
})

test('where the figures cannot be had, the answer breaks off: half of them are no figures', async () => {
  const url = await listening(async function* () {
    yield 'one 1\n'
    throw new Error('the database is away')
  })
  await expect(fetch(`${url}/metrics`).then(answer => answer.text())).rejects.toThrow()
})
