// Tells the story: each step with its number, its time and what came of it, on stdout or (where stdout is for JSON) stderr.
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'
import { secondsText } from '../output.ts'

export interface ToldStep {
  name: string
  ms: number
  result: string
}

export class StepFailed extends Error {
  override name = 'StepFailed'
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(messageOf(cause), { cause })
    this.step = step
  }
}

export class Teller {
  readonly steps: ToldStep[] = []
  readonly #clock: Clock
  readonly #write: (line: string) => void

  constructor(clock: Clock, write: (line: string) => void) {
    this.#clock = clock
    this.#write = write
  }

  line(text = ''): void {
    this.#write(text)
  }

  /** Does one step; `told` says in a sentence what came of it. */
  async step<T>(name: string, work: () => Promise<{ told: string; value: T }>): Promise<T> {
    const beganMs = this.#clock.monotonicMs()
    try {
      const { told, value } = await work()
      const ms = Math.round(this.#clock.monotonicMs() - beganMs)
      this.steps.push({ name, ms, result: told })
      this.#write(`${String(this.steps.length).padStart(2)}  ${secondsText(ms).padStart(6)}  ${told}`)
      return value
    } catch (error) {
      throw new StepFailed(name, error)
    }
  }
}
