import { expect, test } from 'vitest'
import { ManualClock } from '../../lib/clock.ts'
import { holderOfKey, holderOfSignature, httpDateMs, KeySet, signatureOf } from './auth.ts'

const holder = (name: string, ...accessKeys: string[]) => ({ name, keys: new KeySet({ accessKeys }) })
const clock = new ManualClock('2026-11-23T08:00:00Z')
const holders = [holder('a', 'key-a', 'key-a-old'), holder('b', 'key-b'), holder('closed')]

test.each([
  ['key-a', 'a'],
  ['key-a-old', 'a'],
  ['Bearer key-b', 'b'],
  ['bearer  key-b', 'b'],
  ['key-', null],
  ['', null],
  ['Bearer ', null],
  ['Basic key-a', null],
])('the key %j belongs to %s', (authorization, name) => {
  expect(holderOfKey(authorization, holders, clock)?.holder.name ?? null).toBe(name)
})

test('a key with an end lets nobody in from that moment on, sent or signed with; the other key does', () => {
  const endMs = Date.UTC(2026, 10, 23, 8)
  const keys = new KeySet({ accessKeys: ['key-new', 'key-old'], keyIds: ['n', 'o'], keysUntilMs: [null, endMs] })
  const at = (time: string) => new ManualClock(time)
  const raw = (key: string, time: string) => holderOfKey(key, [{ keys }], at(time))?.key ?? null
  expect([raw('key-old', '2026-11-23T07:59:59Z'), raw('key-old', '2026-11-23T08:00:00Z')]).toEqual([1, null])
  expect(raw('key-new', '2027-11-23T08:00:00Z')).toBe(0)
  const signed = `EAS ${signatureOf('key-old', request).toString('base64')}`
  const signedAt = (time: string) => holderOfSignature(signed, request, [{ keys }], at(time))?.key ?? null
  expect([signedAt('2026-11-23T07:59:59Z'), signedAt('2026-11-23T08:00:00Z')]).toEqual([1, null])
})

// Made with Python: base64(hmac.new(b'key-a', b'POST\n<md5>\napplication/octet-stream\n<date>\n/api/predict/digits', sha1)).
const request = {
  method: 'POST',
  path: '/api/predict/digits',
  contentMd5: '900150983cd24fb0d6963f7d28e17f72',
  contentType: 'application/octet-stream',
  date: 'Mon, 23 Nov 2026 08:00:00 GMT',
}

test('a signature is right for its key, its request and 15 minutes either way', () => {
  const signed = `EAS ${signatureOf('key-a', request).toString('base64')}`
  expect(signed).toBe('EAS 0LD8wT48Rqi2O/eN6u++XHhTYJc=')
  const at = (time: string) => holderOfSignature(signed, request, holders, new ManualClock(time))?.holder.name ?? null
  expect([at('2026-11-23T07:45:00Z'), at('2026-11-23T08:15:00Z')]).toEqual(['a', 'a'])
  expect([at('2026-11-23T07:44:59Z'), at('2026-11-23T08:15:01Z')]).toEqual([null, null])
})

test('a change of anything signed makes the signature wrong', () => {
  const signed = `EAS ${signatureOf('key-a', request).toString('base64')}`
  expect(holderOfSignature(signed, request, holders, clock)?.holder.name).toBe('a')
  for (const field of Object.keys(request)) {
    const date = 'Mon, 23 Nov 2026 08:00:01 GMT'
    const changed = { ...request, [field]: field === 'date' ? date : 'x' }
    expect([field, holderOfSignature(signed, changed, holders, clock)]).toEqual([field, null])
  }
  for (const bad of ['EAS ', 'EAS x', `${signed}AAAA`])
    expect(holderOfSignature(bad, request, holders, clock)).toBeNull()
})

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777_000],
  ['Sun, 6 Nov 1994 08:49:37 GMT', null],
  ['Sunday, 06-Nov-94 08:49:37 GMT', null],
  ['', null],
])('the date %j is %s', (text, ms) => {
  expect(httpDateMs(text)).toBe(ms)
})
