// The stage of the stories on a cluster: a whole Berth of real processes on this host whose region is the cluster's nodes, in
// a data directory of its own. Its gateway calls pods at their addresses: this host must reach them, and they it.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Client, Operations } from '../../../src/client/client.ts'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import type { KubeObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { namespaces, nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import { connectCluster } from '../../../src/drivers/kubernetes/connect-cluster.ts'
import type { Node } from '../../../src/drivers/kubernetes/node.ts'
import { machineLabel, namespaceOf } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { Installation, until } from '../../installation.ts'
import { type TestNodes, testNodes } from './test-nodes.ts'
import { countedProgram, ownAddressTowards, Witness } from './witness.ts'

/** What is used of the cluster, by its name in the environment. */
export const settings = () => ({
  kubeconfig: process.env.KUBECONFIG ?? '',
  /** An image with Node in which the counted program runs. */
  nodeImage: process.env.BERTH_TEST_NODE_IMAGE || 'node:26',
  /** Berth's own, for `processor: onnx`; empty: there is none. */
  modelServerImage: process.env.BERTH_TEST_MODEL_SERVER_IMAGE ?? '',
  kubectl: process.env.BERTH_TEST_KUBECTL || 'kubectl',
})

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

export const kubernetesYaml = ({ zone, zoneLabel }: TestNodes): string => {
  const { kubeconfig, modelServerImage } = settings()
  return `kubernetes:
  kubeconfig: ${resolve(kubeconfig)}
  zoneLabel: ${zoneLabel}
  zones: { local-a: ${zone} }
${modelServerImage === '' ? '' : `  modelServerImage: "${modelServerImage}"\n`}`
}

export interface UnderTest {
  api: ApiServer
  nodes: TestNodes
  /** Where pods reach this host. */
  host: string
}

/** The cluster of KUBECONFIG with its nodes; null: none of them are meant for it. */
export async function underTest(open: AsyncDisposableStack, machines: number): Promise<UnderTest | null> {
  const { kubeconfig } = settings()
  const { api, close } = connectCluster({ kubeconfig, context: null }, { clock: systemClock, env: {} })
  open.defer(close)
  const found = await testNodes(api, { atLeast: machines, run: `story-${process.pid}`, open })
  return found && { api, nodes: found, host: await ownAddressTowards(found.address) }
}

const waitMs = 120_000

export class Stage {
  readonly berth = new Installation()
  readonly api: ApiServer
  readonly nodes: TestNodes
  readonly witness: Witness
  /** Where pods reach this host. */
  readonly host: string
  readonly witnessAddress: string
  owner!: Client
  operator!: Client
  accountId = ''
  groupId = ''

  private constructor({ api, nodes: found, host }: UnderTest, witness: { it: Witness; address: string }) {
    this.api = api
    this.nodes = found
    this.host = host
    this.witness = witness.it
    this.witnessAddress = witness.address
  }

  /** What it sets up is taken away as `open` is closed. null: no nodes are meant for it. */
  static async set(open: AsyncDisposableStack, machines: number): Promise<Stage | null> {
    const cluster = await underTest(open, machines)
    if (cluster === null) return null
    const it = new Witness()
    const address = await it.listen(cluster.host)
    open.defer(() => it.close())
    const stage = new Stage(cluster, { it, address })
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
    const text = more + kubernetesYaml(this.nodes) + configYaml('kubernetes', specId, names.length)
    writeFileSync(join(this.berth.home, 'berth.yaml'), text)
    await this.berth.up()
    this.owner = await this.berth.client('owner')
    this.operator = await this.berth.client('operator')
    this.accountId = this.berth.credentials().owner.accountId
    const body = { amountFen: '100000' }
    await this.operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId: this.accountId }, body })
  }

  /** Until the order's machines run; answers their ids. */
  async buy(quantity: number, chargeType: 'prepaid' | 'postpaid', groupName: string): Promise<string[]> {
    const where = { regionId: 'local', zoneId: 'local-a', specId: this.nodes.specId }
    const into = this.groupId === '' ? { groupName } : { groupId: this.groupId }
    const months = chargeType === 'prepaid' ? { months: 1 as const } : {}
    const request = { ...where, ...into, ...months, chargeType, quantity }
    const order = await this.owner.call('POST /v1/orders', { body: { request } })
    await until(
      'the machines run',
      async () => {
        const { phase, reason } = await this.owner.call('GET /v1/orders/{orderId}', {
          params: { orderId: order.orderId },
        })
        if (['refunded', 'lapsed', 'cancelled'].includes(phase))
          throw new Error(`the order is ${phase}: ${reason?.message}`)
        return phase === 'fulfilled'
      },
      waitMs,
    )
    this.groupId = order.groupId ?? this.groupId
    const { items } = await this.owner.call('GET /v1/machines', { query: {} })
    return items.filter(machine => machine.orderId === order.orderId).map(machine => machine.machineId)
  }

  /** Two of them fill a machine, so both are on one. */
  async deployCounted(name: string, replicas: number): Promise<void> {
    await this.deploy({
      metadata: {
        ...{ name, instance: replicas, cpu: 0.5, memory: 128, resource: this.groupId },
        rpc: { max_queue_size: 10_000 },
      },
      containers: [
        {
          image: settings().nodeImage,
          command: ['node', '-e', countedProgram],
          port: 8_080,
          env: [{ name: 'WITNESS', value: this.witnessAddress }],
        },
      ],
    })
    await this.whole(name, replicas)
  }

  deploy(config: object): Promise<unknown> {
    return this.owner.call('POST /v1/services', { body: { config: config as Record<string, unknown> } })
  }

  /** Until so many instances are in service. */
  whole(service: string, replicas: number): Promise<unknown> {
    return until(
      `${service} is whole`,
      async () => {
        const now = await this.owner.call('GET /v1/services/{service}', { params: { service } })
        if (now.status === 'Failed') throw new Error(`${service} failed: ${now.reason}`)
        return now.status === 'Running' && now.running === replicas && now.rollout === null
      },
      waitMs,
    )
  }

  async machinesOf(service: string): Promise<(string | null)[]> {
    const { items } = await this.owner.call('GET /v1/services/{service}/instances', { params: { service }, query: {} })
    return items.filter(one => one.endedAt === null).map(one => one.machineId)
  }

  async target(service: string): Promise<{ port: number; path: string; accessKey: string }> {
    const { accessKey } = await this.owner.call('GET /v1/services/{service}/access-key', { params: { service } })
    return { port: await this.berth.gatewayPort(), path: `/api/predict/${service}`, accessKey }
  }

  drained(machineId: string): Promise<Operations['GET /v1/machines/{machineId}/drain']['returns']> {
    return until(
      'the machine is drained',
      async () => {
        const seen = await this.owner.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
        return seen.phase === 'drained' && seen
      },
      waitMs,
    )
  }

  async nodeOf(machineId: string): Promise<Node> {
    const { items } = await this.api.list<Node>(nodes, { labelSelector: `${machineLabel}=${machineId}` })
    const [node] = items
    if (node === undefined || items.length > 1) throw new Error(`${items.length} nodes carry ${machineId}`)
    return node
  }

  async node(name: string): Promise<Node> {
    const node = await this.api.get<Node>(nodes, { name })
    if (node === null) throw new Error(`the node ${name} is gone`)
    return node
  }

  kubectl(...args: string[]): Promise<{ stdout: string }> {
    const { kubectl, kubeconfig } = settings()
    return promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, ...args])
  }
}

export const nameOf = ({ metadata }: KubeObject): string => metadata.name
