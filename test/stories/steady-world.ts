// A whole Berth with one service of two instances, and requests that flow to it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { Installation, until } from '../installation.ts'
import { type Load, openLoop } from './open-loop.ts'

const program = `
const http = require('node:http')
console.log('process', process.pid, process.env.BERTH_INSTANCE_ID)
http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end(String(process.pid))
  let text = ''
  req.on('data', part => (text += part))
  req.on('end', () => { const { id, ms } = JSON.parse(text); setTimeout(() => res.end(id), ms) })
}).listen(process.env.PORT, process.env.HOST)
`

const service = 'steady'

export class SteadyWorld {
  readonly berth = new Installation()
  owner!: Client
  #accessKey = ''

  async open(): Promise<void> {
    const { berth } = this
    await berth.up()
    this.owner = await berth.client('owner')
    const operator = await berth.client('operator')
    const { accountId } = berth.credentials().owner
    await operator.call('POST /v1/accounts/{accountId}/top-ups', {
      params: { accountId },
      body: { amountFen: '1000000' },
    })
    const wanted = { regionId: 'local', zoneId: 'local-a', specId: 'host.small', chargeType: 'postpaid' as const }
    const order = await this.owner.call('POST /v1/orders', {
      body: { request: { ...wanted, quantity: 2, groupName: 'crashes' } },
    })
    await until('the machines run', async () => {
      const { phase } = await this.owner.call('GET /v1/orders/{orderId}', { params: { orderId: order.orderId } })
      return phase === 'fulfilled'
    })
    const directory = join(berth.home, 'program')
    mkdirSync(directory)
    writeFileSync(join(directory, 'serve.js'), program)
    await this.owner.call('POST /v1/services', {
      body: {
        config: {
          metadata: { name: service, instance: 2, cpu: 1, memory: 128, resource: order.groupId },
          containers: [{ script: `exec "${process.execPath}" "${join(directory, 'serve.js')}"` }],
        },
      },
    })
    await this.untilRunning()
    const key = await this.owner.call('GET /v1/services/{service}/access-key', { params: { service } })
    this.#accessKey = key.accessKey
  }

  close(): Promise<void> {
    return this.berth.remove()
  }

  untilRunning(): Promise<boolean> {
    return until('the service runs', () => this.isRunning())
  }

  async isRunning(): Promise<boolean> {
    const { status } = await this.owner.call('GET /v1/services/{service}', { params: { service } })
    return status === 'Running'
  }

  async instances() {
    return (await this.owner.call('GET /v1/services/{service}/instances', { params: { service } })).items
  }

  answers(): Promise<boolean> {
    return this.owner.call('GET /v1/whoami', {}).then(
      () => true,
      () => false,
    )
  }

  /** Requests while `during` happens, as long as it takes, and 3 s at least: none may fail. */
  async whileServing(during: () => Promise<void>): Promise<Load> {
    const load: Load = { sent: 0, answered: [], failures: [], latenciesMs: [] }
    const port = await this.berth.gatewayPort()
    const workMs = (n: number) => (n % 50 === 0 ? 1_500 : 5)
    let happening = true
    const goesOn = () => happening
    const where = { port, path: `/api/predict/${service}`, accessKey: this.#accessKey }
    const requests = openLoop({ ...where, perSecond: 60, seconds: 3, goesOn, workMs }, load)
    await until('requests flow', async () => load.answered.length > 10)
    await during().finally(() => {
      happening = false
    })
    return requests
  }

  async killed(name: 'control' | 'agent' | 'postgres' | 'supervisor' | 'gateway'): Promise<number> {
    const pid = await this.berth.pidOf(name)
    if (pid === null) throw new Error(`${name} does not run`)
    process.kill(pid, 'SIGKILL')
    return pid
  }

  isBack(name: 'control' | 'agent' | 'postgres' | 'gateway', before: number): Promise<boolean> {
    return until(`${name} is back`, async () => {
      const pid = await this.berth.pidOf(name)
      return pid !== null && pid !== before
    })
  }

  /** The process of one instance is restarted while requests flow, and `meanwhile` happens: what must be so afterwards. */
  async restartsProcess(meanwhile: () => Promise<void>, withinMs?: number): Promise<void> {
    const ids = async () => (await this.instances()).map(one => one.serviceInstanceId).toSorted()
    const before = await ids()
    const [serviceInstanceId = ''] = before
    const one = async () => (await this.instances()).find(it => it.serviceInstanceId === serviceInstanceId)
    const logOf = async (query: object) =>
      (await this.owner.call('GET /v1/services/{service}/logs', { params: { service }, query })).lines
    const { restartCount = 0, machineId } = (await one()) ?? {}
    const earlier = await logOf({ serviceInstanceId })
    const load = await this.whileServing(async () => {
      await this.owner.call('POST /v1/services/{service}/instances/{serviceInstanceId}/restart', {
        params: { service, serviceInstanceId },
        body: { mode: 'process' },
      })
      await meanwhile()
      const isBack = async () => {
        const now = await one()
        return now?.status === 'Running' && now.restartCount === restartCount + 1
      }
      await until('it serves again', isBack, withinMs)
    })
    expect(load.failures).toEqual([])
    expect(load.answered).toHaveLength(load.sent)
    await this.untilRunning()
    expect(await one()).toMatchObject({ machineId, crashCount: 0, restartCount: restartCount + 1 })
    expect(await ids()).toEqual(before)
    const later = await logOf({ serviceInstanceId })
    const said = expect.stringMatching(new RegExp(`^process \\d+ ${serviceInstanceId}$`))
    expect([earlier[0], later[0]]).toEqual([said, said])
    expect(later).not.toEqual(earlier)
    expect(await logOf({ serviceInstanceId, previous: 'true' })).toEqual(earlier)
  }
}
