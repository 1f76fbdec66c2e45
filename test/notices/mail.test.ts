// Notices that reach a real SMTP server: over TLS, with a login, once each while it takes them, again while it does not.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { deliverNotices } from '../../src/notices/deliver-notices.ts'
import { type MailConfig, mailChannel } from '../../src/notices/mail.ts'
import { giveNotices } from '../../src/notices/notices.ts'
import { webhookChannel } from '../../src/notices/webhook.ts'
import { makeCertificate } from '../certificates.ts'
import { aShop, type Shop } from '../orders/shop.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-mail-'))
  makeCertificate(directory, 'server')
  makeCertificate(directory, 'other')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let shop: Shop
let servers: SMTPServer[]
let received: string[]
/** What the server says to a mail instead of taking it. */
let refusal: string | null
beforeEach(async () => {
  shop = await aShop({ max: 20 })
  servers = []
  received = []
  refusal = null
})
afterEach(async () => {
  for (const server of servers) await new Promise<void>(closed => server.close(closed))
  await shop.close()
})

const pem = (name: string) => readFileSync(join(directory, name), 'utf8')

/** Lets in `berth` by the password `right`, and says who may not what. */
async function aServer(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    ...{ key: pem('server.key'), cert: pem('server.crt'), authMethods: ['PLAIN'], logger: false },
    onAuth: ({ username, password }, _, done) =>
      username === 'berth' && password === 'right' ? done(null, { user: 'berth' }) : done(new Error('not you')),
    onData: async (stream, { envelope }, done) => {
      const mail = await text(stream)
      if (refusal !== null) return done(Object.assign(new Error(refusal), { responseCode: 451 }))
      received.push(`${envelope.rcptTo.map(to => to.address).join(' ')}\n${mail}`)
      done()
    },
    ...options,
  })
  servers.push(server)
  server.on('error', () => {}) // A client that does not trust it hangs up.
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  return (server.server.address() as AddressInfo).port
}

const configOf = (port: number, more: Partial<MailConfig> = {}): MailConfig => ({
  ...{ host: '127.0.0.1', port, tls: 'starttls', login: { user: 'berth', password: 'right' }, ca: pem('server.crt') },
  ...{ from: 'Berth <berth@example.org>', to: ['ops@example.org', 'money@example.org'] },
  ...more,
})

const give = (key: string) =>
  transaction(shop.ctx, tx =>
    giveNotices(tx, shop.clock.now(), [
      {
        ...{ accountId: shop.accountId, kind: 'arrears.began', subjectKind: 'account', subjectId: shop.accountId },
        ...{ key, data: { owedFen: '481', stopsAt: '2026-03-01T04:00:00Z' } },
      },
    ]),
  )

const zone = 'Asia/Shanghai'
const deliver = (config: MailConfig) => deliverNotices(shop.ctx, mailChannel(config, zone))
const messageIds = () => received.map(mail => /^Message-ID: (\S+)/im.exec(mail)?.[1])
const state = async () => {
  const query = shop.db.selectFrom('notices').select(['mailedAt', 'mailError', 'mailAttempts', 'mailDueAt'])
  return (await query.executeTakeFirstOrThrow()) ?? null
}

test.each([
  ['starttls', {}],
  ['implicit', { secure: true }],
] as const)('are mailed over TLS (%s), with a login, in both languages, to all who are named', async (tls, options) => {
  const port = await aServer(options)
  await give('one')
  await deliver(configOf(port, { tls }))
  const [mail = ''] = received
  expect(mail).toMatch(/^ops@example\.org money@example\.org$/m)
  expect(mail).toMatch(/^From: Berth <berth@example\.org>/m)
  expect(mail).toMatch(/^Auto-Submitted: auto-generated/m)
  const body = Buffer.from(mail.split(/\r\n\r\n/)[1] ?? '', 'base64').toString('utf8')
  expect(body).toContain('账号已欠费\nThe account is in arrears\n')
  expect(body).toContain('owedFen: 4.81\nstopsAt: 2026-03-01T12:00:00+08:00[Asia/Shanghai]\n')
  expect(await state()).toMatchObject({ mailedAt: shop.clock.now(), mailError: null, mailDueAt: null })
})

test('are mailed once, however many processes deliver and however often they are given', async () => {
  const port = await aServer()
  for (let n = 0; n < 10; n++) await give(`notice-${n}`)
  for (let n = 0; n < 10; n++) await give(`notice-${n}`)
  await Promise.all(Array.from({ length: 5 }, () => deliver(configOf(port))))
  await deliver(configOf(port))
  expect(received).toHaveLength(10)
  expect(new Set(messageIds()).size).toBe(10)
})

test('are tried again until the server takes them, later each time, under the same id', async () => {
  const port = await aServer()
  await give('one')
  refusal = 'come back later'
  const tries: number[] = []
  const begun = shop.clock.now()
  for (let seconds = 0; seconds < 60; seconds++) {
    const before = (await state()).mailAttempts
    await deliver(configOf(port))
    if ((await state()).mailAttempts > before) tries.push(begun.until(shop.clock.now()).total('seconds'))
    shop.clock.advance({ seconds: 1 })
  }
  expect(tries).toEqual([0, 5, 15, 35])
  expect((await state()).mailError).toMatch(/come back later/)
  refusal = null
  shop.clock.advance({ minutes: 1 })
  await deliver(configOf(port))
  expect(messageIds()).toEqual([expect.stringMatching(/^<notice-\d+-\d+@example\.org>$/)])
  shop.clock.advance({ hours: 2 })
  await deliver(configOf(port))
  expect(received).toHaveLength(1)
})

test.each<[string, Partial<MailConfig>, SMTPServerOptions, RegExp]>([
  ['a wrong password', { login: { user: 'berth', password: 'wrong' } }, {}, /not you/],
  ['a server that does not offer TLS', {}, { disabledCommands: ['STARTTLS'] }, /STARTTLS|TLS/],
  ['a certificate of somebody else', { ca: 'other' }, {}, /certificate/],
])('say why they did not go out: %s', async (_, more, options, why) => {
  const port = await aServer(options)
  await give('one')
  await deliver(configOf(port, more.ca ? { ca: pem('other.crt') } : more))
  expect(received).toEqual([])
  expect((await state()).mailError).toMatch(why)
})

test('go by mail and webhook apart: neither waits for the other', async () => {
  const port = await aServer()
  await give('one')
  await deliverNotices(shop.ctx, webhookChannel({ url: 'http://127.0.0.1:1/nobody', secret: 'whsec_AAAA' }))
  await deliver(configOf(port))
  expect(received).toHaveLength(1)
  const row = shop.db.selectFrom('notices').select(['deliveredAt', 'mailedAt'])
  expect(await row.executeTakeFirstOrThrow()).toEqual({ deliveredAt: null, mailedAt: shop.clock.now() })
})

test('go nowhere where no server is named, and are not sent a day later when one is', async () => {
  await give('old')
  expect(await deliverNotices(shop.ctx, null)).toEqual({ found: 0, changed: 0 })
  shop.clock.advance({ hours: 25 })
  await deliver(configOf(await aServer()))
  expect(received).toEqual([])
  expect((await state()).mailError).toBe('not delivered within a day')
})
