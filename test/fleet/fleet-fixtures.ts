// A fleet to test: one account, one zone with stock, a group, machines of an order, and the simulated driver's own book.
import { onTestFinished } from 'vitest'
import { type Db, type Tx, transaction } from '../../src/db/db.ts'
import { SimulatedMachines, type SimulatedMachinesOptions } from '../../src/drivers/simulated/machines.ts'
import type { Actor } from '../../src/events/event.ts'
import type { MachineState } from '../../src/fleet/machine.ts'
import { createMachines, getMachine, machinesOfOrder } from '../../src/fleet/machines.ts'
import { type FleetCtx, reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { type ReserveResult, reserve } from '../../src/fleet/reservation.ts'
import { createGroup } from '../../src/fleet/resource-groups.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { disarmFaults } from '../../src/lib/fault.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { freshDb } from '../postgres.ts'

export interface Fleet {
  ctx: FleetCtx
  db: Db
  clock: ManualClock
  driver: SimulatedMachines
  actor: Actor
  accountId: string
  groupId: string
  /** Reconciles until nothing moves. */
  settle(): Promise<void>
  /** Lets time pass, then settles. */
  pass(time: Temporal.DurationLike): Promise<void>
  machine(machineId: string): Promise<MachineState>
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>
}

export const start = '2026-03-01T00:00:00Z'
export const zoneId = 'zone-a'
export const specId = 'spec-a'

export async function aFleet(
  options: { driver?: Partial<SimulatedMachinesOptions>; max?: number } = {},
): Promise<Fleet> {
  const fresh = await freshDb({ max: options.max ?? 10 })
  onTestFinished(async () => {
    disarmFaults()
    await fresh.close()
  })
  return fleetIn(fresh.db, options.driver)
}

/** In a database that is empty, and the caller's. */
export async function fleetIn(db: Db, simulated: Partial<SimulatedMachinesOptions> = {}): Promise<Fleet> {
  const clock = new ManualClock(start)
  const driver = new SimulatedMachines({ clock, ...simulated })
  const random = new SeededRandom('fleet')
  const ctx: FleetCtx = { db, clock, random, log: silentLog, machineDriver: () => driver }
  const accountId = 'acc-1'
  const now = clock.now()
  await addAccount(db, accountId, now)
  await db.insertInto('regions').values({ id: 'region-a', name: 'Region A', engine: 'simulated' }).execute()
  await db.insertInto('zones').values({ id: zoneId, regionId: 'region-a', name: 'Zone A' }).execute()
  const capacity = { cpuMilli: 8_000, memoryMib: 32_768, gpuModel: 'A10', gpuCount: 2, gpuMemoryMib: 24_576 }
  await db
    .insertInto('machineSpecs')
    .values({ id: specId, family: 'gpu', ...capacity })
    .execute()
  await db.insertInto('stock').values({ zoneId, specId, total: 20_000, allocated: 0 }).execute()
  const groupId = 'eas-r-1'
  const group = { id: groupId, accountId, regionId: 'region-a', name: 'main', kind: 'postpaid' as const, actor: 'test' }
  await transaction(ctx, tx => createGroup(tx, now, group))
  const settleAll = () => settle([() => reconcileMachines(ctx)])
  return {
    ctx,
    db,
    clock,
    driver,
    actor: { accountId, name: 'user:usr-1' },
    accountId,
    groupId,
    settle: settleAll,
    pass: async time => {
      clock.advance(time)
      await settleAll()
    },
    machine: machineId => getMachine(db, accountId, machineId),
    tx: fn => transaction(ctx, fn),
  }
}

export async function addAccount(db: Db, id: string, now: Temporal.Instant): Promise<void> {
  await db.insertInto('accounts').values({ id, name: id, createdAt: now }).execute()
}

/** Machines in phase pending, as an order would make them: stock taken, an order row. Returns their ids. */
export async function orderMachines(fleet: Fleet, count: number, orderId = 'ord-1'): Promise<string[]> {
  const now = fleet.clock.now()
  const ids = Array.from({ length: count }, (_, index) => `eas-i-${orderId}-${String(index + 1).padStart(4, '0')}`)
  const spec = { cpuMilli: 8_000, memoryMib: 32_768, gpuModel: 'A10', gpuCount: 2, gpuMemoryMib: 24_576 }
  const same = { accountId: fleet.accountId, groupId: fleet.groupId, orderId, regionId: 'region-a', zoneId, specId }
  await fleet.tx(async tx => {
    await tx
      .insertInto('orders')
      .values({
        id: orderId,
        accountId: fleet.accountId,
        kind: 'purchase',
        phase: 'provisioning',
        chargeType: 'postpaid',
        groupId: fleet.groupId,
        quantity: count,
        totalFen: 0n,
        actor: 'test',
        createdAt: now,
      })
      .execute()
    await tx
      .updateTable('stock')
      .set(eb => ({ allocated: eb('allocated', '+', count) }))
      .execute()
    const row = (id: string, index: number) =>
      ({ ...same, ...spec, id, lineNo: index + 1, chargeType: 'postpaid', systemDiskGib: 200 }) as const
    await createMachines(tx, now, ids.map(row))
  })
  return ids
}

/** Ordered and running. */
export async function runningMachines(fleet: Fleet, count: number, orderId = 'ord-1'): Promise<string[]> {
  const ids = await orderMachines(fleet, count, orderId)
  await fleet.settle()
  return ids
}

export async function aRunningMachine(fleet: Fleet): Promise<string> {
  const [id] = await runningMachines(fleet, 1)
  if (id === undefined) throw new Error('no machine was made')
  return id
}

export async function reserveOn(fleet: Fleet, machineId: string, ...instanceIds: string[]): Promise<ReserveResult> {
  const small = { cpuMilli: 1_000, memoryMib: 1_024, gpuCount: 0, gpuMemoryMib: 0 }
  const wanted = instanceIds.map(serviceInstanceId => ({ serviceInstanceId, machineId, ...small }))
  return fleet.tx(tx => reserve(tx, fleet.clock.now(), wanted))
}

export async function phasesOf(fleet: Fleet, orderId = 'ord-1'): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { phase } of await machinesOfOrder(fleet.db, orderId)) counts[phase] = (counts[phase] ?? 0) + 1
  return counts
}

