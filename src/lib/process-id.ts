// One service instance has one process at a time, and another each time that its process is restarted. Drivers know a process by
// an id of its own, so that whatever is asked of an earlier one never reaches a later one, and each has its own log.

/** No id of a service instance has an underscore (`newId`). */
const mark = '_'

export interface ProcessRef {
  serviceInstanceId: string
  /** How often its process had been restarted before this one. */
  restartCount: number
}

export const processIdOf = ({ serviceInstanceId, restartCount }: ProcessRef): string =>
  restartCount === 0 ? serviceInstanceId : `${serviceInstanceId}${mark}${restartCount}`

/** Whose process it is. */
export const instanceIdOf = (processId: string): string => processId.replace(/_\d+$/, '')
