// The main job, step by step, on real input: money, machines, a model, pictures, a drain under load, renewal, the bill.
// Everything goes through the same API and the same gateway that anybody uses.
import { readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Operations } from '../../client/client.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { awaitOrder, type Order } from '../buying.ts'
import type { Bill } from '../commands/bill.ts'
import type { Drain } from '../commands/machine-drain.ts'
import { moneyText, secondsText, timeText } from '../output.ts'
import { watch } from '../progress.ts'
import { readServiceFile } from '../service-file.ts'
import { awaitService } from '../service-rollout.ts'
import { newClientToken, type Session } from '../session.ts'
import type { Installation } from './installation.ts'
import { classify, type LoadReport, OpenLoad, type Picture, type Prediction } from './load.ts'
import type { Teller } from './teller.ts'

export interface StoryResult {
  prediction: Prediction & { picture: string; expected: string; pictures: number; right: number }
  drain: LoadReport & { machineId: string; ms: number; receipt: Drain['receipt'] }
  /** The same drain, as the API tells it. */
  drained: Drain
  bill: Bill
}

type Offering = Operations['GET /v1/offerings']['returns']['items'][number]

const digits = fileURLToPath(new URL('../../../examples/digits/', import.meta.url))
const groupName = 'demo'
const machinesBought = 3
const topUpFen = '100000'
const ratePerSecond = 60
const waitMs = 60_000

export interface TellOptions {
  clock?: Clock
  /** Where the engine's machines find the model, if not beside the example. */
  modelPath?: string
}

export async function tell(
  teller: Teller,
  installation: Installation,
  { clock = systemClock, modelPath }: TellOptions = {},
): Promise<StoryResult> {
  const { owner } = installation
  await topUp(teller, installation)
  const { groupId, offering } = await buyGroup(teller, owner)
  const target = await deploy(teller, owner, groupId, modelPath)
  const pictures = readPictures()
  const prediction = await classifyPictures(teller, target, pictures)
  await readLogs(teller, owner)
  const drained = await drainUnderLoad(teller, owner, { target, pictures, clock })
  await uncordon(teller, owner, drained.machineId)
  await renewOne(teller, owner, drained.machineId)
  await scaleOutAndIn(teller, owner, groupId, offering)
  const bill = await teller.step('bill', async () => {
    const value = await owner.call('GET /v1/bill', { query: {} })
    const { totals, wallet, currency } = value
    return {
      value,
      told: `the bill: ${moneyText(totals.totalFen)} ${currency}, ${moneyText(wallet.closingFen)} left in the wallet`,
    }
  })
  const { report, drain } = drained
  return { prediction, drain: report, drained: drain, bill }
}

async function topUp(teller: Teller, { owner, operator, credentials }: Installation): Promise<void> {
  await teller.step('top-up', async () => {
    const { accountId } = credentials.owner
    const body = { amountFen: topUpFen, clientToken: newClientToken() }
    await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body })
    const wallet = await owner.call('GET /v1/wallet')
    return {
      value: null,
      told: `the operator tops up: ${moneyText(wallet.availableFen)} ${wallet.currency} in the wallet`,
    }
  })
}

/** The smallest spec on which one instance of the digits service runs, enough of it in stock, sold both ways. */
async function chooseOffering(owner: Session): Promise<Offering> {
  const { items } = await owner.call('GET /v1/offerings', { query: {} })
  const postpaid = new Set(items.filter(one => one.chargeType === 'postpaid').map(one => `${one.zoneId} ${one.specId}`))
  const [smallest] = items
    .filter(one => one.chargeType === 'prepaid' && !one.simulated && postpaid.has(`${one.zoneId} ${one.specId}`))
    .filter(one => one.cpuMilli >= 1000 && one.memoryMib >= 384 && one.stock.available > machinesBought)
    .toSorted((a, b) => a.memoryMib - b.memoryMib)
  if (smallest) return smallest
  throw new Error(`nothing is offered that has 1 vCPU, 384 MiB and a stock of ${machinesBought + 1}`)
}

