// `npm run soak:claims`: two control planes, each a process of its own, claim nodes of one cluster at the same time, 200 rounds.
// On the double, which now and then cuts a request off, done or not done; with KUBECONFIG on that cluster.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { namespaces } from '../../../src/drivers/kubernetes/api/resources.ts'
import { connectCluster } from '../../../src/drivers/kubernetes/connect-cluster.ts'
import { defaultZoneLabel, specLabel } from '../../../src/drivers/kubernetes/node.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { KubernetesDouble } from '../../kubernetes/double/kubernetes-double.ts'
import { FakeNodes } from '../../kubernetes/fake-nodes.ts'
import { temporaryRoot } from '../../temporary.ts'
import { conclude, say } from '../conclude.ts'
import { Plane } from './plane.ts'
import { runRounds } from './rounds.ts'

const rounds = 200
const nodeCount = 20
const wantedByEach = 15
const given = process.env.KUBECONFIG ? resolve(process.env.KUBECONFIG) : null

await conclude(async open => {
  const double = given === null ? new KubernetesDouble() : null
  const directory = mkdtempSync(join(temporaryRoot, 'berth-claims-'))
  open.defer(() => rmSync(directory, { recursive: true }))
  if (double) {
    await double.up()
    open.defer(() => double.down())
    writeFileSync(join(directory, 'kubeconfig'), double.kubeconfig())
  }
  const kubeconfig = given ?? join(directory, 'kubeconfig')
  const { api, close } = connectCluster({ kubeconfig, context: null }, { clock: systemClock, env: {} })
  open.defer(close)
  const run = randomBytes(3).toString('hex')
  const [zoneId, specId, systemNamespace] = [`zone-${run}`, `spec-${run}`, `berth-claims-${run}`]
  const labels = { 'berth.dev/test': run, [specLabel]: specId, [defaultZoneLabel]: zoneId }
  const nodes = new FakeNodes({ api, prefix: `claims-${run}`, labels, renews: double === null })
  open.defer(async () => {
    await nodes.close()
    await api.delete(namespaces, { name: systemNamespace })
  })
  await nodes.make(nodeCount)
  const order = { kubeconfig, systemNamespace, zoneId, specId }
  const planes: [Plane, Plane] = [await Plane.start(order), await Plane.start(order)]
  for (const plane of planes) open.defer(() => plane.end())
  const world = { api, planes, labelSelector: `berth.dev/test=${run}`, nodeCount, wantedByEach, run }
  const trouble = (round: number): void => {
    if (round % 3 === 0) double?.faults.arm({ kind: 'cut', done: round % 2 === 0 }, { on: 'patch nodes', times: 4 })
    if (round % 5 === 0) double?.watches.cut()
    if (round % 7 === 0) double?.watches.expire()
  }
  say(`the API server: ${double ? 'a double in memory, which cuts requests and watches' : 'that of KUBECONFIG'}`)
  say(`${nodeCount} nodes, two control planes that want ${wantedByEach} each`)
  const tally = await runRounds({ ...world, trouble }, rounds, ({ rounds: done }) => {
    if (done % 50 === 0) say(`${done} rounds`)
  })
  const patches = (await Promise.all(planes.map(plane => plane.patches()))).reduce((sum, count) => sum + count, 0)
  say(`claims: ${tally.claimed}, with ${patches} writes of nodes, releases among them`)
  say(`rounds: ${tally.rounds} (${rounds})`)
  say(`answers that are not what stands on the node: ${tally.untrue} (0)`)
  say(`rounds with a wish that was not met: ${tally.unmet} (0)`)
  say(`machines with two nodes: ${tally.machinesWithTwoNodes} (0)`)
  say(`nodes claimed twice: ${tally.claimedTwice} (0)`)
  const broken = tally.untrue + tally.unmet + tally.machinesWithTwoNodes + tally.claimedTwice
  return tally.rounds === rounds && broken === 0
})
