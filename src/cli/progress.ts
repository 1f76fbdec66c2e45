// Long work as it goes: one line that is redrawn on a terminal, else a line for every change. On stderr, so that stdout has
// data only.
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../lib/clock.ts'
import { exitCodes, WorkFailed } from './failure.ts'

export interface Step {
  /** What stands there now, in a few words. */
  text: string
  done?: number
  of?: number
}

const barWidth = 24

function lineOf({ text, done, of }: Step): string {
  if (done === undefined || of === undefined || of === 0) return text
  const filled = Math.round((Math.min(done, of) / of) * barWidth)
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${done}/${of}  ${text}`
}

const plainLineOf = ({ text, done, of }: Step): string =>
  done === undefined || of === undefined ? text : `${done}/${of}  ${text}`

export class Progress {
  readonly #stream: NodeJS.WriteStream
  #last = ''

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(step: Step): void {
    const line = this.#stream.isTTY ? lineOf(step) : plainLineOf(step)
    if (line === this.#last) return
    this.#last = line
    const columns = this.#stream.columns || 100
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${line.slice(0, columns - 1)}` : `${line}\n`)
  }

  /** Leaves the last line standing. */
  end(): void {
    if (this.#stream.isTTY && this.#last !== '') this.#stream.write('\n')
    this.#last = ''
  }
}

export interface WatchOptions<T> {
  /** For the person who waits in vain: what took too long, and that it goes on. */
  what: string
  timeoutMs: number
  look(): Promise<T>
  /** null: it has come to an end, good or bad. */
  step(seen: T): Step | null
}

const pauseMsMin = 100
const pauseMsMax = 1_000

/** Looks until it has ended and answers what was seen last; after the timeout the work goes on, but we don't wait. */
export async function watch<T>(options: WatchOptions<T>): Promise<T> {
  const progress = new Progress()
  const began = systemClock.monotonicMs()
  try {
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMsMax, pauseMs * 1.3)) {
      const seen = await options.look()
      const step = options.step(seen)
      if (step === null) return seen
      progress.show(step)
      if (systemClock.monotonicMs() - began > options.timeoutMs) {
        throw new WorkFailed(
          `Timeout: ${options.what} took more than ${options.timeoutMs / 1000} s (${step.text}). It goes on; only the waiting ended.`,
          exitCodes.timeout,
        )
      }
      await delay(pauseMs)
    }
  } finally {
    progress.end()
  }
}
