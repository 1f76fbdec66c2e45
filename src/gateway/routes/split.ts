// Which member of a traffic group takes a request: smooth weighted turns, so the shares are exact over any window of as many
// requests as the weights add up to, and neighbours in time differ. A member without an endpoint is passed over, and its share
// goes to the others by their weights. Every gateway worker takes turns of its own.
import type { RouteSplit } from '../../services/routes/route.ts'

export interface SplitMember {
  readonly targets: readonly unknown[]
}

export class Split<Member extends SplitMember> {
  readonly #auto: boolean
  readonly #members: readonly Member[]
  readonly #weights: Float64Array
  readonly #credit: Float64Array

  /** `members` and `weights` by index. */
  constructor(mode: RouteSplit['mode'], members: readonly Member[], weights: readonly number[]) {
    this.#auto = mode === 'auto'
    this.#members = members
    this.#weights = Float64Array.from(weights)
    this.#credit = new Float64Array(members.length)
  }

  /** Whether these are its members, in this order. */
  isOf(members: readonly Member[]): boolean {
    return members.length === this.#members.length && members.every((member, index) => member === this.#members[index])
  }

  /** Those that get requests now. */
  serving(): Member[] {
    return this.#members.filter((_, index) => this.#weightOf(index) > 0)
  }

  /** Whose turn it is. Where none can serve, the one with the largest weight: it says why. Null: there is no member. */
  next(): Member | null {
    let total = 0
    let best = -1
    for (let index = 0; index < this.#members.length; index++) {
      const weight = this.#weightOf(index)
      if (weight === 0) continue
      total += weight
      this.#credit[index] = (this.#credit[index] as number) + weight
      if (best === -1 || (this.#credit[index] as number) > (this.#credit[best] as number)) best = index
    }
    if (best === -1) return this.#heaviest()
    this.#credit[best] = (this.#credit[best] as number) - total
    return this.#members[best] as Member
  }

  /** Another than `member`, for a request that found none of its endpoints any more; null: there is none that can serve. */
  otherThan(member: Member): Member | null {
    let best = -1
    for (let index = 0; index < this.#members.length; index++) {
      if (this.#members[index] === member || this.#weightOf(index) === 0) continue
      if (best === -1 || this.#weightOf(index) > this.#weightOf(best)) best = index
    }
    return best === -1 ? null : (this.#members[best] as Member)
  }

  /** 0: it gets nothing now. */
  #weightOf(index: number): number {
    const endpoints = (this.#members[index] as Member).targets.length
    if (endpoints === 0) return 0
    return this.#auto ? endpoints : (this.#weights[index] as number)
  }

  #heaviest(): Member | null {
    let best = -1
    for (let index = 0; index < this.#members.length; index++) {
      if (best === -1 || (this.#weights[index] as number) > (this.#weights[best] as number)) best = index
    }
    return best === -1 ? null : (this.#members[best] as Member)
  }
}
