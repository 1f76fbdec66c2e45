// A machine as the tables show it.
import type { Operations } from '../../client/client.ts'
import { type Cell, cpuText, mibText, printFields, printJson, say, timeText } from '../output.ts'
import { gpuText } from './catalog.ts'

export type Machine = Operations['GET /v1/machines/{machineId}']['returns']

export const machineHead = ['MACHINE', 'STATUS', 'SPEC', 'VCPU USED', 'MEMORY USED', 'CHARGE', 'EXPIRES', 'HELD BY']

export const machineRow = (machine: Machine): Cell[] => [
  machine.machineId,
  machine.status,
  machine.specId,
  `${cpuText(machine.cpuUsedMilli)}/${cpuText(machine.cpuMilli)}`,
  `${mibText(machine.memoryUsedMib)}/${mibText(machine.memoryMib)}`,
  machine.chargeType,
  timeText(machine.expiresAt),
  machine.holds.map(hold => hold.ownerKind).join(', '),
]

export function printMachine(machine: Machine): void {
  printFields({
    machine: machine.machineId,
    group: machine.groupId,
    status: machine.status,
    phase: machine.stoppedBecause === null ? machine.phase : `${machine.phase} (${machine.stoppedBecause})`,
    spec: machine.specId,
    zone: machine.zoneId,
    vCPU: `${cpuText(machine.cpuUsedMilli)} of ${cpuText(machine.cpuMilli)} used`,
    memory: `${mibText(machine.memoryUsedMib)} of ${mibText(machine.memoryMib)} used`,
    GPU: gpuText(machine),
    disk: `${machine.systemDiskGib} GiB`,
    charge: machine.chargeType,
    expires: timeText(machine.expiresAt),
    'auto-renew': machine.autoRenew,
    created: timeText(machine.createdAt),
    ...(machine.unreachableAt ? { 'no word since': timeText(machine.unreachableAt) } : {}),
    ...(machine.repair
      ? { repair: machine.repair.waitsFor?.message ?? `${machine.repair.phase} (${machine.repair.because})` }
      : {}),
    ...(machine.failure ? { failure: `${machine.failure.code}: ${machine.failure.message}` } : {}),
    ...(machine.drain
      ? {
          drain: `${machine.drain.phase}, deadline ${timeText(machine.drain.deadlineAt)}${machine.drain.overdue ? ' (overdue)' : ''}`,
        }
      : {}),
    ...Object.fromEntries(
      machine.holds.map((hold, index) => [
        `hold ${index + 1}`,
        `${hold.ownerKind} ${hold.owner} since ${timeText(hold.at)}${hold.reason === '' ? '' : `: ${hold.reason}`}`,
      ]),
    ),
  })
}

export const showChanged = (machine: Machine, json: boolean): void => {
  if (json) printJson(machine)
  else say(`${machine.machineId} is ${machine.status}.`)
}
