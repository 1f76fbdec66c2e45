// The ways to a cluster: a private CA, a certificate, keys that change, plugins, a proxy.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ApiServer } from '../../src/drivers/kubernetes/api/api-server.ts'
import { Connection } from '../../src/drivers/kubernetes/api/connection.ts'
import type { ClusterAccess, Login } from '../../src/drivers/kubernetes/api/kubeconfig.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { makeCertificate } from '../certificates.ts'
import { KubernetesDouble } from './double/kubernetes-double.ts'

const environment = { PATH: process.env.PATH }

async function open(mayAsk?: (request: IncomingMessage) => boolean) {
  const at = directory()
  makeCertificate(at, 'api')
  const pair = { cert: readFileSync(join(at, 'api.crt'), 'utf8'), key: readFileSync(join(at, 'api.key'), 'utf8') }
  const double = new KubernetesDouble({ tls: pair, ...(mayAsk && { mayAsk }) })
  await double.up()
  onTestFinished(() => double.down())
  const api = (changes: Partial<ClusterAccess>) => {
    const access: ClusterAccess = {
      ...{ server: new URL(double.url), ca: pair.cert, serverName: null, skipTlsVerify: false },
      ...{ proxyUrl: null, login: { kind: 'none' }, impersonates: null, source: 'a test', ...changes },
    }
    const connection = new Connection(access, { clock: systemClock, env: environment })
    onTestFinished(() => connection.close())
    return new ApiServer({ connection, clock: systemClock, deadlineMs: 200 })
  }
  const versionBy = (login: Login, changes: Partial<ClusterAccess> = {}) => api({ login, ...changes }).version()
  return { double, api, versionBy }
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'berth-connection-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const version = { major: '1', minor: '36', gitVersion: 'v1.36.0' }
const bearerOf = ({ headers }: IncomingMessage) => headers.authorization ?? ''

test('a private CA is trusted where it is named, and only there', async () => {
  const { api } = await open()
  expect(await api({}).version()).toEqual(version)
  expect(await api({ ca: null, skipTlsVerify: true }).version()).toEqual(version)
  await expect(api({ ca: null }).version()).rejects.toThrow(/does not answer at https.*self-signed/)
})

test('a key that was replaced in its file is read again once the old one is refused', async () => {
  let valid = 'Bearer first'
  const { api } = await open(request => bearerOf(request) === valid)
  const path = join(directory(), 'key')
  writeFileSync(path, 'first\n')
  const one = api({ login: { kind: 'bearer-file', path } })
  const asked = () => one.get({ ...configMaps }, { namespace: 'default', name: 'a' })
  expect(await asked()).toBeNull()
  valid = 'Bearer second'
  await expect(asked()).rejects.toMatchObject({ status: 401 })
  writeFileSync(path, 'second\n')
  expect(await asked()).toBeNull()
})

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }

function plugin(script: string) {
  const at = directory()
  const command = join(at, 'plugin')
  writeFileSync(command, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> ${at}/asked\n${script}\n`)
  chmodSync(command, 0o755)
  const apiVersion = 'client.authentication.k8s.io/v1'
  const more = {
    args: [],
    env: [{ name: 'WHO', value: 'berth' }],
    installHint: 'Install it.',
    provideClusterInfo: true,
  }
  const login: Login = { kind: 'exec', plugin: { apiVersion, command, ...more } }
  return { login, asked: () => readFileSync(join(at, 'asked'), 'utf8').trim().split('\n') }
}

const credential = (status: string) => `echo '{"kind":"ExecCredential","status":${status}}'`

test('a plugin is asked once, is told of the cluster, and again when what it gave is refused', async () => {
  let valid = 'Bearer berth'
  const { api } = await open(request => bearerOf(request) === valid)
  const { login, asked } = plugin(`echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$WHO\\"}}"`)
  const one = api({ login })
  const ask = () => one.get(configMaps, { namespace: 'default', name: 'a' })
  await Promise.all([ask(), ask(), ask()])
  expect(asked()).toHaveLength(1)
  const info = JSON.parse(asked()[0] ?? '') as { spec: { interactive: boolean; cluster: Record<string, string> } }
  expect(info.spec).toMatchObject({ interactive: false, cluster: { server: expect.stringContaining('https://') } })
  valid = 'Bearer other'
  await expect(ask()).rejects.toMatchObject({ status: 401 })
  expect(asked()).toHaveLength(2)
})

test('what a plugin gave is asked for again before it ends', async () => {
  const { api } = await open()
  const { login, asked } = plugin(credential('{"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"}'))
  const one = api({ login })
  await one.version()
  await one.version()
  expect(asked()).toHaveLength(2)
})

test.each([
  ['fails', 'echo "log in first" >&2; exit 3', 'failed: log in first'],
  ['prints nothing', 'true', 'printed no ExecCredential'],
])('a plugin that %s is told of by name', async (_, script, message) => {
  const { versionBy } = await open()
  await expect(versionBy(plugin(script).login)).rejects.toThrow(message)
})

test('a plugin that is not installed says how it is', async () => {
  const { versionBy } = await open()
  const { login } = plugin('true')
  if (login.kind !== 'exec') throw new Error('no plugin')
  const missing = { ...login, plugin: { ...login.plugin, command: 'berth-no-such-plugin' } }
  await expect(versionBy(missing)).rejects.toThrow(/berth-no-such-plugin failed: .* Install it\./)
})

test('requests go through the proxy of the cluster', async () => {
  const { api } = await open()
  const through: string[] = []
  const proxy = createServer()
  proxy.on('connect', (req, client, head) => {
    through.push(req.url ?? '')
    const [host, port] = (req.url ?? '').split(':')
    const upstream = dial(Number(port), host ?? '', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [client, upstream]) socket.on('error', () => {})
  })
  const listening = Promise.withResolvers<void>()
  proxy.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  onTestFinished(() => void proxy.close())
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  expect(await api({ proxyUrl }).version()).toEqual(version)
  expect(through).toHaveLength(1)
})
