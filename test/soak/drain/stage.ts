// The stage of the drain and hand-over soaks: a whole Berth of real processes, a group of machines, three services that fill two thirds of it.
import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Client, Operations } from '../../../src/client/client.ts'
import { readRunState } from '../../../src/processes/run-state.ts'
import { berth, Installation, until } from '../../installation.ts'

export type DrainReceipt = Operations['GET /v1/machines/{machineId}/drain']['returns']
type Endpoint = { name: string; accessKey: string }

/** By their replicas. Each takes one vCPU and 256 MiB, of which a machine has three: packed, one machine begins empty. */
const services = [
  { name: 'echo_a', instance: 3 },
  { name: 'echo_b', instance: 3 },
  { name: 'echo_c', instance: 2 },
]
const machineCpu = 3

// All of the load comes from one address.
const configText = (machines: number): string => `
gateway: { connectionsPerAddress: 0 }
catalog:
  specs:
    slice: { family: general, cpu: ${machineCpu}, memory: 1GiB }
  regions:
    local:
      name: This host
      engine: process
      zones:
        local-a:
          name: Zone A
          offers:
            slice: { stock: ${machines}, postpaid: { hour: 0.01 } }
`

export class Stage {
  readonly berth = new Installation()
  readonly logs = join(this.berth.home, 'executions')
  readonly services = services.map(({ name }) => name)
  owner!: Client
  machineIds: string[] = []
  #groupId = ''

  async set(machines: number): Promise<void> {
    const { berth } = this
    writeFileSync(join(berth.home, 'berth.yaml'), configText(machines))
    mkdirSync(this.logs)
    chmodSync(this.logs, 0o777) // Services run as a user of their own when this is root.
    for (const name of ['echo.ts', 'content.ts']) copyFileSync(join(import.meta.dirname, name), join(berth.home, name))
    await berth.up()
    this.owner = await berth.client('owner')
    await this.#buy(machines)
    for (const { name, instance } of services) {
      await this.owner.call('POST /v1/services', { body: { config: this.#config(name, instance, 1) } })
    }
    for (const name of this.services) await this.settled(name)
  }

  async endpoints(): Promise<Endpoint[]> {
    return Promise.all(
      this.services.map(async name => {
        const params = { service: name }
        const { accessKey } = await this.owner.call('GET /v1/services/{service}/access-key', { params })
        return { name, accessKey }
      }),
    )
  }

  /** The instances of all services that are on this machine. */
  async instancesOn(machineId: string): Promise<string[]> {
    const lists = await Promise.all(
      this.services.map(service => this.owner.call('GET /v1/services/{service}/instances', { params: { service } })),
    )
    return lists
      .flatMap(({ items }) => items.filter(one => one.machineId === machineId && one.endedAt === null))
      .map(one => one.serviceInstanceId)
  }

  /** Begins a rolling update of one service to this version. */
  async update(name: string, version: number): Promise<void> {
    const instance = services.find(service => service.name === name)?.instance ?? 0
    const body = { config: this.#config(name, instance, version) }
    await this.owner.call('PUT /v1/services/{service}', { params: { service: name }, body })
  }

  async settled(name: string, withinMs = 60_000): Promise<void> {
    const look = async () => {
      const service = await this.owner.call('GET /v1/services/{service}', { params: { service: name } })
      return service.status === 'Running' && service.rollout === null && service.running === service.replicas
    }
    await until(`${name} runs`, look, withinMs)
  }

  async drain(machineId: string): Promise<void> {
    await this.owner.call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: { reason: 'soak' } })
  }

  drainOf(machineId: string): Promise<DrainReceipt> {
    return this.owner.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
  }

  async uncordon(machineId: string): Promise<void> {
    await this.owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
  }

  /** From now on what is executed is counted anew. */
  forgetExecutions(): void {
    for (const name of readdirSync(this.logs)) truncateSync(join(this.logs, name))
  }

  /** Replaces the gateway, as a person would. */
  async reloadGateway(): Promise<void> {
    await promisify(execFile)(berth, ['gateway', 'reload'], { env: this.berth.env })
  }

  /** As the supervisor has noted it, alive or not. */
  controlPid(): number | null {
    return readRunState(this.berth.home)?.processes.control?.pid ?? null
  }

  /** Whether control answers, out of the database. */
  answers(): Promise<boolean> {
    return this.owner.call('GET /v1/whoami', {}).then(
      () => true,
      () => false,
    )
  }

  async #buy(machines: number): Promise<void> {
    const operator = await this.berth.client('operator')
    const { accountId } = this.berth.credentials().owner
    const body = { amountFen: '1000000' }
    await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body })
    const request = {
      ...{ regionId: 'local', zoneId: 'local-a', specId: 'slice', quantity: machines, groupName: 'soak' },
      chargeType: 'postpaid' as const,
    }
    const order = await this.owner.call('POST /v1/orders', { body: { request } })
    const params = { orderId: order.orderId }
    await until(
      'the machines run',
      async () => (await this.owner.call('GET /v1/orders/{orderId}', { params })).phase === 'fulfilled',
    )
    this.#groupId = order.groupId ?? ''
    const { items } = await this.owner.call('GET /v1/machines', { query: {} })
    this.machineIds = items.map(machine => machine.machineId).sort()
  }

  #config(name: string, instance: number, version: number): Record<string, unknown> {
    const env = { VERSION: String(version), LOG_DIRECTORY: this.logs }
    return {
      metadata: {
        ...{ name, instance, cpu: 1, memory: 256, resource: this.#groupId },
        rpc: { max_queue_size: 10_000 },
      },
      containers: [
        {
          command: [process.execPath, '--max-semi-space-size=2', join(this.berth.home, 'echo.ts')],
          env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        },
      ],
    }
  }
}
