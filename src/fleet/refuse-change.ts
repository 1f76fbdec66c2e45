import { Refusal } from '../lib/errors.ts'
import type { FleetRefusal, MachineState } from './machine.ts'
import type { MachineChange } from './machine-change.ts'

/** Throws the refusal of the first that is refused, with all that are: done is all or nothing. */
export function refuseAny(changes: readonly (MachineChange & { machine: MachineState })[]): void {
  const refused = changes.flatMap(({ machine, refusal }) => (refusal === null ? [] : [{ machine, refusal }]))
  const [first] = refused
  if (!first) return
  const machines = refused.map(({ machine, refusal }) => ({
    ...{ machineId: machine.id, reserved: machine.reserved, ...refusal },
  }))
  throw new Refusal<FleetRefusal>(first.refusal.code, first.refusal.message, {
    ...{ machineId: first.machine.id, holds: first.machine.holds, machines: machines.slice(0, 100) },
  })
}
