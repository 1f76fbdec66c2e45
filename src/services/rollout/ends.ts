// That one has ended, as far as its machine and the driver's word tell, and how. Pure.
import { evictionText } from '../disk/disk-text.ts'
import type { RuntimeObservation } from '../driver.ts'
import { crashForgottenMs, isRestarting, type ServiceInstance } from '../service-instance.ts'
import { awaitsLastWord } from './leaving.ts'
import type { Action, ServiceSnapshot } from './rollout-snapshot.ts'

type EndAction = Extract<Action, { do: 'end' }>

export function endOf(snapshot: ServiceSnapshot, instance: ServiceInstance): EndAction | null {
  if (instance.machineId === null) return null
  const { id } = instance
  if (snapshot.machines.get(instance.machineId)?.verdict === 'ended') {
    return { do: 'end', id, reason: 'MachineLost', exitCode: null, signal: null, message: 'its machine is gone' }
  }
  // Its end is not the end of the instance (process-restart.ts).
  if (isRestarting(instance)) return null
  const word: RuntimeObservation | undefined = snapshot.observations.get(id)
  if (word?.state === 'ended') {
    if (awaitsLastWord(snapshot, instance)) return null
    const { reason, exitCode, signal, message } = word
    // It was told to end: however it did, that is no crash.
    const told = instance.phase === 'stopping' && (reason === 'Exited' || reason === 'Stopped')
    if (!told) return { do: 'end', id, reason, exitCode, signal, message }
    const { leavingBecause, eviction } = instance
    return leavingBecause === 'evicted' && eviction
      ? { do: 'end', id, reason: 'Evicted', exitCode, signal, message: evictionText(eviction) }
      : { do: 'end', id, reason: 'Stopped', exitCode, signal, message }
  }
  // A starting one that is not there has yet to be launched.
  if (word?.state !== 'not_found' || instance.phase === 'starting') return null
  const wasToRun = instance.phase === 'ready' || instance.phase === 'isolated'
  const reason = wasToRun ? 'Unknown' : 'Stopped'
  return { do: 'end', id, reason, exitCode: null, signal: null, message: 'its process is not there any more' }
}

export const nextCrashCount = (instance: ServiceInstance, now: Temporal.Instant): number =>
  rememberedCrashes(instance, now) + 1

/** What came before a long time of service counts no more. */
export function rememberedCrashes({ readyAt, crashCount }: ServiceInstance, now: Temporal.Instant): number {
  const readyMs = readyAt === null ? 0 : now.epochMilliseconds - readyAt.epochMilliseconds
  return readyMs >= crashForgottenMs ? 0 : crashCount
}
