// Notices that reach a real HTTP server: signed, once each while it answers, again while it does not.
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { deliverNotices } from '../../src/notices/deliver-notices.ts'
import { giveNotices } from '../../src/notices/notices.ts'
import { webhookChannel } from '../../src/notices/webhook.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

let shop: Shop
let server: Server
let url: string
let answer: number
let received: { headers: IncomingHttpHeaders; body: string }[]
beforeEach(async () => {
  shop = await aShop()
  answer = 204
  received = []
  server = createServer(async (req, res) => {
    received.push({ headers: req.headers, body: await text(req) })
    res.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end()
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})
afterEach(async () => {
  server.close()
  await shop.close()
})

const give = (key: string) =>
  transaction(shop.ctx, tx =>
    giveNotices(tx, shop.clock.now(), [
      {
        ...{ accountId: shop.accountId, kind: 'subscription.expired', subjectKind: 'machine', subjectId: 'eas-i-1' },
        ...{ key, data: { expiresAt: '2026-03-01T00:00:00Z' } },
      },
    ]),
  )

const deliver = () => deliverNotices(shop.ctx, webhookChannel({ url, secret }))

test('is signed over its id, time and body', async () => {
  await give('one')
  await deliver()
  const [{ headers, body } = { headers: {}, body: '' }] = received
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', Buffer.alloc(32, 5)).update(signed).digest('base64')
  expect(headers['webhook-signature']).toBe(`v1,${expected}`)
  expect(Number(headers['webhook-timestamp'])).toBe(shop.clock.now().epochMilliseconds / 1_000)
  expect(JSON.parse(body)).toMatchObject({
    type: 'subscription.expired',
    data: { accountId: shop.accountId, severity: 'critical', subjectId: 'eas-i-1', expiresAt: '2026-03-01T00:00:00Z' },
  })
})

test('is delivered once, however many processes deliver and however often it is given', async () => {
  for (let n = 0; n < 10; n++) await give(`notice-${n}`)
  for (let n = 0; n < 10; n++) await give(`notice-${n}`)
  await Promise.all(Array.from({ length: 8 }, deliver))
  await deliver()
  expect(received).toHaveLength(10)
  expect(new Set(received.map(one => one.headers['webhook-id'])).size).toBe(10)
})

test.each([
  500, 404, 302,
])('is tried again, later each time, while the answer is %i, and given up after a day', async code => {
  answer = code
  await give('one')
  const waits: number[] = []
  let last = shop.clock.now()
  for (let minutes = 0; minutes < 26 * 60; minutes++) {
    const before = received.length
    await deliver()
    if (received.length > before) {
      waits.push(last.until(shop.clock.now()).total('minutes'))
      last = shop.clock.now()
    }
    shop.clock.advance({ minutes: 1 })
  }
  expect(waits.slice(1)).toEqual(waits.slice(1).toSorted((a, b) => a - b))
  expect(waits.at(-1)).toBe(60)
  const [row] = await shop.db.selectFrom('notices').select(['deliveryDueAt', 'deliveredAt', 'deliveryError']).execute()
  expect(row).toEqual({ deliveryDueAt: null, deliveredAt: null, deliveryError: 'not delivered within a day' })
})

test('that nobody listened to for a day is not sent when somebody begins to', async () => {
  await give('old')
  shop.clock.advance({ hours: 25 })
  await give('new')
  await deliver()
  expect(received.map(one => one.headers['webhook-id'])).toHaveLength(1)
})