export async function allocated(fleet: Fleet): Promise<number> {
  return (await fleet.db.selectFrom('stock').select('allocated').executeTakeFirstOrThrow()).allocated
}

/** `[start, end]` in seconds from the fixture's start; null for an open end. */
export async function intervals(fleet: Fleet, machineId: string): Promise<[number, number | null][]> {
  const rows = await fleet.db
    .selectFrom('runningIntervals')
    .select(['startedAt', 'endedAt'])
    .where('machineId', '=', machineId)
    .orderBy('startedAt')
    .execute()
  const zero = Temporal.Instant.from(start).epochMilliseconds
  const seconds = (at: Temporal.Instant) => (at.epochMilliseconds - zero) / 1_000
  return rows.map(row => [seconds(row.startedAt), row.endedAt === null ? null : seconds(row.endedAt)])
}

/** Kinds of a machine's events, oldest first. */
export async function eventsOf(fleet: Fleet, machineId: string): Promise<string[]> {
  const query = fleet.db.selectFrom('events').select('kind').where('subjectId', '=', machineId).orderBy('id')
  return (await query.execute()).map(row => row.kind.replace('machine.', ''))
}

/** Our book against the driver's: machines that it holds and we do not count as ours, and the other way round. */
export async function bookDifference(fleet: Fleet): Promise<{ leaked: string[]; missing: string[] }> {
  const theirs = new Set((await Array.fromAsync(fleet.driver.list())).map(one => one.machineId))
  const rows = await fleet.db.selectFrom('machines').select(['id', 'phase', 'holdsStock']).execute()
  const ours = new Set(rows.filter(row => row.holdsStock).map(row => row.id))
  const running = rows.filter(row => row.phase === 'running' || row.phase === 'stopped').map(row => row.id)
  return { leaked: [...theirs.difference(ours)].sort(), missing: running.filter(id => !theirs.has(id)).sort() }
}
