// Directories of the host that a service process is given.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { anAgent, ended, get, ready, runs } from './harness.ts'

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65_534, gid: 65_534 }

function aHostDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'berth-storage-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data', 'hello'), 'from the host')
  return directory
}

/** Answers with a file of its mount, and writes one when asked to. */
const servesStorage = `
  const fs = require('fs'), dir = process.env.BERTH_STORAGE + '/mnt/deep/data'
  require('http').createServer((req, res) => {
    try {
      if (req.url === '/write') fs.writeFileSync(dir + '/written', 'by the service')
      res.end(fs.readFileSync(dir + '/hello', 'utf8') + ' ' + (fs.realpathSync('mnt/deep/data') === fs.realpathSync(dir)))
    } catch (error) { res.statusCode = 500; res.end(String(error)) }
  }).listen(process.env.PORT, process.env.HOST)`

const mount = (hostPath: string, readOnly = false) => ({ mountPath: '/mnt/deep/data', hostPath, readOnly })

test('a mount is a link below its directory, and stays when the service goes', async () => {
  const host = aHostDirectory()
  const agent = await anAgent({ storage: [{ path: host, readOnly: false }] })
  const spec = agent.spec({ id: 'one', argv: runs(servesStorage), mounts: [mount(join(host, 'data'))] })
  await agent.client.ensure(spec)
  const { port } = await ready(agent, 'one')
  expect(await get(port, '/write')).toEqual({ status: 200, body: 'from the host true' })
  expect(readFileSync(join(host, 'data', 'written'), 'utf8')).toBe('by the service')
  await agent.client.stop('one', { drainMs: 0, graceMs: 5_000 })
  await ended(agent, 'one')
  await agent.client.forget('one')
  expect(existsSync(join(spec.machineDir, 'one'))).toBe(false)
  expect(readFileSync(join(host, 'data', 'hello'), 'utf8')).toBe('from the host')
})

test.each([
  ['what the operator does not allow', (host: string) => host.replace(/$/, '-else'), 'may not be mounted'],
  ['a way out by dots', (host: string) => `${host}/data/../..`, 'without ".."'],
  ['a link that leads out', (host: string) => `${host}/out`, 'is a link that leads out of'],
  ['what is not there', (host: string) => `${host}/none`, 'there is no directory'],
])('%s is refused, and nothing runs', async (_, path, why) => {
  const host = aHostDirectory()
  symlinkSync('/etc', join(host, 'out'))
  const agent = await anAgent({ storage: [{ path: host, readOnly: false }] })
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs('console.log("ran")'), mounts: [mount(path(host))] }))
  const { end, pid } = await ended(agent, 'one')
  expect(end).toMatchObject({ reason: 'SpawnFailed', message: expect.stringContaining(why) })
  expect(pid).toBeNull()
})

test('read-only is kept by the rights of the user that services run as, or refused', async context => {
  if (!isRoot) return context.skip('only root can run services as another user')
  const host = aHostDirectory()
  const agent = await anAgent({ runAs: nobody, storage: [{ path: host, readOnly: true }] })
  chmodSync(agent.directory, 0o711)
  const spec = (id: string) => agent.spec({ id, argv: runs(servesStorage), mounts: [mount(join(host, 'data'))] })
  await agent.client.ensure(spec('reads'))
  const { port } = await ready(agent, 'reads')
  expect((await get(port)).body).toBe('from the host true')
  expect(await get(port, '/write')).toMatchObject({ status: 500, body: expect.stringContaining('EACCES') })
  chownSync(join(host, 'data'), nobody.uid, nobody.gid)
  await agent.client.ensure(spec('writes'))
  expect((await ended(agent, 'writes')).end?.message).toContain('may write there: take the right away')
  chmodSync(join(host, 'data'), 0o000)
  await agent.client.ensure(spec('blind'))
  expect((await ended(agent, 'blind')).end?.message).toContain('may not read')
})
