// One bill line: a machine, a billing day and an item, rounded once, with the price versions inside as segments (Q32).
// The same machine and day always give the same lines, however often and late they are computed. Pure.
import { billableDiskGib, type PriceVersion } from '../catalog/price.ts'
import type { Fen } from '../lib/money.ts'
import { type HourRate, meter, type RunningInterval, type Segment } from './metering.ts'

export type BillItem = 'machine' | 'disk'

export interface MeteredMachine {
  machineId: string
  accountId: string
  groupId: string
  zoneId: string
  specId: string
  systemDiskGib: number
  anchor: Temporal.Instant
  intervals: readonly RunningInterval[]
}

export interface BillLine {
  machineId: string
  accountId: string
  groupId: string
  /** `2026-11-23`. */
  billingDay: string
  item: BillItem
  minutes: number
  amountFen: Fen
  segments: Segment[]
}

/** The id is the idempotency key of the charge. */
export const usageTransferId = (line: Pick<BillLine, 'machineId' | 'billingDay' | 'item'>): string =>
  `usage:${line.machineId}:${line.billingDay}:${line.item}`

export interface BilledDay {
  billingDay: string
  /** The day's bounds in the billing zone: 23, 24 or 25 hours (Q35). */
  window: { start: Temporal.Instant; end: Temporal.Instant }
  /** Machines that still run have run until here. */
  asOf: Temporal.Instant
}

/** The lines of one day: none for an item without a minute, nor for a disk that is free as a whole. */
export function linesOfDay(machine: MeteredMachine, versions: readonly PriceVersion[], day: BilledDay): BillLine[] {
  const { machineId, accountId, groupId, anchor, intervals } = machine
  const { billingDay, window, asOf } = day
  return ratesOf(versions, billableDiskGib(machine.systemDiskGib)).flatMap(({ item, rates }) => {
    const usage = meter({ anchor, intervals, window, asOf, rates })
    return usage.minutes === 0 ? [] : [{ machineId, accountId, groupId, billingDay, item, ...usage }]
  })
}

function ratesOf(versions: readonly PriceVersion[], diskGib: bigint): { item: BillItem; rates: HourRate[] }[] {
  const rates = (micros: (version: PriceVersion) => bigint): HourRate[] =>
    versions.map(version => ({
      version: version.version,
      effectiveAt: version.effectiveAt,
      microsPerHour: micros(version),
    }))
  const machine = { item: 'machine' as const, rates: rates(version => version.hourMicros ?? 0n) }
  if (diskGib === 0n) return [machine]
  return [machine, { item: 'disk' as const, rates: rates(version => version.diskGibMicros * diskGib) }]
}
