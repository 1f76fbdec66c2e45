// `npm run bench:kubernetes`: 5,000 nodes, and a controller as it runs in production: how long an order for 1,000 machines takes
// from paid to all running, what the controller asks of the API server when nothing happens, and what memory it takes. On the
// double, in a process of its own; with KUBECONFIG on that cluster, with nodes of which only the objects are there.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openClusterProcess } from '../test/kubernetes/open-cluster-process.ts'
import { figuresOf, RoleProcesses, type RoleUnderTest } from '../test/role-processes.ts'
import { conclude, say } from '../test/soak/conclude.ts'
import { scratchServer } from '../test/soak/scratch-server.ts'

const bounds = { claimSeconds: 30, requestsPerSecond: 5, memoryMb: 400 }
const nodes = 5_000
const quantity = 1_000
/** On each node: agents of the cluster's own. */
const podsPerNode = 2
const steadySeconds = 60

const given = process.env.KUBECONFIG ? resolve(process.env.KUBECONFIG) : null
const run = `berth-bench-${process.pid}`
const labels = { 'berth.dev/spec': 'node.c4', 'topology.kubernetes.io/zone': run, 'berth.dev/test': run }

const yaml = (kubeconfig: string): string => `kubernetes:
  kubeconfig: ${kubeconfig}
  systemNamespace: ${run}
  zones: { bench-a: ${run} }
catalog:
  specs:
    node.c4: { family: general, cpu: 2, memory: 8GiB }
  regions:
    bench:
      name: Bench
      engine: kubernetes
      zones:
        bench-a: { name: Zone A, offers: { node.c4: { stock: ${nodes}, postpaid: { hour: 0.10 } } } }
`

/** VmHWM is the most that it ever had. */
const memoryMb = ({ child }: RoleUnderTest, field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return (Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1_024) / 1e6
}

const requestsOf = async (controller: RoleUnderTest): Promise<Map<string, number>> => {
  const figures = await figuresOf(controller)
  return new Map([...figures].filter(([name]) => name.startsWith('berth_kubernetes_requests_total')))
}
const total = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, count) => sum + count, 0)

await conclude(async open => {
  say(given === null ? 'the API server: a double in memory' : 'the API server: that of KUBECONFIG')
  const cluster = await openClusterProcess({ nodes, prefix: run, labels, kubeconfig: given, podsPerNode })
  open.defer(cluster.close)
  say(`${nodes} nodes are there`)
  const server = await scratchServer()
  open.defer(server.close)
  const database = await server.database()
  open.defer(database.close)
  const roles = await RoleProcesses.make(database.url, yaml(cluster.kubeconfig), 1)
  open.defer(() => roles.remove())
  const controller = await roles.start('controller', 'controller')
  const api = await roles.start('api', 'api')
  const { accountId } = roles
  const topUp = { params: { accountId }, body: { amountFen: '1000000000' } }
  await roles.client('operator', api).call('POST /v1/accounts/{accountId}/top-ups', topUp)

  say(`controller before it knows of a node: ${memoryMb(controller, 'VmRSS').toFixed(0)} MB`)
  while (![...(await requestsOf(controller)).keys()].some(name => name.includes('"watch",resource="pods"')))
    await delay(50)
  const owner = roles.client('owner', api)
  const place = { regionId: 'bench', zoneId: 'bench-a', specId: 'node.c4', groupName: 'bench' }
  const request = { ...place, quantity, chargeType: 'postpaid' as const }
  const { orderId } = await owner.call('POST /v1/orders', { body: { request } })
  const before = await requestsOf(controller)
  const began = performance.now()
  await owner.call('POST /v1/orders/{orderId}/pay', { params: { orderId } })
  let phase = ''
  while (phase !== 'fulfilled') {
    if (phase === 'refunded') throw new Error(`the order was refunded: see ${controller.logFile}`)
    await delay(50)
    phase = (await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase
  }
  const seconds = (performance.now() - began) / 1_000
  say(`controller: ${memoryMb(controller, 'VmRSS').toFixed(0)} MB resident then`)
  const asked = total(await requestsOf(controller)) - total(before)
  say(`${quantity} machines: paid to all running in ${seconds.toFixed(2)} s, with ${asked} requests of its controller`)

  const steadyFrom = await requestsOf(controller)
  await delay(steadySeconds * 1_000)
  const steadyTo = await requestsOf(controller)
  const steady = (total(steadyTo) - total(steadyFrom)) / steadySeconds
  for (const [name, count] of steadyTo)
    if (count > (steadyFrom.get(name) ?? 0))
      say(`${name}: ${count - (steadyFrom.get(name) ?? 0)} in ${steadySeconds} s`)
  const [now, most] = [memoryMb(controller, 'VmRSS'), memoryMb(controller, 'VmHWM')]
  say(`controller: ${now.toFixed(0)} MB resident, ${most.toFixed(0)} MB at the most`)
  say(`${quantity} claimed in one order: ${seconds.toFixed(2)} s (< ${bounds.claimSeconds} s)`)
  say(`requests a second in the steady state: ${steady.toFixed(2)} (< ${bounds.requestsPerSecond})`)
  say(`controller memory: ${most.toFixed(0)} MB (< ${bounds.memoryMb})`)
  return seconds < bounds.claimSeconds && steady < bounds.requestsPerSecond && most < bounds.memoryMb
})
