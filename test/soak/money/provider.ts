// Where the machines of one account come from in the model of money: it makes them as was drawn for each, or late, or not; it
// loses them, it falls silent. It keeps a book of its own, and remembers what it was asked in each run.
import type {
  MachineDriver,
  MachineObservation,
  MachineRef,
  ProvisionAnswer,
  ProvisionRequest,
  ResizeAnswer,
  ResizeRequest,
} from '../../../src/fleet/driver.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { OutcomeUnknownError } from '../../../src/lib/fault.ts'
import type { Account, Fate } from './state.ts'

export class Provider implements MachineDriver {
  readonly fates = new Map<string, Fate>()
  readonly silent = new Set<string>()
  readonly rigid = new Set<string>()
  mood: Account['provider'] = 'answers'
  disksWait = false
  readonly #clock: Clock
  readonly #made = new Map<string, string>()
  readonly #released = new Set<string>()
  readonly #asked = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is asked from now on is asked in the next run. */
  begin(): void {
    this.#asked.clear()
  }

  /** `<what> <machine>`: to provision, observe, resize or release it. */
  wasAsked(what: string): boolean {
    return this.#asked.has(what)
  }

  stock = async (): Promise<null> => null

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    return this.#answer('provision', requests, ({ machineId, effectId }) => {
      if (this.#fateOf(machineId) === 'refused' || this.#released.has(machineId)) {
        return { ok: false, refusal: 'CreateFailed', message: 'not this one' }
      }
      this.#made.set(machineId, effectId)
      return { ok: true, driverRef: machineId }
    })
  }

  async observe(machines: readonly MachineRef[]): Promise<MachineObservation[]> {
    const now = this.#clock.now().epochMilliseconds / 1000
    return this.#answer('observe', machines, ({ machineId }): MachineObservation => {
      const fate = this.#fateOf(machineId)
      if (!this.#made.has(machineId) || this.#released.has(machineId)) return { state: 'not_found' }
      if (fate === 'fails') return { state: 'failed', message: 'it does not come up' }
      if (this.silent.has(machineId)) return { state: 'lost', message: 'it does not answer' }
      if (typeof fate === 'number' && fate > now) return { state: 'provisioning' }
      return { state: 'running', address: machineId }
    })
  }

  async resize(requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]> {
    if (this.disksWait) {
      for (const { machineId } of requests) this.#asked.add(`resize ${machineId}`)
      throw new OutcomeUnknownError('the provider says nothing of larger disks')
    }
    return this.#answer('resize', requests, ({ machineId, systemDiskGiB }) =>
      this.rigid.has(machineId)
        ? { ok: false, refusal: 'ResizeRefused', message: 'its disk does not grow' }
        : { ok: true, systemDiskGiB },
    )
  }

  async release(machines: readonly MachineRef[]): Promise<void> {
    await this.#answer('release', machines, ({ machineId }) => this.#released.add(machineId))
  }

  async *list(): AsyncIterable<{ machineId: string; effectId: string }> {
    for (const [machineId, effectId] of this.#made) if (!this.#released.has(machineId)) yield { machineId, effectId }
  }

  #fateOf = (machineId: string): Fate => this.fates.get(machineId) ?? 'comes'

  #answer<Asked extends { machineId: string }, Answer>(
    what: 'provision' | 'observe' | 'resize' | 'release',
    asked: readonly Asked[],
    answer: (one: Asked) => Answer,
  ): Answer[] {
    for (const { machineId } of asked) {
      // To look whether it is gone is a part of its release.
      if (what !== 'observe' || !this.#released.has(machineId)) this.#asked.add(`${what} ${machineId}`)
    }
    if (this.mood === 'dead') throw new OutcomeUnknownError('the provider does not answer')
    const answers = asked.map(answer)
    if (this.mood === 'mute') throw new OutcomeUnknownError('the provider did it, and does not say so')
    return answers
  }
}
