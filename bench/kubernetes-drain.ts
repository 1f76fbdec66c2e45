// `npm run bench:kubernetes-drain`: one node of the cluster in KUBECONFIG is emptied three times under 200 requests/s, of which
// one in twenty is worked on for 2 s, and all instances of the service are on it: by Berth; by `kubectl drain`, which meets
// the service's budget, and with it Berth; and by `kubectl drain --disable-eviction`, which asks no budget. The program ends
// as good ones do: told to stop it answers what it has. Nodes and the image: as for the cluster story (test/kubernetes/story.ts).
import { pods } from '../src/drivers/kubernetes/api/resources.ts'
import { machineLabel, namespaceOf } from '../src/drivers/kubernetes/pod-labels.ts'
import { until } from '../test/installation.ts'
import { broken, type DrainUnderLoad, drainUnderLoad } from '../test/kubernetes/story/drain-under-load.ts'
import { kubectl as runKubectl, settings } from '../test/kubernetes/story/settings.ts'
import { nameOf, Stage } from '../test/kubernetes/story/stage.ts'
import { conclude, say } from '../test/soak/conclude.ts'

const service = 'counted'
const perSecond = 200
const replicas = 2

if (settings().kubeconfig === '') {
  say('KUBECONFIG names no cluster: nothing was drained')
  process.exit(0)
}
await conclude(async open => {
  const stage = await Stage.set(open, 2)
  if (stage === null) {
    say('BERTH_TEST_NODES names no nodes, and none is labelled berth.dev/spec: nothing was drained')
    return true
  }
  await stage.up()
  await stage.buy(2, 'postpaid', 'bench')
  await stage.deployCounted(service, replicas)
  const machineId = (await stage.machinesOf(service))[0] ?? ''
  const node = nameOf(await stage.nodeOf(machineId))
  say(`${node}: both instances are on it, the other node is empty`)

  const byBerth = await round(stage, machineId, async () => {
    await berthDrains(stage, machineId)
  })
  tell('Berth drained it', byBerth)
  await stage.owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
  await moveBack(stage, machineId)

  const kubectl = (...flags: string[]) =>
    runKubectl('drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=120s', ...flags)
  const withBudget = await round(stage, machineId, async () => {
    await kubectl()
  })
  tell('kubectl drained it, asking the budget', withBudget)
  await runKubectl('uncordon', node)
  await moveBack(stage, machineId)

  const without = await round(stage, machineId, async () => {
    await kubectl('--disable-eviction')
  })
  tell('kubectl drained it, asking no budget', without)
  await runKubectl('uncordon', node)

  const wrong = [...broken(byBerth), ...withBudget.failures.slice(0, 10)]
  for (const line of wrong) say(line)
  const seconds = ({ seconds: took }: DrainUnderLoad) => `${took.toFixed(1)} s`
  say(`requests that failed while Berth drained the node: ${byBerth.failures.length} (0), in ${seconds(byBerth)}`)
  say(
    `requests that failed while kubectl drained it, held up by the budget until Berth had moved what is there: ${withBudget.failures.length} (0), in ${seconds(withBudget)}`,
  )
  say(`requests that failed while kubectl drained it without: ${without.failures.length}, in ${seconds(without)}`)
  return wrong.length === 0
})

function tell(
  what: string,
  { sent, once, twice, unfinished, failures, inFlightAtStart, seconds }: DrainUnderLoad,
): void {
  say(
    `${what}: ${seconds.toFixed(1)} s, ${inFlightAtStart} in flight as it began; ${sent} sent, ${failures.length} failed; ` +
      `${once} executed once, ${twice} twice, ${unfinished} never finished`,
  )
  for (const [why, many] of reasons(failures)) say(`  ${many} × ${why}`)
}

/** Without the ids of requests. */
function reasons(failures: readonly string[]): [string, number][] {
  const by = Map.groupBy(failures, failure => failure.replace(/^\w+: |,"requestId.*$/g, ''))
  return [...by].map(([why, all]): [string, number] => [why, all.length]).toSorted((a, b) => b[1] - a[1])
}

async function round(stage: Stage, machineId: string, empty: () => Promise<void>): Promise<DrainUnderLoad> {
  const settled = async () => {
    await until('no pod is left there', async () => (await podsOn(stage, machineId)) === 0, 120_000)
    await stage.whole(service, replicas)
  }
  return drainUnderLoad({ stage, service, perSecond, empty, settled })
}

async function podsOn(stage: Stage, machineId: string): Promise<number> {
  const namespace = namespaceOf(stage.accountId)
  return (await stage.api.list(pods, { namespace, labelSelector: `${machineLabel}=${machineId}` })).items.length
}

async function berthDrains(stage: Stage, machineId: string): Promise<void> {
  await stage.owner.call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: { reason: 'bench' } })
  await stage.drained(machineId)
}

/** Everything onto that machine again, as it was before. */
async function moveBack(stage: Stage, machineId: string): Promise<void> {
  const { items } = await stage.owner.call('GET /v1/machines', { query: {} })
  const { status } = await stage.owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
  if (status !== 'Ready')
    await until('its node takes pods', async () => {
      const now = await stage.owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
      return now.status === 'Ready'
    })
  const others = items.filter(machine => machine.machineId !== machineId).map(machine => machine.machineId)
  for (const other of others) await berthDrains(stage, other)
  for (const other of others)
    await stage.owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId: other } })
  await until('all is there', async () => (await stage.machinesOf(service)).every(on => on === machineId))
}
