// The story of a Berth that runs in the cluster which it sells: installed, looked at by its doctor, bought from, called by its
// gateways' service, its pods replaced under load in every way that an operator has, and taken away again.
import type { Teller } from '../../../src/cli/demo/teller.ts'
import { groupLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { until } from '../../installation.ts'
import { type DrainUnderLoad, drainUnderLoad } from '../story/drain-under-load.ts'
import { kubectl } from '../story/settings.ts'
import { nameOf } from '../story/stage.ts'
import { namespace } from './packagings.ts'
import { type InClusterStage, isReady, nodesOf } from './stage.ts'

export interface InClusterFigures {
  pods: { ready: number; all: number; restarts: number }
  /** Of `berth doctor --kubernetes` in a pod. */
  checksFailed: number
  /** Of requests while pods were replaced. */
  under: Record<'gateways restarted' | 'controller deleted' | 'everything replaced', DrainUnderLoad>
  /** Of calls of the API meanwhile. */
  api: { calls: number; failures: string[] }
  /** Lines of the roles' logs that tell of what the cluster has refused. */
  refusals: string[]
  nodesLeftOver: string[]
  objectsLeftOver: string[]
}

const counted = 'counted'
const perSecond = 100
const pods = 6

export async function tellInClusterStory(
  stage: InClusterStage,
  teller: Teller,
  open: AsyncDisposableStack,
): Promise<InClusterFigures> {
  const installed = await install(stage, teller)
  const checksFailed = await askDoctor(stage, teller)
  await teller.step('sign in', async () => {
    await stage.signIn()
    return { value: null, told: 'berth recover in a pod of the controllers gives keys to operator and owner' }
  })
  await buyAndDeploy(stage, teller)
  await call(stage, teller, open)
  const refusals: string[] = []
  const api = { calls: 0, failures: [] as string[] }
  const replaced = (told: string, replace: () => Promise<string>) =>
    teller.step(told, async () => {
      refusals.push(...(await refusalsIn(stage)))
      const { value, note } = await underLoad(stage, replace, api)
      for (const failure of value.failures.slice(0, 10)) teller.line(`      ${failure}`)
      return {
        value,
        told: `${note} in ${value.seconds.toFixed(1)} s under ${perSecond} requests/s: ${summary(value)}`,
      }
    })
  const under = {
    'gateways restarted': await replaced('gateways', async () => {
      await stage.restart('gateway')
      return 'kubectl rollout restart deployment/berth-gateway'
    }),
    'controller deleted': await replaced('controller', () => deleteControllerWithRoutes(stage)),
    'everything replaced': await replaced('upgrade', async () => {
      await stage.upgrade()
      return `every role in new pods by ${stage.packaging.name}`
    }),
  }
  refusals.push(...(await refusalsIn(stage)))
  const restarts = restartsOf(await stage.pods())
  const nodesLeftOver = await leave(stage, teller)
  const objectsLeftOver = await uninstall(stage, teller)
  const figures = { checksFailed, under, api, refusals, nodesLeftOver, objectsLeftOver }
  return { pods: { ...installed, restarts: installed.restarts + restarts }, ...figures }
}

const restartsOf = (all: Awaited<ReturnType<InClusterStage['pods']>>): number =>
  all.flatMap(({ status }) => status.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0)

function install(stage: InClusterStage, teller: Teller): Promise<InClusterFigures['pods']> {
  return teller.step('install', async () => {
    await stage.install()
    const all = await stage.pods()
    const ready = all.filter(isReady).length
    const value = { ready, all: all.length, restarts: restartsOf(all) }
    const told = `installed by ${stage.packaging.name}: ${ready} of ${all.length} pods are ready, on ${nodesOf(all).join(', ')}`
    return { value, told }
  })
}

function askDoctor(stage: InClusterStage, teller: Teller): Promise<number> {
  return teller.step('doctor', async () => {
    const said = await stage.berth('doctor', '--kubernetes').catch((error: { stdout?: string }) => {
      if (error.stdout === undefined) throw error
      return error.stdout
    })
    for (const line of said.split('\n').filter(one => !one.startsWith('ok') && one !== '')) teller.line(`      ${line}`)
    const failed = Number(/^checks that failed: (\d+)/m.exec(said)?.[1])
    return { value: failed, told: `berth doctor --kubernetes in a pod: ${failed} checks failed` }
  })
}

function buyAndDeploy(stage: InClusterStage, teller: Teller): Promise<void> {
  return teller.step('serve', async () => {
    const machines = await stage.buy(2, 'postpaid', 'in-cluster')
    const names = await Promise.all(machines.map(async machineId => nameOf(await stage.nodeOf(machineId))))
    await stage.deployCounted(counted, 2)
    return { value: undefined, told: `2 machines are bought, ${names.join(' and ')}; a service runs twice there` }
  })
}

function call(stage: InClusterStage, teller: Teller, open: AsyncDisposableStack): Promise<void> {
  return teller.step('call', async () => {
    const { host, port, path, accessKey } = await stage.target(counted)
    const body = JSON.stringify({ id: 'from outside', ms: 1 })
    const options = { method: 'POST', headers: { authorization: accessKey }, body }
    const answer = await fetch(`http://${host}:${port}${path}`, options)
    const said = { outside: `${answer.status} ${await answer.text()}`, inside: await stage.callFromPod(counted, open) }
    if (said.outside !== '200 from outside' || said.inside !== '200 from a pod') throw new Error(JSON.stringify(said))
    await until('its log is there', async () => (await firstLogLine(stage))?.includes('started'))
    return {
      value: undefined,
      told: 'called by the service berth-gateway from outside and by its name from a pod; its log is read',
    }
  })
}

async function firstLogLine(stage: InClusterStage): Promise<string | undefined> {
  const params = { service: counted }
  const { lines } = await stage.owner.call('GET /v1/services/{service}/logs', { params, query: {} })
  return lines[0]
}

async function deleteControllerWithRoutes(stage: InClusterStage): Promise<string> {
  const pod = await stage.podWithRoutes()
  await kubectl('-n', namespace, 'delete', 'pod', pod)
  await until('another has the routes', async () => (await stage.podWithRoutes()) !== pod, 60_000)
  await stage.rolledOut('controller')
  // What is asked of those who took over is done.
  for (const replicas of [1, 2]) {
    await stage.owner.call('POST /v1/services/{service}/scale', { params: { service: counted }, body: { replicas } })
    await stage.whole(counted, replicas)
  }
  return `${pod}, which had the routes, is deleted; scaled to 1 and 2 by those that took over`
}

async function underLoad(stage: InClusterStage, replace: () => Promise<string>, api: InClusterFigures['api']) {
  let note = ''
  let flows = true
  const asking = askAlong(stage, api, () => flows)
  const empty = async () => {
    note = await replace()
  }
  const settled = () => stage.settled()
  const value = await drainUnderLoad({ stage, service: counted, perSecond, empty, settled }).finally(
    () => (flows = false),
  )
  await asking
  return { value, note }
}

/** Somebody at the console meanwhile: one call after the other. */
async function askAlong(stage: InClusterStage, api: InClusterFigures['api'], goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    api.calls++
    const asked = stage.owner.call('GET /v1/machines', { query: {} })
    await asked.catch((error: Error & { details?: { cause?: string } }) =>
      api.failures.push(`${error.message} ${error.details?.cause ?? ''}`),
    )
  }
}

