// The story of a machine on a cluster, from the purchase to the free node: each step says what it saw, on the cluster itself
// wherever that is what counts.
import type { Teller } from '../../../src/cli/demo/teller.ts'
import { moneyText, timeText } from '../../../src/cli/output.ts'
import type { Operations } from '../../../src/client/client.ts'
import { pods, replicaSets } from '../../../src/drivers/kubernetes/api/resources.ts'
import { groupLabel, machineLabel, namespaceOf, serviceLabel } from '../../../src/drivers/kubernetes/pod-labels.ts'
import { until } from '../../installation.ts'
import { digitsModel, readPictures } from './digits.ts'
import { broken, type DrainUnderLoad, drainUnderLoad } from './drain-under-load.ts'
import { settings } from './settings.ts'
import { nameOf, type Stage } from './stage.ts'
import { handOut } from './witness.ts'

export interface StoryFigures {
  /** null: no image of the model server was named. */
  pictures: { right: number; all: number } | null
  drain: DrainUnderLoad
  nodesLeftOver: number
  podsLeftOver: number
}

const counted = 'counted'
const digits = 'digits'
const perSecond = 200

export async function tellClusterStory(
  stage: Stage,
  teller: Teller,
  open: AsyncDisposableStack,
): Promise<StoryFigures> {
  await teller.step('up', async () => {
    await stage.up()
    const told = `Berth is up, ${stage.nodes.names.length} nodes are for sale: ${stage.nodes.names.join(', ')}`
    return { value: null, told }
  })
  const machines = await buyMachines(stage, teller)
  const pictures = settings().modelServerImage === '' ? null : await serveDigits(stage, teller, open)
  await deployCounted(stage, teller)
  const machineId = await cordon(stage, teller)
  const drain = await drainMachine(stage, teller, machineId)
  await uncordon(stage, teller, machineId)
  await renew(stage, teller, machines.prepaid[0] ?? '')
  await scale(stage, teller)
  const podsLeftOver = await deleteServices(stage, teller, pictures === null ? [counted] : [counted, digits])
  const nodesLeftOver = await release(stage, teller, machines)
  return { pictures, drain, nodesLeftOver, podsLeftOver }
}

interface Machines {
  prepaid: string[]
  postpaid: string[]
  nodes: Map<string, string>
}

async function buyMachines(stage: Stage, teller: Teller): Promise<Machines> {
  return teller.step('buy', async () => {
    const prepaid = await stage.buy(2, 'prepaid', 'story')
    const postpaid = await stage.buy(1, 'postpaid', 'story')
    const claimed = new Map<string, string>()
    for (const machineId of [...prepaid, ...postpaid]) {
      const node = await stage.nodeOf(machineId)
      const taint = node.spec?.taints?.find(({ key }) => key === groupLabel)
      const { labels = {} } = node.metadata
      if (labels[groupLabel] !== stage.groupId || taint?.value !== stage.groupId || taint.effect !== 'NoSchedule')
        throw new Error(`${nameOf(node)} lacks the label or the taint of ${stage.groupId}`)
      claimed.set(machineId, nameOf(node))
    }
    const names = [...claimed.values()].join(', ')
    const told = `2 machines for a month and 1 by the hour are bought; claimed, labelled and tainted: ${names}`
    return { value: { prepaid, postpaid, nodes: claimed }, told }
  })
}

async function serveDigits(stage: Stage, teller: Teller, open: AsyncDisposableStack) {
  return teller.step('digits', async () => {
    const modelPath = await handOut(digitsModel(), 'digits.onnx', stage.host, open)
    const metadata = { name: digits, instance: 2, cpu: 0.4, memory: 256, resource: stage.groupId }
    await stage.deploy({ metadata, processor: 'onnx', model_path: modelPath })
    await stage.whole(digits, 2)
    const { read, right } = await readPictures(await stage.target(digits))
    const told = `the digits model answers from 2 pods: ${right} of ${read.length} pictures read right`
    return { value: { right, all: read.length }, told }
  })
}

async function deployCounted(stage: Stage, teller: Teller): Promise<void> {
  await teller.step('deploy', async () => {
    await stage.deployCounted(counted, 2)
    const on = await stage.machinesOf(counted)
    return { value: null, told: `a service whose executions are counted runs twice, on ${on.join(' and ')}` }
  })
}

async function cordon(stage: Stage, teller: Teller): Promise<string> {
  return teller.step('cordon', async () => {
    const [machineId] = await stage.machinesOf(counted)
    if (!machineId) throw new Error('the service is on no machine')
    const params = { machineId }
    await stage.owner.call('POST /v1/machines/{machineId}/cordon', { params, body: { reason: 'the story' } })
    const name = nameOf(await stage.nodeOf(machineId))
    await until('its node is cordoned', async () => (await stage.node(name)).spec?.unschedulable === true)
    return { value: machineId, told: `${machineId} is cordoned, and so is its node ${name}` }
  })
}

