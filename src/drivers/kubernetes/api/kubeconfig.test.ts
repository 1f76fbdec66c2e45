import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { clusterAccess } from './kubeconfig.ts'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'berth-kubeconfig-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

interface Parts {
  cluster?: object
  user?: object
  current?: string
}

function written(at: string, name: string, { cluster = {}, user = {}, current = 'ctx' }: Parts): string {
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': current },
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'ctx', context: { cluster: 'c', user: 'u' } }],
  }
  const path = join(at, name)
  writeFileSync(path, JSON.stringify(config))
  return path
}

const accessOf = (parts: Parts, context: string | null = null) => {
  const at = directory()
  writeFileSync(join(at, 'ca.pem'), 'the CA')
  return { at, access: clusterAccess({ kubeconfig: written(at, 'config', parts), context, env: {} }) }
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a CA comes as data or as a file beside the kubeconfig', () => {
  expect(accessOf({ cluster: { 'certificate-authority-data': base64('a CA') } }).access.ca).toBe('a CA')
  expect(accessOf({ cluster: { 'certificate-authority': 'ca.pem' } }).access.ca).toBe('the CA')
})

test.each([
  [{}, { kind: 'none' }],
  [{ token: 'secret' }, { kind: 'bearer', value: 'secret' }],
  [
    { username: 'ann', password: 'pw' },
    { kind: 'basic', username: 'ann', password: 'pw' },
  ],
  [
    { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key'), token: 'also' },
    { kind: 'certificate', certificate: 'cert', key: 'key' },
  ],
])('a user %o logs in so', (user, login) => {
  expect(accessOf({ user }).access.login).toEqual(login)
})

test('a plugin with a path is looked for beside the kubeconfig', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'IfAvailable' }
  const { at, access } = accessOf({ user: { exec } })
  expect(access.login).toMatchObject({ kind: 'exec', plugin: { command: join(at, 'plugin'), args: [], env: [] } })
})

test('what the cluster says of TLS, its proxy and whom to be is kept', () => {
  const cluster = { 'tls-server-name': 'kube', 'insecure-skip-tls-verify': true, 'proxy-url': 'http://proxy:3128' }
  const { access } = accessOf({ cluster, user: { as: 'berth' } })
  expect(access).toMatchObject({ serverName: 'kube', skipTlsVerify: true, proxyUrl: 'http://proxy:3128' })
  expect(access.impersonates).toBe('berth')
})

const exec = (more: object) => ({
  user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'p', ...more } },
})
test.each<[Parts, string]>([
  [{ current: '' }, 'it has no current-context: name one as kubernetes.context'],
  [{ current: 'other' }, 'contexts has no other; it has ctx'],
  [{ cluster: { server: 'ten' } }, 'clusters.0.cluster.server: '],
  [{ cluster: { 'proxy-url': 'socks5://proxy' } }, 'proxy-url: socks5://proxy is not a proxy that Berth can use'],
  [{ cluster: { 'certificate-authority': 'none.pem' } }, "can't be read (ENOENT)"],
  [{ user: { 'client-key-data': base64('key') } }, 'a client certificate needs its key'],
  [{ user: { 'auth-provider': { name: 'gcp' } } }, 'use an exec plugin'],
  [exec({ interactiveMode: 'Always' }), 'nobody sits before Berth'],
  [exec({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }), 'exec.apiVersion: expected'],
])('%o is refused', (parts, message) => {
  expect(() => accessOf(parts)).toThrow(message)
})

test('of several files the first that names a thing wins', () => {
  const at = directory()
  const first = written(at, 'first', { user: { token: 'first' } })
  const second = written(at, 'second', { user: { token: 'second' } })
  const env = { KUBECONFIG: `${first}:${second}` }
  expect(clusterAccess({ kubeconfig: null, context: null, env }).login).toMatchObject({ value: 'first' })
})

test('in a pod its service account is taken; without anything the way out is named', () => {
  const at = directory()
  writeFileSync(join(at, 'token'), 'secret')
  writeFileSync(join(at, 'ca.crt'), 'the CA')
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', HOME: at }
  const access = clusterAccess({ kubeconfig: null, context: null, env, accountDirectory: at })
  expect(access).toMatchObject({ ca: 'the CA', login: { kind: 'bearer-file', path: join(at, 'token') } })
  expect(access.server.href).toBe('https://[fd00::1]/')
  const none = { kubeconfig: null, context: null, env: { HOME: at }, accountDirectory: at }
  expect(() => clusterAccess(none)).toThrow('set kubernetes.kubeconfig in berth.yaml')
})
