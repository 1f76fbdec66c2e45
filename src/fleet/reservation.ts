// Reserving and giving back capacity. The check is made with the machine's row locked, in the transaction that writes: a
// plan made on an old snapshot is refused here, never forced (Q49); a hold that is committed is always seen.
import type { Db, Tx } from '../db/db.ts'
import {
  type ClosedBecause,
  closedBecause,
  cordonedBy,
  fitsIn,
  freeOn,
  type Reservation,
  type Term,
  termOf,
  usableOf,
} from './capacity.ts'
import type { Hold } from './hold.ts'
import { lockMachines, selectHolds, selectMachinePage } from './machine.store.ts'
import type { Machine } from './machine.ts'
import {
  deleteReservations,
  insertReservations,
  type ReservationRow,
  selectPaidUntil,
  selectReservations,
  selectReservationsOn,
  wakeWaiting,
} from './reservation.store.ts'

export { revokeReservations } from './reservation.store.ts'
export type { ReservationRow }

export interface RefusedReservation {
  serviceInstanceId: string
  machineId: string
  because: ClosedBecause | 'no_room' | 'no_machine' | 'reserved_elsewhere'
}

export interface ReserveResult {
  /** Service instance ids; one that held this very machine already is granted again. */
  granted: string[]
  refused: RefusedReservation[]
}

/** Grants in the order asked. The reservation is the account's of the machine. */
export async function reserve(tx: Tx, now: Temporal.Instant, wanted: readonly Reservation[]): Promise<ReserveResult> {
  const result: ReserveResult = { granted: [], refused: [] }
  if (wanted.length === 0) return result
  const machineIds = [...new Set(wanted.map(one => one.machineId))]
  const machines = new Map((await lockMachines(tx, machineIds)).map(machine => [machine.id, machine]))
  // After the locks, in statements of their own: what was committed before we got them is seen.
  const holds = Map.groupBy(await selectHolds(tx, machineIds), hold => hold.machineId)
  const taken = Map.groupBy(await selectReservationsOn(tx, machineIds), one => one.machineId)
  const instanceIds = wanted.map(one => one.serviceInstanceId)
  const standing = new Map(
    (await selectReservations(tx, instanceIds)).map(one => [one.serviceInstanceId, one.machineId]),
  )
  const free = new Map([...machines].map(([id, machine]) => [id, freeOn(usableOf(machine), taken.get(id) ?? [])]))
  const rows: (Reservation & { accountId: string })[] = []
  for (const one of wanted) {
    const { serviceInstanceId, machineId } = one
    const machine = machines.get(machineId)
    const room = free.get(machineId)
    const held = standing.get(serviceInstanceId)
    const refuse = (because: RefusedReservation['because']) =>
      result.refused.push({ serviceInstanceId, machineId, because })
    if (!machine || !room) refuse('no_machine')
    else if (held !== undefined && held !== machineId) refuse('reserved_elsewhere')
    else if (held !== undefined) result.granted.push(serviceInstanceId)
    else {
      const closed = closedBecause(machine, holds.get(machineId) ?? [], now)
      if (closed !== null) refuse(closed)
      else if (!fitsIn(room, one)) refuse('no_room')
      else {
        free.set(machineId, freeOn(room, [one]))
        standing.set(serviceInstanceId, machineId)
        rows.push({ ...one, accountId: machine.accountId })
        result.granted.push(serviceInstanceId)
      }
    }
  }
  await insertReservations(tx, now, rows)
  return result
}

/** To be called once the process is gone. Machines that wait to become empty are woken. Unknown ids are no matter. */
export async function releaseReservations(
  tx: Tx,
  now: Temporal.Instant,
  serviceInstanceIds: readonly string[],
): Promise<void> {
  if (serviceInstanceIds.length === 0) return
  const machineIds = [...new Set((await selectReservations(tx, serviceInstanceIds)).map(one => one.machineId))]
  // Locked even when nothing waits: else a drain that begins now would count what is about to go, and look late.
  await lockMachines(tx, machineIds)
  await deleteReservations(tx, serviceInstanceIds)
  await wakeWaiting(tx, machineIds, now)
}

/** Oldest first; `revokedAt` says that its service instance must stop. */
export async function reservationsOn(db: Db | Tx, machineIds: readonly string[]): Promise<ReservationRow[]> {
  return selectReservationsOn(db, machineIds)
}

export interface MachineFree {
  machineId: string
  zoneId: string
  term: Term
  /** null: it takes new service instances. */
  closedBecause: ClosedBecause | null
  /** By whom it is cordoned, where nothing else keeps it closed; absent otherwise. */
  cordonedBy?: readonly string[]
  freeCpuMilli: number
  freeMemoryMib: number
  freeGpuCount: number
  /** Memory of each of its cards. */
  gpuMemoryMib: number
}

const machinesPerGroupMax = 100_000

/** A group's machines with what is free on them, for the scheduler. Those that never ran or are gone are left out. */
export async function freeCapacity(db: Db | Tx, groupId: string, now: Temporal.Instant): Promise<MachineFree[]> {
  const phases = ['running', 'stopped', 'releasing'] as const
  const machines = await selectMachinePage(db, { groupId, phases, limit: machinesPerGroupMax })
  const ids = machines.map(machine => machine.id)
  const holds = Map.groupBy(await selectHolds(db, ids), hold => hold.machineId)
  const taken = Map.groupBy(await selectReservationsOn(db, ids), one => one.machineId)
  const paidUntil = await selectPaidUntil(db, ids)
  return machines.map(machine => {
    const free = freeOn(usableOf(machine), taken.get(machine.id) ?? [])
    return {
      machineId: machine.id,
      zoneId: machine.zoneId,
      term: termOf(paidUntil.get(machine.id) ?? null, now),
      ...closedState(machine, holds.get(machine.id) ?? [], now),
      freeCpuMilli: free.cpuMilli,
      freeMemoryMib: free.memoryMib,
      freeGpuCount: free.gpuCount,
      gpuMemoryMib: machine.gpuMemoryMib,
    }
  })
}

function closedState(machine: Machine, holds: readonly Hold[], now: Temporal.Instant) {
  const because = closedBecause(machine, holds, now)
  const owners = because === 'held' ? cordonedBy(holds, now) : null
  return { closedBecause: because, ...(owners === null ? {} : { cordonedBy: owners }) }
}