async function drainMachine(stage: Stage, teller: Teller, machineId: string): Promise<DrainUnderLoad> {
  return teller.step('drain', async () => {
    const params = { machineId }
    const podsThere = async () => {
      const labelSelector = `${machineLabel}=${machineId}`
      const { items } = await stage.api.list(pods, { labelSelector, namespace: namespaceOf(stage.accountId) })
      return items.length
    }
    const empty = async () => {
      await stage.owner.call('POST /v1/machines/{machineId}/drain', { params, body: { reason: 'the story' } })
      await stage.drained(machineId)
    }
    const settled = () => until('no pod is left there', async () => (await podsThere()) === 0)
    const seen = await drainUnderLoad({ stage, service: counted, perSecond, empty, settled })
    const { receipt } = await stage.drained(machineId)
    const wrong = [
      ...broken(seen),
      ...(receipt.requestsFailed > 0 ? [`the receipt says that ${receipt.requestsFailed} failed`] : []),
    ]
    if (wrong.length > 0) throw new Error(wrong.join('; '))
    const moves = receipt.whither.map(({ from, to }) => `${from} → ${to}`).join(', ')
    return {
      value: seen,
      told:
        `drained in ${seen.seconds.toFixed(1)} s under ${perSecond} requests/s, ${seen.inFlightAtStart} in flight as it began: ` +
        `${seen.sent} sent, ${seen.once} executed once, ${seen.failures.length} failed; ${moves}`,
    }
  })
}

async function uncordon(stage: Stage, teller: Teller, machineId: string): Promise<void> {
  await teller.step('uncordon', async () => {
    await stage.owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
    const name = nameOf(await stage.nodeOf(machineId))
    await until('its node takes pods', async () => (await stage.node(name)).spec?.unschedulable !== true)
    return { value: null, told: `${machineId} and its node ${name} take instances again` }
  })
}

async function renew(stage: Stage, teller: Teller, machineId: string): Promise<void> {
  await teller.step('renew', async () => {
    const body = { machineIds: [machineId], months: 1 as const }
    const { quoteId } = await stage.owner.call('POST /v1/renewals/quotes', { body })
    const { orderId } = await stage.owner.call('POST /v1/renewals', { body: { quoteId } })
    const order = await until('the renewal is there', async () => {
      const now = await stage.owner.call('GET /v1/orders/{orderId}', { params: { orderId } })
      return now.phase === 'fulfilled' && now
    })
    const { expiresAt } = await stage.owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
    return { value: null, told: `renewed for ${moneyText(order.totalFen)}: paid until ${timeText(expiresAt)}` }
  })
}

async function scale(stage: Stage, teller: Teller): Promise<void> {
  await teller.step('scale', async () => {
    for (const replicas of [3, 1]) {
      const params = { service: counted }
      await stage.owner.call('POST /v1/services/{service}/scale', { params, body: { replicas } })
      await stage.whole(counted, replicas)
      await until('the cluster has as many', async () => (await replicaSetsOf(stage, counted)).length === replicas)
    }
    return { value: null, told: 'scaled to 3 instances, then to 1: as many ReplicaSets are in the cluster' }
  })
}

async function replicaSetsOf(stage: Stage, service: string) {
  const { serviceId } = await stage.owner.call('GET /v1/services/{service}', { params: { service } })
  const labelSelector = `${serviceLabel}=${serviceId}`
  return (await stage.api.list(replicaSets, { namespace: namespaceOf(stage.accountId), labelSelector })).items
}

async function deleteServices(stage: Stage, teller: Teller, names: string[]): Promise<number> {
  return teller.step('delete', async () => {
    for (const service of names) await stage.owner.call('DELETE /v1/services/{service}', { params: { service } })
    const namespace = namespaceOf(stage.accountId)
    const left = async () =>
      (await stage.api.list(pods, { namespace })).items.length +
      (await stage.api.list(replicaSets, { namespace })).items.length
    await until('nothing of them is left', async () => (await left()) === 0, 60_000)
    const value = await left()
    return { value, told: `the services are deleted: ${value} pods and ReplicaSets of theirs are left` }
  })
}

async function release(stage: Stage, teller: Teller, machines: Machines): Promise<number> {
  return teller.step('release', async () => {
    await stage.owner.call('POST /v1/machines/release', { body: { machineIds: machines.postpaid } })
    let backFen = 0n
    for (const machineId of machines.prepaid) backFen += await refund(stage, machineId)
    await until('the machines are released', async () => {
      const { items } = await stage.owner.call('GET /v1/machines', { query: {} })
      return items.every(({ phase }) => phase === 'released')
    })
    const dirty: string[] = []
    for (const name of machines.nodes.values()) {
      const { metadata, spec = {} } = await stage.node(name)
      const marks = [metadata.labels?.[groupLabel], metadata.labels?.[machineLabel]].filter(mark => mark !== undefined)
      const tainted = spec.taints?.some(({ key }) => key === groupLabel) ?? false
      if (marks.length > 0 || tainted || spec.unschedulable) dirty.push(name)
    }
    if (dirty.length > 0) throw new Error(`not free again: ${dirty.join(', ')}`)
    const told = `the machines are given back, ${moneyText(String(backFen))} paid back for what was prepaid; their nodes are free: no label, no taint`
    return { value: dirty.length, told }
  })
}

type Quote = Operations['POST /v1/accounts/{accountId}/early-releases/quotes']['returns']

/** Prepaid ones end early only by the operator's hand. */
async function refund(stage: Stage, machineId: string): Promise<bigint> {
  const params = { accountId: stage.accountId }
  const quotes = 'POST /v1/accounts/{accountId}/early-releases/quotes'
  const quote: Quote = await stage.operator.call(quotes, { params, body: { machineId } })
  const body = { quoteId: quote.quoteId, reason: 'the story ends' }
  await stage.operator.call('POST /v1/accounts/{accountId}/early-releases', { params, body })
  return BigInt(quote.totalFen)
}
