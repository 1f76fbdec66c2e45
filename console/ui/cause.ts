// Why a service or an instance is as it is, in this browser's language: from the facts that the server gives.
import type { Returns } from '../api.ts'
import { formatCpu, formatGib, formatList, type MessageKey, t, tryT } from '../i18n/t.ts'

export type Cause = Returns<'GET /v1/services/{service}'>['causes'][number]
type Ended = Extract<Cause, { code: 'Ended' }>
type NoPlace = Extract<Cause, { code: 'NoRoom' | 'NoMachine' | 'NoOpenMachine' }>
type Unplaced = Pick<NoPlace, 'missing' | 'machines'>

/** A sentence of its own. */
export function causesText(causes: readonly Cause[]): string {
  const text = formatList(causes.map(causeText))
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function causeText(cause: Cause): string {
  switch (cause.code) {
    case 'CrashLoop':
      return cause.last
        ? t('cause.CrashLoopLast', { count: cause.count, last: endText(cause.last) })
        : t('cause.CrashLoop', { count: cause.count })
    case 'Leaving':
      return tryT(`cause.leaving.${cause.because}`) ?? cause.because
    case 'NoMachine':
    case 'NoOpenMachine':
    case 'NoRoom':
      return unplacedText(cause)
    case 'Ended':
      return endText(cause)
    case 'Counts':
      return t('cause.Counts', { running: cause.running, wanted: cause.wanted })
    case 'Ending':
      return t('cause.Ending', { count: cause.count })
    default:
      return t(`cause.${cause.code}`)
  }
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
  const parameters = { missing: missingText(missing), closed }
  return t(closed === '' ? 'cause.NoRoom' : 'cause.NoRoomClosed', parameters)
}

function missingText(missing: Unplaced['missing']): string {
  const parts: [number, MessageKey, Record<string, string | number>][] = missing
    ? [
        [missing.cpuMilli, 'cause.cpu', { cpu: formatCpu(missing.cpuMilli) }],
        [missing.memoryMib, 'cause.memory', { memory: formatGib(missing.memoryMib) }],
        [missing.gpuCount, 'cause.gpu', { gpu: missing.gpuCount }],
        [missing.gpuMemoryMib, 'cause.gpuMemory', { memory: formatGib(missing.gpuMemoryMib) }],
      ]
    : []
  const short = parts.flatMap(([amount, key, parameters]) => (amount > 0 ? [t(key, parameters)] : []))
  return short.length === 0 ? t('cause.anotherMachine') : formatList(short)
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
