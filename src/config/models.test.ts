import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Config, loadConfig } from './config.ts'

function withText(text: string, env: NodeJS.ProcessEnv = {}): Config {
  const home = mkdtempSync(join(tmpdir(), 'berth-config-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  writeFileSync(join(home, 'berth.yaml'), text)
  return loadConfig({ env: { BERTH_HOME: home, ...env }, host: { cores: 2, memoryMib: 4096 } })
}

const store = (more: string, endpoint = 'https://s3.example.org'): string =>
  `models:\n  stores:\n    main: { endpoint: "${endpoint}", region: cn-test-1, buckets: [models, shared/public]${more} }\n`

it('unless told otherwise, models come from public addresses alone', () => {
  expect(withText('').models).toEqual({ allowPrivate: [], stores: [] })
  expect(withText('models: { allowPrivate: [10.0.0.0/8, "fd00::/8", 127.0.0.1] }').models.allowPrivate).toHaveLength(3)
})

it('a store has its key here or its secret in the environment; OSS is asked by the name of the bucket', () => {
  const key = ', accessKeyId: AKID, secretAccessKey: from-the-file'
  const [found] = withText(store(key)).models.stores
  expect(found).toEqual({
    ...{ name: 'main', endpoint: 'https://s3.example.org', region: 'cn-test-1', pathStyle: true },
    ...{ buckets: ['models', 'shared/public'], accessKey: { id: 'AKID', secret: 'from-the-file' } },
  })
  const outside = { BERTH_STORE_MAIN_SECRET: 'from-outside' }
  expect(withText(store(', accessKeyId: AKID'), outside).models.stores[0]?.accessKey?.secret).toBe('from-outside')
  expect(withText(store('')).models.stores[0]?.accessKey).toBeNull()
  const oss = store('', 'https://s3.oss-cn-hangzhou.aliyuncs.com/')
  expect(withText(oss).models.stores[0]).toMatchObject({ pathStyle: false, endpoint: expect.stringMatching(/com$/) })
})

it.each([
  ['models: { allowPrivate: [intranet] }', 'models.allowPrivate.0: expected an address or a network'],
  [store(', accessKeyId: AKID'), 'secretAccessKey: give the secret of AKID, here or in BERTH_STORE_MAIN_SECRET'],
  [store(', secretAccessKey: x'), 'models.stores.main.secretAccessKey: it is of no accessKeyId'],
  [store('', 'https://user:x@s3.example.org'), 'models.stores.main.endpoint: expected the address of a store'],
  [store('', 'https://s3.example.org/models'), 'models.stores.main.endpoint: '],
  [store('', 's3.example.org'), 'models.stores.main.endpoint: '],
  [store(', secret: x'), 'models.stores.main.secret: there is no such setting'],
  ['models: { stores: { main: { endpoint: "https://a.b", region: x, buckets: [] } } }', 'name at least one bucket'],
  ['models: { stores: { Main: { endpoint: "https://a.b", region: x, buckets: [abc] } } }', 'lower-case letters'],
])('refuses %s', (text, message) => {
  expect(() => withText(text)).toThrow(message)
})

it('services may mount nothing unless told otherwise, and what they may, read-only unless told otherwise', () => {
  expect(withText('').storage).toEqual([])
  const text = 'storage: { allow: [{ path: /srv/models }, { path: /srv/scratch, readOnly: false }] }'
  expect(withText(text).storage).toEqual([
    { path: '/srv/models', readOnly: true },
    { path: '/srv/scratch', readOnly: false },
  ])
})

it.each(['/', 'srv', '/srv/../etc', '/srv//x', '/srv/.'])('a directory %s is not allowed to be mounted', path => {
  expect(() => withText(`storage: { allow: [{ path: "${path}" }] }`)).toThrow(
    'storage.allow.0.path: expected an absolute',
  )
})
