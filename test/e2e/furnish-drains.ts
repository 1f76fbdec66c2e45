// Machines in every state that a drain leaves them in, and people beside the owner.
import { until } from '../installation.ts'
import type { ConsoleWorld } from './console-world.ts'
import { serving } from './serving.ts'

/** A machine each. */
export interface Drains {
  groupId: string
  /** Its replacement elsewhere is not ready yet. */
  draining: string
  /** One of its two service instances has moved; the other has no room. */
  blocked: string
  /** The same, past its deadline. */
  overdue: string
  drained: string
  cordoned: string
  /** A service whose update finds no room. */
  tight: string
  plans: { asks: string; waits: string }
}

type Owner = Awaited<ReturnType<ConsoleWorld['client']>>

/** Ready at its first start; at the next one, on another machine, it never is. */
const readyOnce = `test -e $HOME/seen && exec sleep 3600; touch $HOME/seen; ${serving}`

export async function furnishDrains(world: ConsoleWorld): Promise<Drains> {
  const owner = await world.client()
  const simulated = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8' }
  const local = { regionId: 'local', zoneId: 'local-a', specId: 'host.small' }
  const [maintenance, held, late, kept] = await Promise.all([
    buyPair(owner, simulated, 'maintenance'),
    buyPair(owner, simulated, 'full-house'),
    buyPair(owner, simulated, 'full-house-2'),
    buyPair(owner, local, 'slow-start'),
  ])
  const seen = `${world.installation.home}/seen-once`
  const [drained, , , draining] = await Promise.all([
    machineOf(owner, maintenance, 'search', { cpu: 2, memory: 1024, command: 'serve' }),
    machineOf(owner, held, 'ranker', { instance: 2, cpu: 6, memory: 1024, command: 'serve' }),
    machineOf(owner, late, 'embedder', { instance: 2, cpu: 6, memory: 1024, command: 'serve' }),
    machineOf(owner, kept, 'warmup', {
      cpu: 0.3,
      memory: 128,
      command: readyOnce.replaceAll('$HOME/seen', seen),
      // It must not be given up before all pictures are drawn.
      startupSeconds: 3_600,
    }),
  ])
  const [blocked, overdue] = await Promise.all([
    machineOf(owner, held, 'tagger', { cpu: 1, memory: 512, command: 'serve' }),
    machineOf(owner, late, 'splitter', { cpu: 1, memory: 512, command: 'serve' }),
  ])
  await drain(owner, drained, 'kernel update', 'drained')
  await drain(owner, blocked, 'memory to be replaced', 'blocked')
  await drain(owner, overdue, 'disk to be replaced', 'overdue', 0)
  await drain(owner, draining, 'kernel update', 'draining')
  const { items } = await owner.call('GET /v1/machines', { query: { groupId: maintenance } })
  const cordoned = items.find(machine => machine.machineId !== drained)?.machineId ?? ''
  await owner.call('POST /v1/machines/actions', {
    body: { action: 'cordon', machineIds: [cordoned], reason: 'watched after a memory error' },
  })
  await furnishPeople(owner)
  const plans = { asks: await planThatAsks(owner, late, overdue), waits: await planThatWaits(owner, maintenance) }
  return { groupId: maintenance, draining, blocked, overdue, drained, cordoned, tight: await tightUpdate(owner), plans }
}

async function tightUpdate(owner: Owner): Promise<string> {
  const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid' as const }
  const request = { ...machine, quantity: 1, groupName: 'one-machine' }
  const { groupId } = await owner.call('POST /v1/orders', { body: { request } })
  const service = 'summarizer'
  await machineOf(owner, groupId ?? '', service, { cpu: 6, memory: 1024, command: 'serve' })
  const params = { service }
  await owner.call('PUT /v1/services/{service}', { params, body: { config: { metadata: { memory: 1100 } } } })
  await until('its replacement finds no room', async () => {
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params })
    return items.some(({ cause }) => cause?.code === 'NoRoom')
  })
  return service
}

/** It takes over the drain that is overdue. */
async function planThatAsks(owner: Owner, groupId: string, overdue: string): Promise<string> {
  const { planId } = await owner.call('POST /v1/drain-plans', {
    body: { groupId, machineIds: [overdue], reason: 'disks to be replaced' },
  })
  await until('the plan asks', async () => {
    const { asks } = await owner.call('GET /v1/drain-plans/{planId}', { params: { planId } })
    return asks.length > 0
  })
  return planId
}

/** For its window, which opens the day after tomorrow. */
async function planThatWaits(owner: Owner, groupId: string): Promise<string> {
  const timeZone = 'Asia/Shanghai'
  const { dayOfWeek } = Temporal.Now.plainDateISO(timeZone).add({ days: 2 })
  const windows = [{ days: [dayOfWeek], from: '22:00', to: '04:00' }]
  const body = { groupId, batchSize: 2, windows, timeZone, reason: 'kernel update' }
  return (await owner.call('POST /v1/drain-plans', { body })).planId
}

async function buyPair(
  owner: Owner,
  machine: { regionId: string; zoneId: string; specId: string },
  groupName: string,
): Promise<string> {
  const request = { ...machine, chargeType: 'postpaid' as const, quantity: 2, groupName }
  return (await owner.call('POST /v1/orders', { body: { request } })).groupId ?? ''
}

interface Program {
  instance?: number
  cpu: number
  memory: number
  command: string
  startupSeconds?: number
}

/** Deploys it; the machine that its first instance runs on. */
async function machineOf(owner: Owner, resource: string, name: string, program: Program): Promise<string> {
  const { command, startupSeconds: seconds, ...size } = program
  const metadata = { instance: 1, ...size, name, resource }
  const check = seconds === undefined ? {} : { startup_check: { tcp_socket: {}, initial_delay_seconds: seconds } }
  await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command, ...check }] } } })
  return until(`the service ${name} runs`, async () => {
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service: name } })
    const running = items.filter(one => one.status === 'Running')
    return running.length === metadata.instance ? running[0]?.machineId : null
  })
}

async function drain(owner: Owner, machineId: string, reason: string, phase: string, seconds = 3_600): Promise<void> {
  const body = { action: 'drain' as const, machineIds: [machineId], reason, deadlineSeconds: seconds }
  await owner.call('POST /v1/machines/actions', { body })
  await until(`the drain of ${machineId} is ${phase}`, async () => {
    const found = await owner.call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
    return found.phase === phase && (phase !== 'blocked' || found.receipt.moved > 0)
  })
}

/** A developer in the workspace, and somebody who is kept out; and something refused for the audit to show. */
async function furnishPeople(owner: Owner): Promise<void> {
  const { userId } = await owner.call('POST /v1/users', {
    body: { name: 'chen', role: 'developer', email: 'chen@example.com', withPassword: true },
  })
  const left = await owner.call('POST /v1/users', { body: { name: 'wang', role: 'finance', withPassword: true } })
  await owner.call('POST /v1/users/{userId}/disable', { params: { userId: left.userId } })
  const workspaces = await owner.call('GET /v1/workspaces', {})
  const workspaceId = workspaces.items[0]?.workspaceId ?? ''
  await owner.call('PUT /v1/workspaces/{workspaceId}/members/{userId}', {
    params: { workspaceId, userId },
    body: { role: 'developer' },
  })
  await owner.call('POST /v1/users', { body: { name: 'chen', role: 'viewer' } }).catch(() => undefined)
}