const summary = ({ sent, once, failures, inFlightAtStart }: DrainUnderLoad): string =>
  `${sent} sent, ${inFlightAtStart} in flight as it began, ${once} executed once, ${failures.length} failed`

/** What RBAC, a policy or an admission has refused, in the words of the API server. */
const refusalsIn = async (stage: InClusterStage): Promise<string[]> =>
  (await stage.logs()).filter(line => /forbidden|violates PodSecurity/i.test(line))

function leave(stage: InClusterStage, teller: Teller): Promise<string[]> {
  return teller.step('leave', async () => {
    await stage.owner.call('DELETE /v1/services/{service}', { params: { service: counted } })
    const machines = async () => (await stage.owner.call('GET /v1/machines', { query: {} })).items
    const machineIds = (await machines()).map(({ machineId }) => machineId)
    await until('the service is gone', async () => {
      const { items } = await stage.owner.call('GET /v1/services', { query: {} })
      return items.length === 0
    })
    await stage.owner.call('POST /v1/machines/release', { body: { machineIds } })
    await until('the machines are released', async () => (await machines()).every(({ phase }) => phase === 'released'))
    const { stdout } = await kubectl('get', 'nodes', '-l', groupLabel, '-o', 'name')
    const value = stdout.split('\n').filter(line => line !== '')
    return { value, told: `the service is deleted, the machines are given back: ${value.length} nodes are claimed` }
  })
}

function uninstall(stage: InClusterStage, teller: Teller): Promise<string[]> {
  return teller.step('uninstall', async () => {
    await stage.remove()
    const value = await stage.objectsLeft()
    return { value, told: `uninstalled by ${stage.packaging.name}: ${value.length} objects are left` }
  })
}

/** What is printed last, each with its bound; true where all of them hold. */
export function tellFigures(name: string, figures: InClusterFigures, say: (line: string) => void): boolean {
  const { checksFailed, under, api, refusals, nodesLeftOver, objectsLeftOver } = figures
  for (const line of [...refusals, ...api.failures, ...objectsLeftOver].slice(0, 20)) say(`  ${line}`)
  let holds = true
  const tell = (what: string, figure: string | number, bound: string, isSo: boolean) => {
    say(`${name}: ${what}: ${figure} (${bound})`)
    holds &&= isSo
  }
  const none = (what: string, count: number, of = '') => tell(what, `${count}${of}`, '0', count === 0)
  tell(
    'pods ready by their probes',
    `${figures.pods.ready} of ${figures.pods.all}`,
    `all ${pods}`,
    figures.pods.ready === pods,
  )
  none('containers started again', figures.pods.restarts)
  none('checks of berth doctor in a pod that failed', checksFailed)
  for (const [what, { failures, sent, twice, unfinished, inFlightAtStart }] of Object.entries(under)) {
    tell(`${what}, requests in flight as it began`, inFlightAtStart, '≥ 1', inFlightAtStart > 0)
    none(`${what}, requests that failed`, failures.length, ` of ${sent}`)
    none(`${what}, executed twice or not to the end`, twice + unfinished)
  }
  none('calls of the API that failed meanwhile', api.failures.length, ` of ${api.calls}`)
  none('lines of logs that tell of a refusal by the cluster', refusals.length)
  none('nodes left claimed', nodesLeftOver.length)
  none('objects left in the cluster', objectsLeftOver.length)
  return holds
}
