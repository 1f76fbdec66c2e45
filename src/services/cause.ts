// Why a service or one of its instances is as it is: facts with a code, so that each reader can say them in its own language;
// `textOf` says them in English.
import { sizeText } from '../lib/size-text.ts'
import type { WaitingReason } from '../scheduler/snapshot.ts'
import { evictionText } from './disk/disk-text.ts'
import type { Fetching } from './driver.ts'
import type { EndReason, Eviction, LeavingBecause } from './service-instance.ts'

/** How an instance ended. */
export interface End {
  endReason: string | null
  exitCode: number | null
  exitSignal: string | null
  endMessage: string | null
}

export interface EndedCause {
  code: 'Ended'
  reason: EndReason | null
  exitCode: number | null
  signal: string | null
  message: string | null
}

/** Its model is on its way to the machine. */
export interface FetchingCause extends Fetching {
  code: 'Fetching'
}

/** It is evicted. */
export interface EvictionCause extends Pick<Eviction, 'of' | 'usedBytes' | 'freeBytes' | 'diskBytes' | 'atOnce'> {
  code: 'DiskPressure'
}

export const evictionCauseOf = ({ because, of, usedBytes, freeBytes, diskBytes, atOnce }: Eviction): EvictionCause => ({
  ...{ code: because, of, usedBytes, freeBytes, diskBytes, atOnce },
})

export type Cause =
  | { code: 'Counts'; running: number; wanted: number }
  | { code: 'Ending'; count: number }
  | { code: 'StoppedOnRequest' | 'ScaledToZero' | 'ScaledToZeroWakes' | 'HealthCheckFails' }
  /** A rollout does not go on. */
  | { code: 'Paused' }
  /** A rollout waits, since most of the region is away at once. */
  | { code: 'Frozen' }
  /** What a rollout started runs, and was not ready within its deadline. */
  | { code: 'NotReadyInTime'; seconds: number }
  | { code: 'CrashLoop'; count: number; last: EndedCause | null }
  | { code: 'Leaving'; because: LeavingBecause }
  | FetchingCause
  | EvictionCause
  | WaitingReason
  | EndedCause

export function endOf({ endReason, exitCode, exitSignal, endMessage }: End): EndedCause {
  return { code: 'Ended', reason: endReason as EndReason | null, exitCode, signal: exitSignal, message: endMessage }
}

/** What placement wrote down; null when it is not of its form. Rows of before do not tell what helps. */
export function waitingOf(reason: object | null): WaitingReason | null {
  if (reason === null || !('code' in reason)) return null
  const { code, message, missing, nearestMachineId, helps = [], machines } = reason as WaitingReason
  return { code, message, missing, nearestMachineId, helps, machines }
}

export function textOf(causes: readonly Cause[]): string {
  return causes
    .map(cause => (cause.code === 'Paused' ? 'paused: ' : `${sentence(cause)}; `))
    .join('')
    .replace(/; $/, '')
}

function sentence(cause: Cause): string {
  switch (cause.code) {
    case 'Counts':
      return `${cause.running} of ${cause.wanted} instances are running`
    case 'Ending':
      return `${cause.count} instances are ending`
    case 'StoppedOnRequest':
      return 'stopped on request'
    case 'ScaledToZero':
      return 'scaled to 0 instances'
    case 'ScaledToZeroWakes':
      return 'scaled to zero, wakes on request'
    case 'HealthCheckFails':
      return 'its health check fails'
    case 'Frozen':
      return 'waits: most machines of its region are away at once, and what serves is left alone until that is over'
    case 'Paused':
      return 'paused'
    case 'NotReadyInTime':
      return `the new version was not ready within ${cause.seconds} s`
    case 'CrashLoop':
      return `crash loop: ended ${cause.count} times in a row${cause.last ? `, last: ${sentence(cause.last)}` : ''}`
    case 'Leaving':
      return cause.because
    case 'DiskPressure':
      return evictionText(cause)
    case 'Fetching':
      return fetchingText(cause)
    case 'Ended':
      return endText(cause)
    default:
      return cause.message
  }
}

/** `fetching https://…/model.onnx, 40 % of 1.2 GiB`. */
function fetchingText({ url, receivedBytes, totalBytes, failures, problem }: FetchingCause): string {
  const far =
    totalBytes === null || totalBytes === 0
      ? sizeText(receivedBytes)
      : `${Math.floor((receivedBytes / totalBytes) * 100)} % of ${sizeText(totalBytes)}`
  const trouble = failures === 0 || problem === null ? '' : ` (failed ${failures} times in a row, last: ${problem})`
  return `fetching ${url}, ${far}${trouble}`
}

/** `exit code 1`, `signal SIGSEGV: …`. */
function endText({ reason, exitCode, signal, message }: EndedCause): string {
  const how = signal ? `signal ${signal}` : exitCode !== null ? `exit code ${exitCode}` : ''
  const head = [reason ?? 'ended', how].filter(part => part !== '').join(', ')
  return message ? `${head}: ${message}` : head
}
