// What the n-th request is and when it leaves: a function of n alone, so that nothing that happens changes what is asked next.
export type Kind = 'short' | 'slow' | 'stream'

export interface Mix {
  perSecond: number
  services: number
  /** How long the service works on a slow one. */
  slowMs: { from: number; to: number }
  /** How long a stream lasts; one event in `eventMs`. */
  streamMs: number
  eventMs: number
  /** The share that opens a connection of its own and closes it afterwards. */
  freshShare?: number
}

export interface Planned {
  id: string
  kind: Kind
  service: number
  workMs: number
  bytes: number
  answerBytes: number
  events: number
  fresh: boolean
}

/** Numbers in [0, 1) that look random and depend on their arguments alone. */
function dice(n: number, salt: number): number {
  let x = (n * 0x9e37_79b1 + salt * 0x85eb_ca6b) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97)
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

const between = (share: number, from: number, to: number): number => Math.floor(from + share * (to - from))

/** 70 % short ones, 20 % slow ones, 10 % streams, over all services alike. */
export function plannedOf(mix: Mix, n: number): Planned {
  const share = dice(n, 1)
  const kind: Kind = share < 0.7 ? 'short' : share < 0.9 ? 'slow' : 'stream'
  const large = kind === 'slow' ? 32_768 : 4_096
  return {
    id: `r${n}`,
    kind,
    service: Math.floor(dice(n, 2) * mix.services),
    workMs: kind === 'slow' ? between(dice(n, 3), mix.slowMs.from, mix.slowMs.to) : between(dice(n, 3), 0, 20),
    bytes: between(dice(n, 4), 1, large),
    answerBytes: between(dice(n, 5), 1, large),
    events: kind === 'stream' ? Math.round(mix.streamMs / mix.eventMs) : 0,
    fresh: dice(n, 6) < (mix.freshShare ?? 0),
  }
}

/** Milliseconds after the start. */
export const dueMsOf = (mix: Mix, n: number): number => (n * 1_000) / mix.perSecond
