// Why a service or an instance is as it is, in this browser's language: from the facts that the server gives.
import type { Returns } from '../api.ts'
import {
  formatAll,
  formatClauses,
  formatCpu,
  formatGib,
  formatList,
  formatNumber,
  type MessageKey,
  t,
  tryT,
} from '../i18n/t.ts'

export type Cause = Returns<'GET /v1/services/{service}'>['causes'][number]
type Ended = Extract<Cause, { code: 'Ended' }>
type NoPlace = Extract<Cause, { code: 'NoRoom' | 'NoMachine' | 'NoOpenMachine' }>
type Unplaced = Pick<NoPlace, 'missing' | 'machines'>

/** A sentence of its own. */
export function causesText(causes: readonly Cause[]): string {
  const full = causes.some(cause => cause.code === 'Counts' && cause.running >= cause.wanted)
  const text = formatClauses(causes.map(cause => causeText(cause, full)))
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Where a service runs in full, what has no place is a replacement. */
function causeText(cause: Cause, full: boolean): string {
  switch (cause.code) {
    case 'CrashLoop':
      return crashText(cause)
    case 'Leaving':
      return tryT(`cause.leaving.${cause.because}`) ?? cause.because
    case 'NoMachine':
    case 'NoOpenMachine':
    case 'NoRoom':
      return full ? t('cause.replacementWaits', { why: unplacedText(cause) }) : unplacedText(cause)
    case 'Ended':
      return endText(cause)
    case 'DiskPressure':
      return t(`cause.DiskPressure.${cause.of}`, {
        free: formatGib(cause.freeBytes / 2 ** 20),
        disk: formatGib(cause.diskBytes / 2 ** 20),
        used: formatGib(cause.usedBytes / 2 ** 20),
      })
    case 'Fetching':
      return fetchingText(cause)
    case 'Counts':
      return t('cause.Counts', { running: cause.running, wanted: cause.wanted })
    case 'NotReadyInTime':
      return t('cause.NotReadyInTime', { seconds: cause.seconds })
    case 'Ending':
      return t('cause.Ending', { count: cause.count })
    default:
      return t(`cause.${cause.code}`)
  }
}

function crashText({ count, last }: Extract<Cause, { code: 'CrashLoop' }>): string {
  if (last === null) return t('cause.CrashLoop', { count })
  const { reason, exitCode } = last
  return reason === 'Exited' && exitCode
    ? t('cause.CrashLoopExit', { count, exit: t('cause.lastExit', { exitCode: String(exitCode) }) })
    : t('cause.CrashLoopLast', { count, last: endText(last) })
}

function fetchingText({ receivedBytes, totalBytes, failures, problem }: Extract<Cause, { code: 'Fetching' }>): string {
  const mib = formatNumber((totalBytes ?? receivedBytes) / 2 ** 20)
  const percent = totalBytes ? Math.floor((receivedBytes / totalBytes) * 100) : null
  const far = percent === null ? t('cause.fetchingUnsized', { mib }) : t('cause.fetching', { percent, mib })
  return failures === 0 || problem === null ? far : t('cause.fetchingTrouble', { far, failures, problem })
}

/** What an event may hold besides refusals: why a service instance has no place. */
export const isNoPlace = (value: object): value is NoPlace =>
  'code' in value && /^(NoRoom|NoMachine|NoOpenMachine)$/.test(String(value.code)) && 'machines' in value

/** Why there is no room, with what is short on the machine that comes closest. */
export function unplacedText({ code, missing, machines }: Unplaced & { code: string }): string {
  const closed = formatList(
    (['held', 'lost', 'notRunning'] as const).flatMap(key =>
      machines[key] > 0 ? [t(`cause.${key}`, { count: machines[key] })] : [],
    ),
  )
  if (code === 'NoMachine') return t('cause.NoMachine')
  if (code === 'NoOpenMachine') return t('cause.NoOpenMachine', { closed })
  const short = missing ? amountsOf(missing) : []
  const why = short.length === 0 ? t('cause.needsMachine') : t('cause.NoRoom', { missing: formatAll(short) })
  return closed === '' ? why : t('cause.withClosed', { why, closed })
}

/** A number and its unit stay on one line. */
export function amountsOf({ cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: NonNullable<Unplaced['missing']>): string[] {
  const parts: [number, MessageKey, Record<string, string | number>][] = [
    [cpuMilli, 'cause.cpu', { cpu: formatCpu(cpuMilli) }],
    [memoryMib, 'cause.memory', { memory: formatGib(memoryMib) }],
    [gpuCount, 'cause.gpu', { gpu: gpuCount }],
    [gpuMemoryMib, 'cause.gpuMemory', { memory: formatGib(gpuMemoryMib) }],
  ]
  return parts.flatMap(([amount, key, parameters]) =>
    amount > 0 ? [t(key, parameters).replace(/(\d) /, '$1\u00a0')] : [],
  )
}

function endText({ reason, exitCode, signal, message }: Ended): string {
  const how = signal
    ? [t('cause.signal', { signal })]
    : exitCode === null || exitCode === 0
      ? []
      : [t('cause.exitCode', { exitCode: String(exitCode) })]
  const why = reason === null ? [] : [tryT(`cause.end.${reason}`) ?? reason]
  // With a code or a signal the message only repeats it, and in English.
  return [...why, ...how, ...(message && how.length === 0 ? [message] : [])].join(' · ')
}
