// The words in which machines enter the history and the outbox.
import type { NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'

export const provisionEffectId = (machineId: string): string => `machine:${machineId}:provision`
export const releaseEffectId = (machineId: string): string => `machine:${machineId}:release`

export const releaseEffect = (machineId: string) => ({
  effectId: releaseEffectId(machineId),
  kind: 'machine.release',
  subjectId: machineId,
})

/** An event of a machine, in its account. */
export function machineEvent(
  machine: { id: string; accountId: string },
  kind: `machine.${string}`,
  actor: string,
  data: EventData,
): NewEvent {
  return { accountId: machine.accountId, kind, subjectKind: 'machine', subjectId: machine.id, actor, data }
}
