// The main story on containers: a group is bought, an image deployed, called through the gateway, control dies and comes
// back, a machine is drained under load, Berth goes down and up, and everything is given back.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import type { ContainerSummary } from '../../src/drivers/docker/engine-types.ts'
import { inNode, nodeImage, TestDocker, whyNoDocker } from '../drivers/docker-engine.ts'
import { Installation, until } from '../installation.ts'
import { type Load, openLoop } from './open-loop.ts'

const absent = whyNoDocker()
if (absent === null) story()
else test('the story on containers', context => context.skip(absent))

const configYaml = (socketPath: string): string => `
docker: { socket: ${socketPath}, pull: never }
catalog:
  specs:
    host.small: { cpu: 2, memory: 1GiB }
  regions:
    local:
      name: Containers
      engine: docker
      zones:
        local-a: { name: A, offers: { host.small: { stock: 4, postpaid: { hour: 0.06 } } } }
`

/** Answers the id that it was sent after as long as it was told. */
const program = `console.log('started'); require('http').createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end()
  let text = ''; req.on('data', part => (text += part))
  req.on('end', () => { const { id, ms } = JSON.parse(text); setTimeout(() => res.end(id), ms) })
}).listen(process.env.PORT, process.env.HOST); process.on('SIGTERM', () => process.exit(0))`

const service = 'echo'

function story(): void {
  const berth = new Installation()
  let docker: TestDocker
  let owner: Client

  beforeAll(async () => {
    docker = await TestDocker.start()
    writeFileSync(join(berth.home, 'berth.yaml'), configYaml(docker.socketPath))
  }, 120_000)
  afterAll(async () => {
    for (const stop of flowing) stop()
    await berth.remove()
    await docker?.remove()
  }, 120_000)

  const flowing: (() => void)[] = []
  const containers = () => docker.engine.containers('dev.berth.installation')
  const running = async () => (await containers()).filter(({ State }) => State === 'running')
  const ids = (list: ContainerSummary[]) => list.map(({ Id }) => Id).toSorted()
  const whole = (replicas: number) =>
    until('the service is whole', async () => {
      const { status, running: serving } = await owner.call('GET /v1/services/{service}', { params: { service } })
      return status === 'Running' && serving === replicas
    })

  async function load(): Promise<{ stop(): Promise<Load> }> {
    const { accessKey } = await owner.call('GET /v1/services/{service}/access-key', { params: { service } })
    const result: Load = { sent: 0, answered: [], failures: [], latenciesMs: [] }
    let goesOn = true
    flowing.push(() => {
      goesOn = false
    })
    const pace = { perSecond: 40, seconds: 1, goesOn: () => goesOn, workMs: (n: number) => (n % 10 === 0 ? 800 : 10) }
    const where = { port: await berth.gatewayPort(), path: `/api/predict/${service}`, accessKey }
    const requests = openLoop({ ...where, ...pace }, result)
    await until('requests are answered', async () => result.answered.length > 20 || result.failures.length > 0)
    return {
      stop: () => {
        goesOn = false
        return requests
      },
    }
  }

  test('machines are bought, and an image runs on them', async () => {
    await berth.up()
    expect(berth.output).toContain('containers outlive its restart')
    owner = await berth.client('owner')
    const operator = await berth.client('operator')
    const { accountId } = berth.credentials().owner
    const body = { amountFen: '100000' }
    await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body })
    const wanted = { regionId: 'local', zoneId: 'local-a', specId: 'host.small', chargeType: 'postpaid' as const }
    const order = await owner.call('POST /v1/orders', {
      body: { request: { ...wanted, quantity: 2, groupName: 'boxes' } },
    })
    await until('the machines run', async () => {
      const { phase } = await owner.call('GET /v1/orders/{orderId}', { params: { orderId: order.orderId } })
      return phase === 'fulfilled'
    })
    const metadata = { name: service, instance: 2, cpu: 0.5, memory: 128, resource: order.groupId }
    const config = { metadata, containers: [{ image: nodeImage, command: inNode(program), port: 8_080 }] }
    await owner.call('POST /v1/services', { body: { config } })
    await whole(2)
    expect((await running()).length).toBe(2)
  }, 90_000)

  test('control is killed and comes back while requests are answered: the same containers serve', async () => {
    const before = ids(await running())
    const requests = await load()
    const pid = (await berth.pidOf('control')) ?? 0
    process.kill(pid, 'SIGKILL')
    await until('control is back', async () => {
      const now = await berth.pidOf('control')
      return (
        now !== null &&
        now !== pid &&
        owner.call('GET /v1/wallet', {}).then(
          () => true,
          () => false,
        )
      )
    })
    await whole(2)
    const { failures, answered } = await requests.stop()
    expect(failures).toEqual([])
    expect(answered.length).toBeGreaterThan(20)
    expect(ids(await running())).toEqual(before)
  }, 90_000)

  test('a machine is drained under load without a failed request', async () => {
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service }, query: {} })
    const machineId = items[0]?.machineId ?? ''
    const requests = await load()
    await owner.call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: { reason: 'story' } })
    const drain = await until('it is drained', async () => {
      const found = await owner.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
      return found.phase === 'drained' && found
    })
    const { failures, answered, sent } = await requests.stop()
    expect(failures).toEqual([])
    expect(answered.length).toBe(sent)
    expect(drain.receipt).toMatchObject({ requestsFailed: 0 })
    expect((await running()).map(one => one.Labels['dev.berth.machine'])).not.toContain(machineId)
    // What is gone has left its log.
    const gone = items.find(one => one.machineId === machineId)?.serviceInstanceId ?? ''
    const query = { serviceInstanceId: gone }
    const { lines } = await owner.call('GET /v1/services/{service}/logs', { params: { service }, query })
    expect(lines).toEqual(['started'])
  }, 90_000)

  test('down ends the containers, and up brings the service back', async () => {
    await berth.down()
    expect(await running()).toEqual([])
    await berth.up()
    owner = await berth.client('owner')
    // Until control has looked, its books say what they said before.
    await until('containers run again', async () => (await running()).length === 2)
    await whole(2)
    const requests = await load()
    expect((await requests.stop()).failures).toEqual([])
  }, 120_000)

  test('the service and the machines are given back, and nothing is left of them', async () => {
    await owner.call('DELETE /v1/services/{service}', { params: { service } })
    await until('its containers are gone', async () => (await containers()).length === 0)
    const { items } = await owner.call('GET /v1/machines', { query: {} })
    const machineIds = items.map(machine => machine.machineId)
    await owner.call('POST /v1/machines/release', { body: { machineIds } })
    await until('the machines are gone', async () => {
      const left = await owner.call('GET /v1/machines', { query: {} })
      return left.items.every(({ phase }) => phase === 'released')
    })
    await berth.down()
    berth.run('uninstall', '--data', '--yes')
    const networks = (await docker.ask('GET', '/networks')) as { Name: string }[]
    expect(networks.map(({ Name }) => Name).filter(name => name.startsWith('berth-'))).toEqual([])
  }, 90_000)
}
