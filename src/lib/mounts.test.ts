import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Mount, realMounts, resolveMounts } from './mounts.ts'

const allow = [
  { path: '/srv/models', readOnly: true },
  { path: '/srv/data', readOnly: false },
  { path: '/srv/data/fixed', readOnly: true },
]
const wish = (hostPath: string, mountPath = '/mnt/x', readOnly = false): Mount => ({ mountPath, hostPath, readOnly })

test.each([
  ['/srv/models', false, true],
  ['/srv/models/digits', false, true],
  ['/srv/data', false, false],
  ['/srv/data/a', true, true],
  ['/srv/data/fixed', false, true],
  ['/srv/data/fixed/a', false, true],
])('%s, read-only wished: %o, is mounted read-only: %o', (hostPath, wished, readOnly) => {
  expect(resolveMounts([wish(hostPath, '/mnt/x', wished)], allow)).toEqual([wish(hostPath, '/mnt/x', readOnly)])
})

test.each([
  '/srv',
  '/srv/modelsx',
  '/srv/model',
  '/etc',
  '/srv/datafile',
  '/'.padEnd(20, 'x'),
])('%s is not allowed', hostPath => {
  expect(() => resolveMounts([wish('/srv/data'), wish(hostPath, '/mnt/y')], allow)).toThrow(
    expect.objectContaining({ code: 'UnsupportedServiceConfig', details: { field: 'storage[1].host_path.path' } }),
  )
})

test.each([
  ...[
    '/srv/data/../../etc',
    '/srv/data/..',
    '../srv/data',
    'srv/data',
    '/srv/data/./x',
    '/srv//data',
    '/srv/data/',
    '/',
  ],
  ...['', '/srv/data\0/etc'],
])('the path %o is refused, for the host and for the service', path => {
  const refused = (field: string) =>
    expect.objectContaining({ code: 'InvalidServiceConfig', details: { field: `storage[0].${field}` } })
  expect(() => resolveMounts([wish(path)], allow)).toThrow(refused('host_path.path'))
  expect(() => resolveMounts([wish('/srv/data', path)], allow)).toThrow(refused('mount_path'))
})

test.each([
  ['/mnt/a', '/mnt/a', false],
  ['/mnt/a', '/mnt/a/b', false],
  ['/mnt/a/b', '/mnt/a', false],
  ['/mnt/a', '/mnt/ab', true],
])('mounts at %s and %s stand beside each other: %o', (first, second, good) => {
  const resolve = () => resolveMounts([wish('/srv/data', first), wish('/srv/models', second)], allow)
  if (good) expect(resolve()).toHaveLength(2)
  else expect(resolve).toThrow('lies in /mnt/a')
})

function aHost() {
  const root = mkdtempSync(join(tmpdir(), 'berth-mounts-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['data/a', 'fixed', 'outside/secret']) mkdirSync(join(root, name), { recursive: true })
  const at = (name: string): string => join(root, name)
  const allowed = [
    { path: at('data'), readOnly: false },
    { path: at('fixed'), readOnly: true },
  ]
  return { at, real: (name: string) => realMounts([wish(at(name))], allowed), allowed }
}

test('a link within what is allowed is followed, a link out of it is refused', async () => {
  const { at, real } = aHost()
  symlinkSync(at('data/a'), at('data/inside'))
  symlinkSync('../outside', at('data/outside'))
  symlinkSync('/etc', at('data/etc'))
  symlinkSync(at('data/etc'), at('data/twice'))
  symlinkSync(at('fixed'), at('data/fixed'))
  expect(await real('data/inside')).toEqual([wish(at('data/a'))])
  for (const name of ['data/outside', 'data/outside/secret', 'data/etc', 'data/twice', 'data/fixed'])
    await expect(real(name), name).rejects.toThrow('is a link that leads out of')
})

test('what is allowed may itself be a link, and a narrower part counts where a link leads into it', async () => {
  const { at } = aHost()
  symlinkSync(at('data'), at('named'))
  const allowed = [{ path: at('named'), readOnly: false }]
  expect(await realMounts([wish(at('named/a'))], allowed)).toEqual([wish(at('data/a'))])
  symlinkSync(at('data/a'), at('data/short'))
  const narrowed = [...allowed, { path: at('data/a'), readOnly: true }]
  expect(await realMounts([wish(at('named/short'))], narrowed)).toEqual([wish(at('data/a'), '/mnt/x', true)])
})

test('what is no directory, or not there, is refused', async () => {
  const { at, real } = aHost()
  writeFileSync(at('data/file'), '')
  for (const name of ['data/file', 'data/none']) await expect(real(name)).rejects.toThrow('there is no directory')
})