async function buyGroup(teller: Teller, owner: Session): Promise<{ groupId: string; offering: Offering }> {
  const offering = await chooseOffering(owner)
  const { regionId, zoneId, specId } = offering
  const quote = await teller.step('quote', async () => {
    const request = {
      regionId,
      zoneId,
      specId,
      chargeType: 'prepaid' as const,
      quantity: machinesBought,
      months: 1 as const,
    }
    const value = await owner.call('POST /v1/quotes', { body: { ...request, groupName } })
    return { value, told: `a quote for a group of ${machinesBought} × ${specId}: ${onOneLine(value.formula)}` }
  })
  const order = await teller.step('buy', async () => {
    const value = await buy(owner, { quoteId: quote.quoteId })
    return {
      value,
      told: `order paid with ${moneyText(value.capturedFen)}: ${machinesBought} machines run, prepaid for a month`,
    }
  })
  return { groupId: order.groupId ?? '', offering }
}

const onOneLine = (formula: string): string => formula.replaceAll('\n', '; ')

type PlaceOrder = NonNullable<Operations['POST /v1/orders']['body']>

async function buy(owner: Session, what: PlaceOrder, runningBefore = 0): Promise<Order> {
  const placed = await owner.call('POST /v1/orders', { body: { ...what, clientToken: newClientToken() } })
  const order = await awaitOrder(owner, placed, runningBefore, waitMs)
  if (order.phase !== 'fulfilled') throw new Error(`the order is ${order.phase}: ${order.reason?.message ?? ''}`)
  return order
}

async function deploy(teller: Teller, owner: Session, groupId: string, modelPath?: string) {
  return teller.step('deploy', async () => {
    const file = readServiceFile(join(digits, 'service.json'), groupId)
    const config = modelPath === undefined ? file : { ...file, model_path: modelPath }
    const { service } = await owner.call('POST /v1/services', { body: { config } })
    const running = await awaitService(owner, service.serviceId, waitMs)
    if (running.status !== 'Running') throw new Error(`the service is ${running.status}: ${running.reason}`)
    const key = await owner.call('GET /v1/services/{service}/access-key', { params: { service: service.name } })
    const url = new URL(new URL(key.endpoint).pathname, owner.gatewayUrl ?? key.endpoint).href
    return {
      value: { url, accessKey: key.accessKey },
      told: `the digits model is deployed: ${running.running} instances answer at ${url}`,
    }
  })
}

function readPictures(): Picture[] {
  const folder = join(digits, 'pictures')
  return readdirSync(folder)
    .filter(name => /^\d-.*\.(png|jpg)$/.test(name))
    .sort()
    .map(name => ({
      name,
      digit: name[0] ?? '',
      mediaType: extname(name) === '.png' ? 'image/png' : 'image/jpeg',
      body: readFileSync(join(folder, name)),
    }))
}

interface Target {
  url: string
  accessKey: string
}

async function classifyPictures(
  teller: Teller,
  target: Target,
  pictures: Picture[],
): Promise<StoryResult['prediction']> {
  return teller.step('classify', async () => {
    const agent = new Agent({ keepAlive: true })
    const seen: (Prediction & { picture: Picture })[] = []
    for (const picture of pictures) seen.push({ picture, ...(await classify(target, picture, agent)) })
    agent.destroy()
    const right = seen.filter(one => one.label === one.picture.digit)
    const shown = seen.find(one => one.picture.name === '7-a.png') ?? seen[0]
    if (!shown) throw new Error('there are no pictures in examples/digits/pictures')
    if (shown.label !== shown.picture.digit) throw new Error(`${shown.picture.name} was read as ${shown.label}`)
    return {
      value: {
        ...{ picture: shown.picture.name, expected: shown.picture.digit, label: shown.label, score: shown.score },
        ...{ pictures: seen.length, right: right.length },
      },
      told: `${shown.picture.name} is a ${shown.label} (${(shown.score * 100).toFixed(1)} %); ${right.length} of ${seen.length} pictures read right`,
    }
  })
}

async function readLogs(teller: Teller, owner: Session): Promise<void> {
  await teller.step('logs', async () => {
    const page = await owner.call('GET /v1/services/{service}/logs', { params: { service: 'digits' }, query: {} })
    const last = page.lines.at(-1)
    if (last === undefined) throw new Error('the service has written no log')
    return { value: null, told: `its log has ${page.lines.length} lines, the last: ${last.slice(0, 80)}` }
  })
}

interface Flow {
  target: Target
  pictures: Picture[]
  clock: Clock
}

