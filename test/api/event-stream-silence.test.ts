// GET /v1/events/stream while the database does not answer: nobody waits for ever, who follows is told, and comes back to
// what was missed. The silence is real: another transaction keeps the history to itself.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Browser } from './browser.ts'
import { follow } from './follow.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { mustBe } from './world.ts'

let api: TestApi
let cookie: string
beforeAll(async () => {
  api = await startTestApi({ eventStreams: { perUserMax: 3, heartbeatMs: 5, openWithinMs: 200, silentMsMax: 10_000 } })
  const browser = new Browser(api)
  await browser.signIn('default', 'admin', mustBe(api.owner.password))
  cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
})
afterAll(() => api.close())

async function following(after?: string | null) {
  const stream = await follow(`${api.url}/v1/events/stream${after ? `?after=${after}` : ''}`, { cookie })
  onTestFinished(() => stream.stop())
  return stream
}

/** Nothing is read of the history from here until it is let go. */
async function keepHistory(): Promise<() => Promise<void>> {
  const kept = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const transaction = api.db.transaction().execute(async tx => {
    await sql`lock table events in access exclusive mode`.execute(tx)
    kept.resolve()
    await done.promise
  })
  await Promise.race([kept.promise, transaction])
  const letGo = () => {
    done.resolve()
    return transaction
  }
  onTestFinished(letGo)
  return letGo
}

test('who follows is told that the database is silent, and is told what was missed afterwards', async () => {
  const first = await following()
  const { id } = await first.until('ready')
  const letGo = await keepHistory()
  await first.until('comment')
  api.clock.advance({ seconds: 9 })
  await first.until('comment')
  await first.until('comment')
  api.clock.advance({ seconds: 1 })
  expect((await first.until('end')).data).toEqual({ because: 'database' })
  expect(await first.next()).toBeNull()

  const refused = await following(id)
  expect(refused.status).toBe(503)

  await letGo()
  await api.client(api.owner).call('POST /v1/workspaces', { body: { name: 'missed' } })
  const again = await following(id)
  expect((await again.until('ready')).data).toEqual({ resumed: true })
  const { changes } = (await again.until('changes')).data as { changes: { subjectKind: string }[] }
  expect(changes.map(change => change.subjectKind)).toEqual(['workspace'])
})

test('a stream that can not begin is refused with when to come back, and leaves no place taken', async () => {
  const letGo = await keepHistory()
  // Where one left off has to be looked up, whoever else follows.
  for (let times = 0; times < 4; times++) {
    const answer = await fetch(`${api.url}/v1/events/stream?after=1`, { headers: { cookie } })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
  }
  await letGo()
  const stream = await following()
  await stream.until('ready')
})
