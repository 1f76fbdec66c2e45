// The stage of the stories on a cluster: a whole Berth of real processes on this host whose region is the cluster's nodes, in
// a data directory of its own. Its gateway calls pods at their addresses: this host must reach them, and they it.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Operations } from '../../../src/client/client.ts'
import type { KubeObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { namespaces, nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import { connectCluster } from '../../../src/drivers/kubernetes/connect-cluster.ts'
import type { Node } from '../../../src/drivers/kubernetes/node.ts'
import { namespaceOf } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { Installation, until } from '../../installation.ts'
import { Customer, listeningWitness, type Target, type UnderTest } from './customer.ts'
import { settings } from './settings.ts'
import { type TestNodes, testNodes } from './test-nodes.ts'
import { ownAddressTowards } from './witness.ts'

/** The same prices as on a small host, where a demo is told. */
export const configYaml = (engine: string, specId: string, stock: number): string => `
catalog:
  specs:
    ${specId}: { family: general, cpu: 1, memory: 512MiB }
  regions:
    local:
      name: A cluster
      engine: ${engine}
      zones:
        local-a:
          name: Zone A
          offers:
            ${specId}:
              stock: ${stock}
              prepaid: { 1: 30.00, 2: 29.40, 3: 28.80, 6: 27.60, 12: 25.50, diskGiB: 0.35 }
              postpaid: { hour: 0.06, diskGiB: 0.0005 }
`

export const kubernetesYaml = ({
  nodes: found,
  systemNamespace,
}: Pick<UnderTest, 'nodes' | 'systemNamespace'>): string =>
  `kubernetes:
  kubeconfig: ${resolve(settings().kubeconfig)}
  systemNamespace: ${systemNamespace}
${nodesYaml(found)}`

/** How nodes and images are found, below `kubernetes`. */
export const nodesYaml = ({ zone, zoneLabel }: TestNodes): string => {
  const { modelServerImage } = settings()
  return `  zoneLabel: ${zoneLabel}
  zones: { local-a: ${zone} }
${modelServerImage === '' ? '' : `  modelServerImage: "${modelServerImage}"\n`}`
}

/** The cluster of KUBECONFIG with its nodes; null: none of them are meant for it. */
export async function underTest(open: AsyncDisposableStack, machines: number): Promise<UnderTest | null> {
  const { kubeconfig } = settings()
  const { api, close } = connectCluster({ kubeconfig, context: null }, { clock: systemClock, env: {} })
  open.defer(close)
  const run = `story-${process.pid}`
  const found = await testNodes(api, { atLeast: machines, run, open })
  // Of its own, so that it can go with what is noted there.
  const systemNamespace = `berth-${run}`
  open.defer(async () => {
    await api.delete(namespaces, { name: systemNamespace })
  })
  return found && { api, nodes: found, host: await ownAddressTowards(found.address), systemNamespace }
}

export class Stage extends Customer {
  readonly berth = new Installation()

  /** What it sets up is taken away as `open` is closed. null: no nodes are meant for it. */
  static async set(open: AsyncDisposableStack, machines: number): Promise<Stage | null> {
    const cluster = await underTest(open, machines)
    if (cluster === null) return null
    const stage = new Stage(cluster, await listeningWitness(cluster.host, open))
    open.defer(async () => {
      await stage.berth.remove()
      if (stage.accountId !== '') await cluster.api.delete(namespaces, { name: namespaceOf(stage.accountId) })
    })
    return stage
  }

  async up(): Promise<void> {
    const more = `models: { allowPrivate: [${this.host}] }
# All of the load comes from one address.
gateway: { connectionsPerAddress: 0 }
`
    const { specId, names } = this.nodes
    const text = more + kubernetesYaml(this) + configYaml('kubernetes', specId, names.length)
    writeFileSync(join(this.berth.home, 'berth.yaml'), text)
    await this.berth.up()
    const [owner, operator] = [await this.berth.client('owner'), await this.berth.client('operator')]
    await this.comeIn({ owner, operator, accountId: this.berth.credentials().owner.accountId })
  }

  async target(service: string): Promise<Target> {
    return { port: await this.berth.gatewayPort(), ...(await this.predict(service)) }
  }

  drained(machineId: string): Promise<Operations['GET /v1/machines/{machineId}/drain']['returns']> {
    return until(
      'the machine is drained',
      async () => {
        const seen = await this.owner.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
        return seen.phase === 'drained' && seen
      },
      120_000,
    )
  }

  async node(name: string): Promise<Node> {
    const node = await this.api.get<Node>(nodes, { name })
    if (node === null) throw new Error(`the node ${name} is gone`)
    return node
  }
}

export const nameOf = ({ metadata }: KubeObject): string => metadata.name
