// The whole serving side with real processes: an agent of its own, two gateway workers, services as child processes,
// PostgreSQL; control's loops run in this process, on the real clock.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, transaction } from '../../src/db/db.ts'
import { AgentClient } from '../../src/drivers/process/agent-client.ts'
import { ProcessMachines } from '../../src/drivers/process/machines.ts'
import { ProcessRuntime } from '../../src/drivers/process/runtime.ts'
import type { Actor } from '../../src/events/event.ts'
import { createMachines } from '../../src/fleet/machines.ts'
import { type FleetCtx, reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { createGroup } from '../../src/fleet/resource-groups.ts'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { runGateway } from '../../src/gateway/run-gateway.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { DriverWatch } from '../../src/reconcile/driver-watch.ts'
import { Loop, type Report } from '../../src/reconcile/loop.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import type { ServicesCtx } from '../../src/services/services-ctx.ts'
import { until } from '../installation.ts'
import { freshDb } from '../postgres.ts'

export interface Stack {
  ctx: ServicesCtx
  db: Db
  actor: Actor
  directory: string
  gatewayPort: number
  machineIds: string[]
  nudge(): void
  close(): Promise<void>
}

const accountId = 'acc-1'
const machineSpec = { cpuMilli: 2_000, memoryMib: 1_024, gpuModel: null, gpuCount: 0, gpuMemoryMib: 0 }

export async function aStack(machines: number): Promise<Stack> {
  const closers: (() => Promise<unknown> | unknown)[] = []
  const directory = mkdtempSync(join(tmpdir(), 'berth-story-'))
  closers.push(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  const fresh = await freshDb()
  closers.push(() => fresh.close())
  const machineIds = await seed(fresh.db, machines)

  const socketPath = join(directory, 'agent.sock')
  closers.push(await startAgentProcess(directory, socketPath))
  const runtime = new ProcessRuntime({ socketPath, dataDir: directory })
  const machineDriver = new ProcessMachines({ dataDir: directory })
  const box = new SecretBox(systemRandom.bytes(32))

  const base = { db: fresh.db, clock: systemClock, random: systemRandom, log: silentLog }
  const nudge = (): void => {
    for (const loop of loops) loop.nudge()
  }
  const watch = new DriverWatch(silentLog, nudge)
  const ctx: ServicesCtx = {
    ...base,
    runtimeDriver: () => runtime,
    box,
    routes: { nudge },
    takeChanges: () => watch.take(),
  }
  const fleetCtx: FleetCtx = { ...base, machineDriver: () => machineDriver }
  const host = new RouteHost(ctx, box, nudge)
  const loop = (name: string, run: () => Promise<Report>) => new Loop({ name, run, log: silentLog })
  const loops = [
    loop('machines', () => reconcileMachines(fleetCtx)),
    loop('services', () => reconcileServices(ctx)),
    loop('routes', async () => {
      await host.refresh()
      return { found: 0, changed: 0 }
    }),
  ]

  const controlPath = join(directory, 'control.sock')
  const server = new RouteServer({
    ...{ path: controlPath, log: silentLog, snapshot: () => host.snapshot() },
    onConnect: gateway => host.onConnect(gateway),
    onAck: (gatewayId, generation) => host.onAck(gatewayId, generation),
    onReport: (gatewayId, generation, instances) => host.onReport(gatewayId, generation, instances),
    onDisconnect: (gatewayId, ended) => host.onDisconnect(gatewayId, ended),
  })
  await host.start(server)
  await server.listen()
  closers.push(() => server.close())
  const gateway = await runGateway({
    ...{ host: '127.0.0.1', port: 0, control: { path: controlPath }, routesDir: directory, workers: 2 },
    ...{ gatewayId: 'gw', stopGraceMs: 1_000, handOverGraceMs: 60_000, log: silentLog },
  })
  closers.push(() => gateway.close())
  watch.start([runtime])
  for (const one of loops) one.start()
  closers.push(async () => {
    watch.stop()
    await Promise.all(loops.map(one => one.stop()))
    await host.stop()
  })
  return {
    ...{ ctx, db: fresh.db, directory, machineIds, nudge, actor: { accountId, name: 'user:usr-1' } },
    gatewayPort: gateway.address.port,
    close: async () => {
      for (const close of closers.reverse()) await close()
    },
  }
}

async function startAgentProcess(directory: string, socketPath: string): Promise<() => Promise<void>> {
  const program = join(import.meta.dirname, '..', 'agent', 'agent-process.ts')
  const agent = spawn(process.execPath, [program, join(directory, 'state'), socketPath], { stdio: 'inherit' })
  const client = new AgentClient(socketPath)
  await until('the agent answers', () => client.host().catch(() => null))
  return async () => {
    await client.stopAll({ drainMs: 0, graceMs: 0 })
    agent.kill('SIGTERM')
    if (agent.exitCode === null) await once(agent, 'exit')
  }
}

/** One group with so many machines of 2 vCPU and 1 GiB, ordered. */
async function seed(db: Db, count: number): Promise<string[]> {
  const now = systemClock.now()
  await db.insertInto('accounts').values({ id: accountId, name: 'acme', createdAt: now }).execute()
  await db.insertInto('workspaces').values({ id: 'ws-1', accountId, name: 'default', createdAt: now }).execute()
  await db.insertInto('regions').values({ id: 'local', name: 'local', engine: 'process' }).execute()
  await db.insertInto('zones').values({ id: 'local-a', regionId: 'local', name: 'a' }).execute()
  await db
    .insertInto('machineSpecs')
    .values({ id: 'small', family: 'slice', ...machineSpec })
    .execute()
  await db.insertInto('stock').values({ zoneId: 'local-a', specId: 'small', total: count, allocated: count }).execute()
  const place = {
    accountId,
    groupId: 'eas-r-1',
    orderId: 'ord-1',
    regionId: 'local',
    zoneId: 'local-a',
    specId: 'small',
  }
  const group = { id: 'eas-r-1', accountId, regionId: 'local', name: 'main', kind: 'postpaid' as const, actor: 'test' }
  const order = { kind: 'purchase', phase: 'fulfilled', chargeType: 'postpaid', totalFen: 0n, actor: 'test' } as const
  const ids = Array.from({ length: count }, (_, index) => `eas-i-${index + 1}`)
  await transaction({ db, random: systemRandom }, async tx => {
    await createGroup(tx, now, group)
    await tx
      .insertInto('orders')
      .values({ id: 'ord-1', accountId, groupId: 'eas-r-1', quantity: count, createdAt: now, ...order })
      .execute()
    const row = (id: string, index: number) =>
      ({ ...place, ...machineSpec, id, lineNo: index + 1, chargeType: 'postpaid', systemDiskGib: 200 }) as const
    await createMachines(tx, now, ids.map(row))
  })
  return ids
}
