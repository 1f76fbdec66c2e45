// What is asked of a drain plan, checked: which machines, in which batches, when. Pure.
import { Refusal } from '../../lib/errors.ts'
import type { FleetRefusal } from '../machine.ts'
import type { MaintenanceWindow } from './window.ts'

export interface DrainPlanRequest {
  groupId: string
  /** These; else all running machines of the group, or those of a zone or spec. */
  machineIds?: readonly string[] | undefined
  zoneId?: string | undefined
  specId?: string | undefined
  batchSize: number
  deadlineSeconds: number
  afterwards: 'hold' | 'return'
  windows: readonly MaintenanceWindow[]
  timeZone: string
  reason: string
}

const windowsMax = 20

export function checkPlan({ machineIds, zoneId, specId, windows, timeZone }: DrainPlanRequest): void {
  if (machineIds !== undefined && (zoneId !== undefined || specId !== undefined))
    throw refusePlan('machineIds', 'names the machines: leave zoneId and specId out')
  if (windows.length > windowsMax) throw refusePlan('windows', `has at most ${windowsMax} windows`)
  windows.forEach(({ days, from, to }, index) => {
    if (days.length === 0 || new Set(days).size < days.length)
      throw refusePlan(`windows[${index}].days`, 'names each day once: 1 is Monday, 7 is Sunday')
    if (from === to) throw refusePlan(`windows[${index}].to`, 'is the same as from: leave all windows out for any time')
  })
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone)
  } catch {
    throw refusePlan('timeZone', 'is no time zone: give a name like Asia/Shanghai')
  }
}

export const refusePlan = (field: string, problem: string): Refusal =>
  new Refusal<FleetRefusal>('InvalidDrainPlan', `${field} ${problem}`, { field })
