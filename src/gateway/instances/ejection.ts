// Whether an endpoint is left out because what goes there fails, so many times in a row: it takes no connection, breaks one off
// before its answer is whole, or answers what is not HTTP. What a service answers is no failure of its instance, a 500 neither,
// unless an installation counts 502 to 504. It stays out for a time that doubles, is asked then, and is back once it answers:
// on trial, so one more failure has it out again. Never more than a share of a service's endpoints, so never the last.
//
// (Envoy: 5 in a row, 30 s times the ejections, 10 % of the hosts but one at least, nobody is asked. nginx: 1 within 10 s, then
// one request tries it. Linkerd: off; 7, and 1 s doubling to 60. Envoy and nginx count timeouts: `Suspicion` looks after silence
// here, and a long answer is no reason to lose an instance.)
import type { Endpoint } from '../../services/routes/route.ts'
import type { ServiceUsage } from '../figures/usage.ts'
import type { GatewayLimits } from '../limits.ts'
import { answersAnything } from './probe.ts'

export class Ejection {
  ejected = false
  readonly #limits: GatewayLimits
  readonly #usage: ServiceUsage
  /** In a row. */
  #failures = 0
  /** Ejections and vain probes in a row. */
  #times = 0
  #untilMs = 0
  #backAtMs = 0
  #asking = false

  constructor(limits: GatewayLimits, usage: ServiceUsage) {
    this.#limits = limits
    this.#usage = usage
  }

  succeeded(): void {
    if (!this.ejected) this.#failures = 0
  }

  /** Whether it has failed so often that it is to be left out. */
  failed(): boolean {
    const { ejectAfter } = this.#limits
    this.#failures++
    return !this.ejected && ejectAfter > 0 && this.#failures >= ejectAfter
  }

  eject(nowMs: number): void {
    // One that has done well since for longer than it was out begins anew.
    if (nowMs - this.#backAtMs > this.#outMs()) this.#times = 0
    this.#times++
    this.ejected = true
    this.#untilMs = nowMs + this.#outMs()
    this.#usage.ejections++
    this.#count(1)
  }

  /** Once per tick. */
  look(endpoint: Endpoint, nowMs: number): void {
    if (!this.ejected || this.#asking || nowMs < this.#untilMs) return
    this.#asking = true
    void answersAnything(endpoint).then(answered => {
      this.#asking = false
      if (answered) this.#back(nowMs)
      else {
        this.#times++
        this.#untilMs = nowMs + this.#outMs()
      }
    })
  }

  /** The endpoint is not routed any more. */
  end(): void {
    if (this.ejected) this.#count(-1)
    this.ejected = false
  }

  #back(nowMs: number): void {
    if (!this.ejected) return
    this.ejected = false
    this.#backAtMs = nowMs
    this.#failures = this.#limits.ejectAfter - 1
    this.#count(-1)
  }

  #outMs(): number {
    const { ejectMs, ejectMsMax } = this.#limits
    return Math.min(ejectMsMax, ejectMs * 2 ** Math.max(0, this.#times - 1))
  }

  #count(by: number): void {
    this.#usage.ejected += by
    this.#usage.changed = true
  }
}

/** How many of so many endpoints may be out at once. */
export const mayBeOut = (endpoints: number, { ejectShare }: Pick<GatewayLimits, 'ejectShare'>): number =>
  Math.min(endpoints - 1, Math.floor(endpoints * ejectShare))
