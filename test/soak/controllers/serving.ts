// Services on the process engine, under requests through a gateway, while they are scaled and their machines drained in turn.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../installation.ts'
import { executionsIn } from '../drain/executions.ts'
import type { LoadResult } from '../drain/load.ts'
import { LoadProcess } from '../drain/load-process.ts'
import type { Caller } from './caller.ts'
import type { World } from './world.ts'

const names = ['echo_a', 'echo_b']
const replicasMin = 2
const mix = { slowMs: { from: 100, to: 1_000 }, streamMs: 3_000, eventMs: 500, freshShare: 0.2 }
const startMs = 60_000

export interface Served {
  result: LoadResult
  twice: string[]
  drained: number
  scaled: number
}

export class Serving {
  readonly #world: World
  readonly #caller: Caller
  readonly #load = new LoadProcess()
  #groupId = ''
  #machineIds: string[] = []
  #wanted = new Map(names.map(name => [name, replicasMin]))
  #drained = 0
  #scaled = 0

  constructor(world: World) {
    this.#world = world
    this.#caller = world.caller('owner')
  }

  get counts() {
    return this.#caller.counts
  }

  async open(perSecond: number): Promise<void> {
    const request = {
      ...{ regionId: 'local', zoneId: 'local-a', specId: 'slice', quantity: 3, groupName: 'serving' },
      chargeType: 'postpaid' as const,
    }
    const order = await this.#caller.ask('POST /v1/orders', { body: { request, pay: true, clientToken: 'serving' } })
    this.#groupId = order?.groupId ?? ''
    const running = async () => {
      const { items } = await this.#caller.read('GET /v1/machines', { query: { groupId: this.#groupId } })
      this.#machineIds = items.filter(({ phase }) => phase === 'running').map(({ machineId }) => machineId)
      return this.#machineIds.length === 3
    }
    await until('the machines run', running, startMs)
    for (const name of names) await this.#caller.ask('POST /v1/services', { body: { config: this.#config(name) } })
    for (const name of names) await this.#settled(name)
    const services = await Promise.all(
      names.map(async name => {
        const { accessKey } = await this.#caller.read('GET /v1/services/{service}/access-key', {
          params: { service: name },
        })
        return { name, accessKey }
      }),
    )
    const port = this.#world.gateways[0]?.port ?? 0
    await this.#load.begin({ port, mix: { ...mix, perSecond, services: services.length }, services })
  }

  /** In turn: a machine is drained and comes back, a service is scaled out and in. */
  async changeUntil(isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn++) {
      const machineId = this.#machineIds[turn % this.#machineIds.length] ?? ''
      await this.#drain(machineId, isOver)
      const name = names[turn % names.length] ?? ''
      await this.#scale(name, replicasMin + 1)
      await pause(2_000)
      await this.#scale(name, replicasMin)
    }
  }

  async close(): Promise<Served> {
    for (const name of names) await this.#settled(name)
    const result = await this.#load.end()
    const { twice } = executionsIn(this.#world.executions)
    return { result, twice, drained: this.#drained, scaled: this.#scaled }
  }

  /** What stands against what was acknowledged last. */
  async lost(): Promise<string[]> {
    const found: string[] = []
    for (const [name, wanted] of this.#wanted) {
      const { replicas, running } = await this.#caller.read('GET /v1/services/{service}', { params: { service: name } })
      if (replicas !== wanted || running !== wanted)
        found.push(`${name}: ${running} of ${replicas}, acknowledged were ${wanted}`)
    }
    return found
  }

  kill(): void {
    this.#load.kill()
  }

  async #drain(machineId: string, isOver: () => boolean): Promise<void> {
    const params = { machineId }
    if (
      (await this.#caller.ask('POST /v1/machines/{machineId}/drain', { params, body: { reason: 'soak' } })) !== null
    ) {
      const drained = async () =>
        isOver() || (await this.#caller.read('GET /v1/machines/{machineId}/drain', { params })).phase === 'drained'
      await until(`${machineId} is drained`, drained, 180_000)
      this.#drained++
    }
    await this.#caller.ask('POST /v1/machines/{machineId}/uncordon', { params })
  }

  async #scale(name: string, replicas: number): Promise<void> {
    const input = { params: { service: name }, body: { replicas } }
    if ((await this.#caller.ask('POST /v1/services/{service}/scale', input)) === null) return
    this.#wanted.set(name, replicas)
    this.#scaled++
    await this.#settled(name)
  }

  async #settled(name: string): Promise<void> {
    const look = async () => {
      const service = await this.#caller.read('GET /v1/services/{service}', { params: { service: name } })
      return service.status === 'Running' && service.rollout === null && service.running === service.replicas
    }
    await until(`${name} runs`, look, 180_000)
  }

  #config(name: string): Record<string, unknown> {
    const { home } = this.#world.roles
    const env = { VERSION: '1', LOG_DIRECTORY: this.#world.executions }
    return {
      metadata: {
        ...{ name, instance: replicasMin, cpu: 1, memory: 256, resource: this.#groupId },
        rpc: { max_queue_size: 10_000 },
      },
      containers: [
        {
          command: [process.execPath, '--max-semi-space-size=2', join(home, 'echo.ts')],
          env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        },
      ],
    }
  }
}
