// Whoever buys nodes of the cluster and deploys there, wherever the Berth runs that sells them: the clients of its owner and its
// operator, and what both stories do with them.
import type { Client } from '../../../src/client/client.ts'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import { nodes } from '../../../src/drivers/kubernetes/api/resources.ts'
import type { Node } from '../../../src/drivers/kubernetes/node.ts'
import { machineLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { until } from '../../installation.ts'
import { settings } from './settings.ts'
import type { TestNodes } from './test-nodes.ts'
import { countedProgram, Witness } from './witness.ts'

export interface UnderTest {
  api: ApiServer
  nodes: TestNodes
  /** Where pods reach this host. */
  host: string
  /** For a Berth outside of the cluster. */
  systemNamespace: string
}

interface ListeningWitness {
  it: Witness
  address: string
}

export async function listeningWitness(host: string, open: AsyncDisposableStack): Promise<ListeningWitness> {
  const it = new Witness()
  const address = await it.listen(host)
  open.defer(() => it.close())
  return { it, address }
}

/** Where a service is called, and by which key. */
export interface Target {
  host?: string
  port: number
  path: string
  accessKey: string
}

const waitMs = 120_000

export class Customer {
  readonly api: ApiServer
  readonly nodes: TestNodes
  readonly witness: Witness
  /** Where pods reach this host. */
  readonly host: string
  readonly systemNamespace: string
  readonly witnessAddress: string
  owner!: Client
  operator!: Client
  accountId = ''
  groupId = ''

  constructor({ api, nodes: found, host, systemNamespace }: UnderTest, witness: ListeningWitness) {
    this.api = api
    this.nodes = found
    this.host = host
    this.systemNamespace = systemNamespace
    this.witness = witness.it
    this.witnessAddress = witness.address
  }

  /** With money to buy for. */
  async comeIn({ owner, operator, accountId }: { owner: Client; operator: Client; accountId: string }): Promise<void> {
    Object.assign(this, { owner, operator, accountId })
    const body = { amountFen: '100000' }
    await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body })
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

  async predict(service: string): Promise<Pick<Target, 'path' | 'accessKey'>> {
    const { accessKey } = await this.owner.call('GET /v1/services/{service}/access-key', { params: { service } })
    return { path: `/api/predict/${service}`, accessKey }
  }

  async nodeOf(machineId: string): Promise<Node> {
    const { items } = await this.api.list<Node>(nodes, { labelSelector: `${machineLabel}=${machineId}` })
    const [node] = items
    if (node === undefined || items.length > 1) throw new Error(`${items.length} nodes carry ${machineId}`)
    return node
  }
}
