// The words in which service instances enter the history and the outbox. A launch is decided where a machine is found, a stop
// where the last gate is passed; both are written down before the driver is asked, and asked again until the outcome is known.
import type { NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import type { NewEffect } from '../events/outbox.ts'

export const reconciler = 'system:reconcile-services'

export const launchEffectId = (serviceInstanceId: string): string => `service_instance:${serviceInstanceId}:launch`
export const stopEffectId = (serviceInstanceId: string): string => `service_instance:${serviceInstanceId}:stop`

export const launchEffect = (serviceInstanceId: string, machineId: string): NewEffect => ({
  effectId: launchEffectId(serviceInstanceId),
  kind: 'service_instance.launch',
  subjectId: serviceInstanceId,
  payload: { machineId },
})

export const stopEffect = (
  serviceInstanceId: string,
  how: { drainMs: number | null; graceMs: number; cut: boolean },
): NewEffect => ({
  effectId: stopEffectId(serviceInstanceId),
  kind: 'service_instance.stop',
  subjectId: serviceInstanceId,
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
