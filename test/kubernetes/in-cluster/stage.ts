// The stage inside of the cluster: Berth runs there as it is packaged, with the rights that it is shipped with, on a PostgreSQL of
// this host, which calls it as everybody outside does: at the addresses of its services.
import { randomBytes } from 'node:crypto'
import { Client } from '../../../src/client/client.ts'
import type { KubeObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { namespaces, pods, services } from '../../../src/drivers/kubernetes/api/resources.ts'
import { namespaceOf } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { until } from '../../installation.ts'
import { Customer, listeningWitness, type Target, type UnderTest } from '../story/customer.ts'
import { kubectl, settings } from '../story/settings.ts'
import { configYaml, nodesYaml } from '../story/stage.ts'
import { hostDatabase } from './database.ts'
import { namespace, type Packaging, type Wanted } from './packagings.ts'

const roles = ['api', 'controller', 'gateway'] as const
export type InClusterRole = (typeof roles)[number]

export interface RolePod extends KubeObject {
  spec: { nodeName?: string }
  status: {
    conditions?: { type: string; status: string }[]
    containerStatuses?: { restartCount: number; image: string }[]
  }
}

const partOf = 'app.kubernetes.io/part-of=berth'
const berth = ['node_modules/.bin/node', '--disable-warning=ExperimentalWarning', 'src/main.ts']

export class InClusterStage extends Customer {
  readonly packaging: Packaging
  readonly #wanted: Wanted

  private constructor(cluster: UnderTest, witness: Awaited<ReturnType<typeof listeningWitness>>, packaging: Packaging) {
    super(cluster, witness)
    this.packaging = packaging
    const { specId, names } = this.nodes
    const kubernetes = `kubernetes:\n  systemNamespace: ${namespace}\n${nodesYaml(this.nodes)}`
    // All of the load comes from one address.
    const config = `gateway: { connectionsPerAddress: 0 }\n${kubernetes}${configYaml('kubernetes', specId, names.length)}`
    this.#wanted = { image: settings().modelServerImage, config }
  }

  /** The namespace with its secret; all of it goes as `open` is closed. Refused where somebody's Berth is there already. */
  static async set(cluster: UnderTest, packaging: Packaging, open: AsyncDisposableStack): Promise<InClusterStage> {
    if ((await cluster.api.get(namespaces, { name: namespace })) !== null)
      throw new Error(`there is a namespace ${namespace} in this cluster: somebody else's Berth is not replaced`)
    const stage = new InClusterStage(cluster, await listeningWitness(cluster.host, open), packaging)
    const databaseUrl = await hostDatabase(cluster.host, open)
    open.defer(() => stage.remove())
    await kubectl('apply', '-f', `${import.meta.dirname}/../../../packaging/kubernetes/base/namespace.yaml`)
    const secret = () => randomBytes(32).toString('hex')
    const literals = { 'database-url': databaseUrl, 'routes-secret': secret(), 'secret-key': secret() }
    const given = Object.entries(literals).map(([name, value]) => `--from-literal=${name}=${value}`)
    await kubectl('-n', namespace, 'create', 'secret', 'generic', 'berth-secrets', ...given)
    return stage
  }

  async remove(): Promise<void> {
    await this.packaging.uninstall()
    for (const name of [namespace, ...(this.accountId === '' ? [] : [namespaceOf(this.accountId)])]) {
      await this.api.delete(namespaces, { name })
      await until(`${name} is gone`, async () => (await this.api.get(namespaces, { name })) === null, 120_000)
    }
  }

  async install(): Promise<void> {
    await this.packaging.install(this.#wanted)
    await this.rolledOut(...roles)
  }

  async upgrade(): Promise<void> {
    await this.packaging.upgrade(this.#wanted)
    await this.rolledOut(...roles)
  }

  async restart(role: InClusterRole): Promise<void> {
    await kubectl('-n', namespace, 'rollout', 'restart', `deployment/berth-${role}`)
    await this.rolledOut(role)
  }

  async rolledOut(...which: InClusterRole[]): Promise<void> {
    for (const role of which)
      await kubectl('-n', namespace, 'rollout', 'status', `deployment/berth-${role}`, '--timeout=300s')
  }

  /** Those that are going, too. */
  async pods(): Promise<RolePod[]> {
    return (await this.api.list<RolePod>(pods, { namespace, labelSelector: partOf })).items
  }

  /** None but those that roll-outs have left. */
  settled(): Promise<unknown> {
    const going = async () => (await this.pods()).filter(pod => pod.metadata.deletionTimestamp !== undefined).length
    return until('the pods of before are gone', async () => (await going()) === 0, 120_000)
  }

  /** A command of Berth in a pod of the controllers; what it printed. */
  async berth(...args: string[]): Promise<string> {
    return (await kubectl('-n', namespace, 'exec', 'deploy/berth-controller', '--', ...berth, ...args)).stdout
  }

  async signIn(): Promise<void> {
    const apiUrl = `http://${await this.addressOf('berth-api')}`
    const recovered = async (...args: string[]) => {
      const [accessKeyId = '', secret = ''] = [...(await this.berth('recover', ...args)).matchAll(/=(.+)$/gm)].map(
        ([, value]) => value,
      )
      return new Client({ apiUrl, accessKeyId, secret })
    }
    const operator = await recovered()
    const owner = await recovered('admin', '--account', 'default')
    const { accountId } = await owner.call('GET /v1/whoami', {})
    await this.comeIn({ owner, operator, accountId })
  }

  async addressOf(service: string): Promise<string> {
    const found = await this.api.get<KubeObject & { spec: { clusterIP: string } }>(services, {
      namespace,
      name: service,
    })
    if (found === null) throw new Error(`there is no service ${service}`)
    return found.spec.clusterIP
  }

  async target(service: string): Promise<Target> {
    return { host: await this.addressOf('berth-gateway'), port: 80, ...(await this.predict(service)) }
  }

  /** The pod whose controller gives gateways their routes. */
  podWithRoutes(): Promise<string> {
    return until('a controller has the routes', async () => {
      const { items } = await this.operator.call('GET /v1/controllers', {})
      const holder = items.find(one => one.endedAt === null && one.duties.includes('routes'))
      return holder?.hostName ?? null
    })
  }

  /** What the roles have said since their start. */
  async logs(): Promise<string[]> {
    const told = ['logs', '-l', partOf, '--tail=-1', '--prefix', '--ignore-errors', '--max-log-requests=30']
    return (await kubectl('-n', namespace, ...told)).stdout.split('\n').filter(line => line !== '')
  }

  /** Of a pod elsewhere in the cluster, which finds the gateways by their name. */
  async callFromPod(service: string, open: AsyncDisposableStack): Promise<string> {
    const elsewhere = `berth-callers-${process.pid}`
    await kubectl('create', 'namespace', elsewhere)
    open.defer(async () => void (await this.api.delete(namespaces, { name: elsewhere })))
    const { path, accessKey } = await this.predict(service)
    const program = `
const body = JSON.stringify({ id: 'from a pod', ms: 1 })
const options = { method: 'POST', headers: { authorization: '${accessKey}' }, body }
const answer = await fetch('http://berth-gateway.${namespace}${path}', options)
console.log(answer.status + ' ' + await answer.text())`
    const image = ['--image', settings().nodeImage, '--restart=Never', '--image-pull-policy=IfNotPresent']
    const command = ['node', '--input-type=module', '-e', program]
    await kubectl('-n', elsewhere, 'run', 'caller', ...image, '--command', '--', ...command)
    const ended = async () => {
      const pod = await this.api.get<KubeObject & { status?: { phase?: string } }>(pods, {
        namespace: elsewhere,
        name: 'caller',
      })
      return pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed'
    }
    await until('the caller has called', ended, 60_000)
    return (await kubectl('-n', elsewhere, 'logs', 'caller')).stdout.trim()
  }

  /** What of the packaging is in the cluster. */
  async objectsLeft(): Promise<string[]> {
    const kinds =
      'namespaces,clusterroles,clusterrolebindings,deployments,services,configmaps,networkpolicies,poddisruptionbudgets'
    const { stdout } = await kubectl('get', kinds, '-A', '-l', partOf, '-o', 'name')
    return stdout.split('\n').filter(line => line !== '')
  }
}

export const isReady = ({ status }: RolePod): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

export const nodesOf = (all: readonly RolePod[]): string[] => [...new Set(all.map(({ spec }) => spec.nodeName ?? ''))]
