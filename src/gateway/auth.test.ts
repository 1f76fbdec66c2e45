import { expect, test } from 'vitest'
import { ManualClock } from '../lib/clock.ts'
import { holderOfKey, holderOfSignature, httpDateMs, keyDigest, signatureOf } from './auth.ts'

const holder = (name: string, ...accessKeys: string[]) => ({ name, accessKeys, keyDigests: accessKeys.map(keyDigest) })
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
  expect(holderOfKey(authorization, holders)?.name ?? null).toBe(name)
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
  const at = (time: string) => holderOfSignature(signed, request, holders, new ManualClock(time))?.name ?? null
  expect([at('2026-11-23T07:45:00Z'), at('2026-11-23T08:15:00Z')]).toEqual(['a', 'a'])
  expect([at('2026-11-23T07:44:59Z'), at('2026-11-23T08:15:01Z')]).toEqual([null, null])
})

test('a change of anything signed makes the signature wrong', () => {
  const clock = new ManualClock('2026-11-23T08:00:00Z')
  const signed = `EAS ${signatureOf('key-a', request).toString('base64')}`
  expect(holderOfSignature(signed, request, holders, clock)?.name).toBe('a')
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