async function drainUnderLoad(teller: Teller, owner: Session, flow: Flow) {
  return teller.step('drain', async () => {
    const { items } = await owner.call('GET /v1/services/{service}/instances', {
      params: { service: 'digits' },
      query: {},
    })
    const machineId = items.find(one => one.ready && one.machineId !== null)?.machineId
    if (!machineId) throw new Error('no instance of the service is ready')
    const load = new OpenLoad(flow.target, flow.pictures, ratePerSecond, flow.clock)
    load.start()
    const seen = await drainMeanwhile(owner, machineId, load).catch(async (error: unknown) => {
      await load.stop()
      throw error
    })
    const report = await load.stop()
    if (seen.drain.phase !== 'drained') throw new Error(`the drain was ${seen.drain.phase}`)
    const { receipt } = seen.drain
    if (report.failed + receipt.requestsFailed > 0) {
      throw new Error(`${report.failed} of ${report.requests} requests failed: ${report.failures.join('; ')}`)
    }
    return {
      value: { machineId, drain: seen.drain, report: { ...report, machineId, ms: seen.ms, receipt } },
      told:
        `machine ${machineId} drained in ${secondsText(seen.ms)} under ${report.ratePerSecond} requests/s: ` +
        `${report.requests} requests, ${report.failed} failed, longest ${report.longestMs} ms`,
    }
  })
}

/** Requests flow before, during and after. */
async function drainMeanwhile(
  owner: Session,
  machineId: string,
  load: OpenLoad,
): Promise<{ drain: Drain; ms: number }> {
  await answered(load, ratePerSecond)
  const beganMs = systemClock.monotonicMs()
  const params = { machineId }
  await owner.call('POST /v1/machines/{machineId}/drain', { params, body: { reason: 'the demo shows it' } })
  const drain = await watch({
    what: 'the drain',
    timeoutMs: waitMs,
    look: () => owner.call('GET /v1/machines/{machineId}/drain', { params }),
    step: (seen: Drain) =>
      ['drained', 'cancelled', 'aborted'].includes(seen.phase)
        ? null
        : { text: `${seen.phase}: instances moved`, done: seen.receipt.moved, of: seen.receipt.instances },
  })
  const ms = Math.round(systemClock.monotonicMs() - beganMs)
  await answered(load, load.settled + ratePerSecond)
  return { drain, ms }
}

const answered = (load: OpenLoad, count: number): Promise<number> =>
  watch({
    what: 'the load',
    timeoutMs: waitMs,
    look: async () => load.settled,
    step: settled => (settled >= count ? null : { text: 'requests flow' }),
  })

async function uncordon(teller: Teller, owner: Session, machineId: string): Promise<void> {
  await teller.step('uncordon', async () => {
    const machine = await owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
    return { value: null, told: `${machineId} takes new service instances again: ${machine.status}` }
  })
}

async function renewOne(teller: Teller, owner: Session, machineId: string): Promise<void> {
  await teller.step('renew', async () => {
    const request = { machineIds: [machineId], months: 1 as const }
    const quote = await owner.call('POST /v1/renewals/quotes', { body: request })
    const placed = await owner.call('POST /v1/renewals', {
      body: { quoteId: quote.quoteId, clientToken: newClientToken() },
    })
    const order = await awaitOrder(owner, placed, 0, waitMs)
    if (order.phase !== 'fulfilled') throw new Error(`the renewal is ${order.phase}: ${order.reason?.message ?? ''}`)
    const machine = await owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
    return { value: null, told: `renewed for ${moneyText(order.totalFen)}: paid until ${timeText(machine.expiresAt)}` }
  })
}

async function scaleOutAndIn(teller: Teller, owner: Session, groupId: string, offering: Offering): Promise<void> {
  const { regionId, zoneId, specId } = offering
  const machineId = await teller.step('scale-out', async () => {
    const request = { regionId, zoneId, specId, chargeType: 'postpaid' as const, quantity: 1, groupId }
    const order = await buy(owner, { request }, machinesBought)
    const { items } = await owner.call('GET /v1/machines', { query: { groupId, chargeType: 'postpaid' } })
    const machine = items.find(one => one.orderId === order.orderId)
    if (!machine) throw new Error('the new machine is not in the group')
    return {
      value: machine.machineId,
      told: `scaled out by one machine by the hour: ${machine.machineId} is ${machine.status}`,
    }
  })
  await teller.step('scale-in', async () => {
    await owner.call('POST /v1/machines/release', { body: { machineIds: [machineId], reason: 'the demo scales in' } })
    await watch({
      what: 'the release',
      timeoutMs: waitMs,
      look: () => owner.call('GET /v1/machines/{machineId}', { params: { machineId } }),
      step: machine => (machine.phase === 'released' ? null : { text: `${machineId} is ${machine.status}` }),
    })
    return { value: null, told: `scaled in: ${machineId} is released, its billing has ended` }
  })
}
