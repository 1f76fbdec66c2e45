// How a cluster is reached, from a kubeconfig or from the service account of our own pod. Read here and not with
// @kubernetes/client-node: that brings 45 packages, 80 MB on disk and 80 MiB of memory (all of its generated models), of which
// this file and credentials.ts would be used; and it tells exec plugins nothing of the cluster, which some insist on.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf, Refusal } from '../../../lib/errors.ts'
import type { KubernetesRefusal } from './api-error.ts'

export interface ClusterAccess {
  server: URL
  ca: string | null
  /** In place of the server's own name in its certificate. */
  serverName: string | null
  skipTlsVerify: boolean
  /** null: as the environment says (HTTPS_PROXY, NO_PROXY). */
  proxyUrl: string | null
  login: Login
  impersonates: string | null
  /** Where it was read. */
  source: string
}

export type Login =
  | { kind: 'none' }
  | { kind: 'certificate'; certificate: string; key: string }
  | { kind: 'bearer'; value: string }
  /** Read again and again: whoever put it there replaces it. */
  | { kind: 'bearer-file'; path: string }
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'exec'; plugin: ExecPlugin }

export interface ExecPlugin {
  apiVersion: string
  command: string
  args: string[]
  env: { name: string; value: string }[]
  installHint: string | null
  provideClusterInfo: boolean
}

export interface AccessOptions {
  /** Of a kubeconfig; null: the pod's service account, else `KUBECONFIG`, else `~/.kube/config`. */
  kubeconfig: string | null
  context: string | null
  env: NodeJS.ProcessEnv
  /** Where a pod finds its service account. */
  accountDirectory?: string
}

const text = z.string().min(1)
const plugin = z.object({
  apiVersion: text,
  command: text,
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: text, value: z.string() })).nullish(),
  installHint: text.nullish(),
  interactiveMode: text.nullish(),
  provideClusterInfo: z.boolean().nullish(),
})
const cluster = z.object({
  server: z.url(),
  'certificate-authority': text.nullish(),
  'certificate-authority-data': text.nullish(),
  'tls-server-name': text.nullish(),
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'proxy-url': text.nullish(),
})
const user = z.object({
  'client-certificate': text.nullish(),
  'client-certificate-data': text.nullish(),
  'client-key': text.nullish(),
  'client-key-data': text.nullish(),
  token: text.nullish(),
  tokenFile: text.nullish(),
  username: text.nullish(),
  password: text.nullish(),
  as: text.nullish(),
  exec: plugin.nullish(),
  'auth-provider': z.object({ name: text }).nullish(),
})
const context = z.object({ cluster: text, user: z.string().nullish(), namespace: text.nullish() })
const named = <T extends z.ZodType>(field: string, of: T) =>
  z.array(z.object({ name: text, [field]: of } as { name: typeof text } & Record<string, T>)).nullish()
const kubeconfig = z.object({
  clusters: named('cluster', cluster),
  users: named('user', user.nullish()),
  contexts: named('context', context),
  'current-context': z.string().nullish(),
})

interface Read {
  path: string
  content: z.output<typeof kubeconfig>
}

const refuse = (message: string, details: Record<string, unknown> = {}): Refusal<KubernetesRefusal> =>
  new Refusal('KubernetesConfig', message, details)

export function clusterAccess({
  kubeconfig: path,
  context: wanted,
  env,
  accountDirectory,
}: AccessOptions): ClusterAccess {
  const account = accountDirectory ?? '/var/run/secrets/kubernetes.io/serviceaccount'
  if (path !== null) return fromFiles([path], wanted)
  if (env.KUBERNETES_SERVICE_HOST && existsSync(join(account, 'token'))) return inCluster(account, env)
  const listed = (env.KUBECONFIG ?? '').split(':').filter(one => one !== '')
  if (listed.length > 0) return fromFiles(listed, wanted)
  const own = env.HOME ? join(env.HOME, '.kube', 'config') : null
  if (own !== null && existsSync(own)) return fromFiles([own], wanted)
  throw refuse(
    'no cluster is named: set kubernetes.kubeconfig in berth.yaml to the path of a kubeconfig, or KUBECONFIG, or run Berth in a pod with a service account',
    { field: 'kubernetes.kubeconfig' },
  )
}

function inCluster(directory: string, env: NodeJS.ProcessEnv): ClusterAccess {
  const host = env.KUBERNETES_SERVICE_HOST ?? ''
  const named = host.includes(':') ? `[${host}]` : host
  return {
    server: new URL(`https://${named}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`),
    ca: readText(join(directory, 'ca.crt'), 'the CA of the service account'),
    ...{ serverName: null, skipTlsVerify: false, proxyUrl: null, impersonates: null },
    login: { kind: 'bearer-file', path: join(directory, 'token') },
    source: `the service account in ${directory}`,
  }
}

