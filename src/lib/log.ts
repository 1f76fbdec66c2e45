import { type Logger, pino } from 'pino'

export type { Logger }

/** Structured lines on stdout; a process names its role. */
export function createLog(role: string, level = 'info'): Logger {
  return pino({ name: role, level, base: { role }, timestamp: pino.stdTimeFunctions.isoTime })
}

export const silentLog: Logger = pino({ level: 'silent' })
