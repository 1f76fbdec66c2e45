// What a service's author writes as model_path is fetched from this host: it must not read what only this host reaches.
import { expect, test } from 'vitest'
import { noModels } from '../../../src/agent/models/model-settings.ts'
import type { Resolve } from '../../../src/agent/models/web.ts'
import { aFetcher, bytesOf, sha256Of } from './fetching.ts'
import { anOrigin, type Origin } from './origin.ts'

const model = bytesOf('model', 10_000)
const nothingAllowed = { settings: noModels }

/** Names that are told in turn, the last for ever. */
const tells =
  (...answers: string[][]): Resolve =>
  async () => {
    const [addresses = []] = answers.length > 1 ? [answers.shift()] : answers
    return addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  }

test.each([
  ['http://127.0.0.1:PORT/m', '127.0.0.1 is a loopback address'],
  ['http://localhost:PORT/m', 'localhost is at'],
  ['http://0.0.0.0:PORT/m', '0.0.0.0 is no address of a host'],
  ['http://0x7f000001:PORT/m', '127.0.0.1 is a loopback address'],
  ['http://2130706433:PORT/m', '127.0.0.1 is a loopback address'],
  ['http://0177.0.0.1:PORT/m', '127.0.0.1 is a loopback address'],
  ['http://[::1]:PORT/m', '::1 is a loopback address'],
  ['http://[::ffff:127.0.0.1]:PORT/m', '::ffff:7f00:1 is a loopback address'],
  ['http://[64:ff9b::7f00:1]:PORT/m', 'is a reserved address'],
  ['http://169.254.169.254/latest/meta-data/', '169.254.169.254 is a link-local address'],
  ['http://100.100.100.200/latest/meta-data/', '100.100.100.200 is a shared address'],
])('%s is refused before a connection is made', async (url, why) => {
  const origin = await anOrigin(model)
  const fetched = aFetcher(nothingAllowed).fetch(url.replace('PORT', String(origin.port)))
  await expect(fetched).rejects.toMatchObject({ code: 'ModelUnavailable', message: expect.stringContaining(why) })
  await expect(fetched).rejects.toThrow('models.allowPrivate in berth.yaml')
  expect(origin.asked).toEqual([])
})

test('a name with a public and a private address is refused', async () => {
  const origin = await anOrigin(model)
  const resolve = tells(['203.0.113.1', '127.0.0.1'])
  await expect(
    aFetcher({ ...nothingAllowed, resolve }).fetch(`http://models.example:${origin.port}/m`),
  ).rejects.toThrow('models.example is at 203.0.113.1, a reserved address')
  const mixed = tells(['1.1.1.1', '127.0.0.1'])
  await expect(
    aFetcher({ ...nothingAllowed, resolve: mixed }).fetch(`http://models.example:${origin.port}/m`),
  ).rejects.toThrow('models.example is at 127.0.0.1, a loopback address')
  expect(origin.asked).toEqual([])
})

/** One port on two addresses: `.2` may be reached, `.1` may not. */
async function twoOrigins(): Promise<{ allowed: Origin; forbidden: Origin; settings: typeof noModels }> {
  const allowed = await anOrigin(model, '127.0.0.2')
  const forbidden = await anOrigin(model, '127.0.0.1', allowed.port)
  return { allowed, forbidden, settings: { ...noModels, allowPrivate: ['127.0.0.2'] } }
}

test('a name that changes its answer leads to the address that was checked, and the changed one is refused', async () => {
  const { allowed, forbidden, settings } = await twoOrigins()
  allowed.troubles = [{ cutAfter: 10 }]
  const resolve = tells(['127.0.0.2'], ['127.0.0.1'])
  const fetched = aFetcher({ settings, resolve }).fetch(`http://models.example:${allowed.port}/m`)
  await expect(fetched).rejects.toThrow('models.example is at 127.0.0.1')
  expect(allowed.asked).toHaveLength(1)
  expect(forbidden.asked).toEqual([])
})

test.each([
  ['an address', 'http://127.0.0.1:PORT/m', '127.0.0.1 is a loopback address'],
  ['a name', 'http://elsewhere.example:PORT/m', 'elsewhere.example is at 127.0.0.1'],
  ['another scheme', 'file:///etc/passwd', 'no http or https address'],
  ['a password', 'http://u:p@127.0.0.2:PORT/m', 'an address with a password'],
])('a redirect to %s that is not allowed is refused', async (_, location, why) => {
  const { allowed, forbidden, settings } = await twoOrigins()
  const to = location.replace('PORT', String(allowed.port))
  allowed.troubles = [{ answer: 302, headers: { location: to } }]
  const resolve = tells(['127.0.0.1'])
  await expect(aFetcher({ settings, resolve }).fetch(`${allowed.url}/m`)).rejects.toThrow(why)
  expect(forbidden.asked).toEqual([])
})

test('a redirect to where it may be fetched is followed, one that goes round is not', async () => {
  const { allowed, settings } = await twoOrigins()
  allowed.troubles = [{ answer: 307, headers: { location: '/elsewhere' } }]
  expect(await aFetcher({ settings }).fetch(`${allowed.url}/m`)).toBe(sha256Of(model))
  expect(allowed.asked.map(({ path }) => path)).toEqual(['/m', '/elsewhere'])
  allowed.troubles = Array.from({ length: 9 }, () => ({ answer: 302, headers: { location: '/m' } }))
  await expect(aFetcher({ settings }).fetch(`${allowed.url}/m`)).rejects.toThrow('redirected more than 5 times')
})
