import { expect, test } from 'vitest'
import type { ModelSettings, ObjectStore } from '../../../src/agent/models/model-settings.ts'
import { objectAddress, signedHeaders } from '../../../src/agent/models/object-store.ts'
import { aFetcher, bytesOf, quick, sha256Of } from './fetching.ts'
import { anOrigin, type Origin } from './origin.ts'
import { signatureOf, whyNotSigned } from './signature.ts'

const model = bytesOf('model', 2_000_000)
const key = { id: 'AKIDEXAMPLE', secret: 'a-secret/that+is=never&shown', region: 'cn-test-1' }

/** A store that knows one key, and answers as one does that does not like what it is asked. */
async function aStore(): Promise<{ origin: Origin; settings: ModelSettings }> {
  const origin = await anOrigin(model)
  origin.refuse = req => {
    const why = whyNotSigned(req, key)
    return why === null ? null : { status: 403, body: `<?xml version="1.0"?><Error><Code>${why}</Code></Error>` }
  }
  return { origin, settings: { allowPrivate: [], stores: [storeAt(origin)] } }
}

const storeAt = (origin: Origin, change: Partial<ObjectStore> = {}): ObjectStore => ({
  ...{ name: 'main', endpoint: origin.url, region: key.region, buckets: ['models', 'shared/public'], pathStyle: true },
  accessKey: { id: key.id, secret: key.secret },
  ...change,
})

test('the check of signatures agrees with the example that AWS publishes', () => {
  const names = ['host', 'range', 'x-amz-content-sha256', 'x-amz-date']
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
  }
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  const scope = '20130524/us-east-1/s3/aws4_request'
  expect(
    signatureOf({ method: 'GET', url: '/test.txt', headers }, names, '20130524T000000Z', scope, {
      ...{ id: 'AKIAIOSFODNN7EXAMPLE', secret, region: 'us-east-1' },
    }),
  ).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
})

test.each([
  'models/digits/model.onnx',
  'models/a b+c/é(1)~*.onnx',
  'shared/public/x',
])('the object %s is fetched with a signed request, and its rest after a cut', async path => {
  const { origin, settings } = await aStore()
  origin.troubles = [{ cutAfter: 500_000 }]
  const machine = aFetcher({ settings })
  const url = `s3://${path.split('/').map(encodeURIComponent).join('/')}`
  expect(await machine.fetch(`${url}#sha256=${sha256Of(model)}`)).toBe(sha256Of(model))
  expect(origin.asked.map(({ path: asked }) => decodeURIComponent(asked))).toEqual([`/${path}`, `/${path}`])
  expect(origin.asked[1]?.headers.range).toMatch(/^bytes=[1-9]/)
})

test('oss:// is the same, with or without the endpoint behind the bucket', async () => {
  const { settings } = await aStore()
  for (const host of [
    'models',
    'models.oss-cn-hangzhou.aliyuncs.com',
    'models.oss-cn-hangzhou-internal.aliyuncs.com',
  ]) {
    expect(await aFetcher({ settings }).fetch(`oss://${host}/m.onnx`)).toBe(sha256Of(model))
  }
})

test('a store that refuses the key is asked once, and its word is told, but never the key', async () => {
  const { origin, settings } = await aStore()
  const [store] = settings.stores
  const wrong = {
    ...settings,
    stores: [{ ...storeAt(origin), ...store, accessKey: { id: key.id, secret: 'another' } }],
  }
  const machine = aFetcher({ settings: wrong, limits: quick })
  await expect(machine.fetch('s3://models/m.onnx')).rejects.toMatchObject({
    code: 'ModelUnavailable',
    message: 'the model at s3://models/m.onnx could not be fetched: the server answered 403 (SignatureDoesNotMatch)',
  })
  expect(origin.asked).toHaveLength(1)
  expect(JSON.stringify(machine.states)).not.toContain('another')
})

test.each([
  's3://other/m.onnx',
  's3://shared/private/m',
  's3://shared/publicity/m',
  's3://modelsx/m',
])('%s is in no bucket that the operator named: nobody is asked', async url => {
  const { origin, settings } = await aStore()
  await expect(aFetcher({ settings }).fetch(url)).rejects.toThrow('named no store with this bucket')
  expect(origin.asked).toEqual([])
})

test('a store does not lead elsewhere: its redirect is refused', async () => {
  const { origin, settings } = await aStore()
  origin.refuse = () => null
  origin.troubles = [{ answer: 307, headers: { location: `${origin.url}/elsewhere` } }]
  await expect(aFetcher({ settings }).fetch('s3://models/m')).rejects.toThrow('the server answered 307')
  expect(origin.asked).toHaveLength(1)
})

test('an open bucket is asked without a signature, one by its host name', async () => {
  const origin = await anOrigin(model)
  const settings = { allowPrivate: [], stores: [storeAt(origin, { accessKey: null })] }
  expect(await aFetcher({ settings }).fetch('s3://models/m')).toBe(sha256Of(model))
  expect(origin.asked[0]?.headers.authorization).toBeUndefined()
  const virtual = storeAt(origin, { endpoint: 'https://s3.oss-cn-hangzhou.aliyuncs.com', pathStyle: false })
  const url = objectAddress(virtual, { kind: 'object', bucket: 'models', key: 'a/b c', sha256: null })
  expect(url.href).toBe('https://models.s3.oss-cn-hangzhou.aliyuncs.com/a/b%20c')
  const headers = signedHeaders(virtual, url, {}, Temporal.Instant.from('2026-06-01T08:00:00.5Z'))
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  expect(lower).toMatchObject({ host: url.host, 'x-amz-date': '20260601T080000Z' })
  expect(whyNotSigned({ method: 'GET', url: url.pathname, headers: lower }, key)).toBeNull()
})