/** Of several files, as kubectl merges them: the first that names a thing wins. */
function fromFiles(paths: readonly string[], wanted: string | null): ClusterAccess {
  const files = paths.map(readKubeconfig)
  const contextName = wanted ?? files.map(({ content }) => content['current-context']).find(name => name)
  if (!contextName) {
    const message = `${paths.join(':')}: it has no current-context: name one as kubernetes.context in berth.yaml`
    throw refuse(message, { field: 'kubernetes.context' })
  }
  const found = lookUp(files, 'contexts', 'context', contextName)
  const { cluster: clusterName, user: userName } = context.parse(found.value)
  const ofCluster = lookUp(files, 'clusters', 'cluster', clusterName)
  const ofUser = userName ? lookUp(files, 'users', 'user', userName) : null
  const where = cluster.parse(ofCluster.value)
  const who = user.parse(ofUser?.value ?? {})
  const proxyUrl = where['proxy-url'] ?? null
  if (proxyUrl !== null && !/^https?:/.test(proxyUrl)) {
    const message = `${ofCluster.path}: clusters.${clusterName}.proxy-url: ${proxyUrl} is not a proxy that Berth can use: name one by http or https`
    throw refuse(message, { field: 'proxy-url' })
  }
  return {
    server: new URL(where.server),
    ca: pem(ofCluster.path, where['certificate-authority-data'], where['certificate-authority']),
    serverName: where['tls-server-name'] ?? null,
    skipTlsVerify: where['insecure-skip-tls-verify'] ?? false,
    proxyUrl,
    login: loginOf(who, ofUser?.path ?? ofCluster.path, userName ?? ''),
    impersonates: who.as ?? null,
    source: `context ${contextName} of ${found.path}`,
  }
}

function lookUp(files: readonly Read[], list: 'clusters' | 'users' | 'contexts', field: string, name: string) {
  for (const { path, content } of files) {
    const entry = content[list]?.find(one => one.name === name)
    if (entry) return { path, value: (entry as Record<string, unknown>)[field] }
  }
  const known = files.flatMap(({ content }) => (content[list] ?? []).map(one => one.name))
  const paths = files.map(({ path }) => path).join(':')
  throw refuse(`${paths}: ${list} has no ${name}; it has ${known.join(', ') || 'none'}`, { field: list, known })
}

/** In the order of client-go: a plugin only where nothing else is said. */
function loginOf(who: z.output<typeof user>, path: string, name: string): Login {
  const certificate = pem(path, who['client-certificate-data'], who['client-certificate'])
  const key = pem(path, who['client-key-data'], who['client-key'])
  if (certificate !== null && key !== null) return { kind: 'certificate', certificate, key }
  if (certificate !== null || key !== null)
    throw refuse(`${path}: users.${name}: a client certificate needs its key beside it, and a key its certificate`)
  if (who.tokenFile) return { kind: 'bearer-file', path: resolve(dirname(path), who.tokenFile) }
  if (who.token) return { kind: 'bearer', value: who.token }
  if (who.username && who.password) return { kind: 'basic', username: who.username, password: who.password }
  if (who.exec) return { kind: 'exec', plugin: pluginOf(who.exec, path, name) }
  if (who['auth-provider']) {
    const message = `${path}: users.${name}.auth-provider: Kubernetes has given up ${who['auth-provider'].name} and the like; use an exec plugin, such as kubelogin`
    throw refuse(message, { field: 'auth-provider' })
  }
  return { kind: 'none' }
}

function pluginOf(exec: z.output<typeof plugin>, path: string, name: string): ExecPlugin {
  const field = `users.${name}.exec`
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(exec.apiVersion))
    throw refuse(`${path}: ${field}.apiVersion: expected client.authentication.k8s.io/v1, got ${exec.apiVersion}`)
  if (exec.interactiveMode === 'Always')
    throw refuse(`${path}: ${field}.interactiveMode: nobody sits before Berth: use a plugin that asks nobody (Never)`)
  return {
    apiVersion: exec.apiVersion,
    // A path that is not absolute is beside the kubeconfig; a bare name is looked for in PATH.
    command: exec.command.includes('/') ? resolve(dirname(path), exec.command) : exec.command,
    args: exec.args ?? [],
    env: exec.env ?? [],
    installHint: exec.installHint ?? null,
    provideClusterInfo: exec.provideClusterInfo ?? false,
  }
}

function pem(path: string, data: string | null | undefined, file: string | null | undefined): string | null {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  return file ? readText(resolve(dirname(path), file), `named in ${path}`) : null
}

function readKubeconfig(path: string): Read {
  const content = readText(path, 'the kubeconfig')
  let parsed: unknown
  try {
    parsed = parse(content)
  } catch (error) {
    throw refuse(`${path}: ${messageOf(error)}`, { file: path })
  }
  const checked = kubeconfig.safeParse(parsed ?? {})
  if (checked.success) return { path, content: checked.data }
  const [issue] = checked.error.issues
  throw refuse(`${path}: ${issue?.path.join('.')}: ${issue?.message}`, { file: path, field: issue?.path.join('.') })
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw refuse(`${path}: ${what} can't be read (${code}); check the path and its mode`, { file: path })
  }
}
