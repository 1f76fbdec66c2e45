// One bill line: a machine, a billing day and an item, rounded once, with the price versions inside as segments (Q32).
// The same machine and day always give the same lines, however often and late they are computed. Pure.
import { billableDiskGib, type PriceVersion } from '../catalog/price.ts'
import { invariant } from '../lib/invariant.ts'
import type { Fen } from '../lib/money.ts'
import { type HourRate, meter, type RunningInterval, type Segment } from './metering.ts'

export type BillItem = 'machine' | 'disk'

export interface MeteredMachine {
  machineId: string
  accountId: string
  groupId: string
  zoneId: string
  specId: string
  /** Its disk's sizes in order of time: the first it was made with, each from its instant on. At least one. */
  disks: readonly DiskSize[]
  anchor: Temporal.Instant
  intervals: readonly RunningInterval[]
}

export interface DiskSize {
  gib: number
  from: Temporal.Instant
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
  return ratesOf(versions, machine.disks).flatMap(({ item, rates }) => {
    const usage = meter({ anchor, intervals, window, asOf, rates })
    return usage.minutes === 0 ? [] : [{ machineId, accountId, groupId, billingDay, item, ...usage }]
  })
}

function ratesOf(
  versions: readonly PriceVersion[],
  disks: readonly DiskSize[],
): { item: BillItem; rates: HourRate[] }[] {
  const machine = versions.map(version => ({
    version: version.version,
    effectiveAt: version.effectiveAt,
    microsPerHour: version.hourMicros ?? 0n,
  }))
  return [
    { item: 'machine', rates: machine },
    { item: 'disk', rates: diskRates(versions, disks) },
  ]
}

/**
 * A rate for each price version and size of the disk: a slot takes both as they were at its start, so a larger disk counts
 * from the first minute that begins with it. Minutes within the free size are no minutes of the line (Q36).
 */
export function diskRates(versions: readonly PriceVersion[], disks: readonly DiskSize[]): HourRate[] {
  const [first, ...grown] = disks
  invariant(first, 'a machine has a disk')
  return versions.flatMap((version, index) => {
    const next = versions[index + 1]?.effectiveAt ?? null
    const inForce = grown.filter(({ from }) => isWithin(from, version.effectiveAt, next))
    const atStart = grown.findLast(({ from }) => Temporal.Instant.compare(from, version.effectiveAt) <= 0) ?? first
    const sizes = [{ gib: atStart.gib, from: version.effectiveAt }, ...inForce]
    return sizes.map(({ gib, from }): HourRate => {
      const billable = billableDiskGib(gib)
      const microsPerHour = version.diskGibMicros * billable
      return { version: version.version, effectiveAt: from, microsPerHour, free: billable === 0n }
    })
  })
}

const isWithin = (instant: Temporal.Instant, after: Temporal.Instant, end: Temporal.Instant | null): boolean =>
  Temporal.Instant.compare(instant, after) > 0 && (end === null || Temporal.Instant.compare(instant, end) < 0)
