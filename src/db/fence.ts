// Keeps a process that has lost a duty from writing on its behalf: whoever was stopped for a minute does not know what happened
// meanwhile. A ctx with a fence has it checked in each of its transactions, first of all.
import type { Tx } from './db.ts'

export interface Fence {
  /** Throws FencedError when another has taken over; else nobody takes over before this transaction ends. */
  check(tx: Tx): Promise<void>
}

/** A write that was refused because another process has taken over. */
export class FencedError extends Error {
  readonly duty: string

  constructor(duty: string, fencingToken: bigint) {
    super(`the duty ${duty} is another's by now (fencing token ${fencingToken} is over): nothing was written`)
    this.name = 'FencedError'
    this.duty = duty
  }
}
