// One call of a driver: an error or a late answer is "no word", which decides nothing (Q4).
import { messageOf } from '../lib/errors.ts'
import { OutcomeUnknownError } from '../lib/fault.ts'
import type { Logger } from '../lib/log.ts'

const driverCallMsMax = 10_000

export type Ask = <T>(what: string, call: Promise<T>) => Promise<T | null>

/** null when the driver has no word: its answer is an error, or late. */
export function asking(log: Logger, regionId: string): Ask {
  return async (what, call) => {
    try {
      return await inTime(call, what)
    } catch (error) {
      log.warn({ regionId, what, error: messageOf(error) }, 'the machine driver has no word')
      return null
    }
  }
}

async function inTime<T>(call: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new OutcomeUnknownError(`${what} took too long`)), driverCallMsMax)
  try {
    return await Promise.race([call, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
