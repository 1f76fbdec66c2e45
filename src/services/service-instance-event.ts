// The words in which service instances enter the history and the outbox. A launch is decided where a machine is found, a stop
// where the last gate is passed; both are written down before the driver is asked, and asked again until the outcome is known.
import type { NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import type { NewEffect } from '../events/outbox.ts'
import { processIdOf } from '../lib/process-id.ts'
import type { ServiceInstance } from './service-instance.ts'

export const reconciler = 'system:reconcile-services'

type Counted = Pick<ServiceInstance, 'id' | 'restartCount'>

/** Of one process alone: what is known of an earlier one says nothing of a later one (I16). */
const effectId = ({ id, restartCount }: Counted, what: string): string =>
  `service_instance:${processIdOf({ serviceInstanceId: id, restartCount })}:${what}`

export const launchEffectId = (instance: Counted): string => effectId(instance, 'launch')
export const stopEffectId = (instance: Counted): string => effectId(instance, 'stop')

export const launchEffect = (instance: Counted, machineId: string): NewEffect => ({
  effectId: launchEffectId(instance),
  kind: 'service_instance.launch',
  subjectId: instance.id,
  payload: { machineId },
})

export const stopEffect = (
  instance: Counted,
  how: { drainMs: number | null; graceMs: number; cut: boolean },
): NewEffect => ({
  effectId: stopEffectId(instance),
  kind: 'service_instance.stop',
  subjectId: instance.id,
  payload: how,
})

/** An event of a service instance, in the account and workspace of its service. */
export const instanceEvent = (
  service: { id: string; accountId: string; workspaceId: string },
  serviceInstanceId: string,
  what: string,
  data: EventData,
): NewEvent => ({
  accountId: service.accountId,
  workspaceId: service.workspaceId,
  kind: `service_instance.${what}`,
  subjectKind: 'service_instance',
  subjectId: serviceInstanceId,
  actor: reconciler,
  data: { serviceId: service.id, ...data },
})
