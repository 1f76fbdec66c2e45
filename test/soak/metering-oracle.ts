// A year of postpaid machines as it was drawn, and what it must cost, found by marking minute after minute. Times are
// microseconds since 1970, which a number holds exactly. Shares no code with what it judges.

export interface DrawnInterval {
  startUs: number
  /** Null: it still runs. */
  endUs: number | null
}

export interface DrawnMachine {
  id: string
  diskGib: number
  intervals: DrawnInterval[]
}

export interface DrawnPrice {
  effectiveUs: number
  microsPerHour: number
  diskGibMicros: number
}

export interface DrawnYear {
  startUs: number
  machines: DrawnMachine[]
  prices: DrawnPrice[]
}

const second = 1_000_000
const minute = 60 * second
const hour = 60 * minute
export const day = 24 * hour

/** The same seed draws the same year. */
export function drawYear(seed: number, machines: number, days: number, startUs: number): DrawnYear {
  const random = mulberry32(seed)
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from))
  /** Seconds, hours, days and weeks are equally likely, and so is nothing at all: machines that flap and that last. */
  const stretch = (): number => {
    const [from, to] = [
      [0, 1],
      [1, 90 * second],
      [minute, 6 * hour],
      [hour, 3 * day],
      [day, 40 * day],
    ][between(0, 5)] as [number, number]
    return between(from, to)
  }
  const endUs = startUs + days * day
  const prices = Array.from({ length: 5 }, (_, index) => ({
    effectiveUs: index === 0 ? startUs - day : startUs + between(0, days * day),
    microsPerHour: between(1, 3_000_000),
    diskGibMicros: between(0, 5_000),
  })).sort((a, b) => a.effectiveUs - b.effectiveUs)
  return {
    startUs,
    prices,
    machines: Array.from({ length: machines }, (_, index) => {
      const intervals: DrawnInterval[] = []
      let at = startUs + between(0, Math.floor((days * day * 2) / 3))
      const last = Math.min(endUs, at + between(hour, days * day))
      while (at < last && intervals.length < 400) {
        const until = at + stretch()
        intervals.push({ startUs: at, endUs: until < last ? until : random() < 0.3 ? null : last })
        if (intervals.at(-1)?.endUs === null) break
        at = until + stretch() + 1
      }
      return {
        id: `eas-i-${String(index).padStart(4, '0')}`,
        diskGib: random() < 0.3 ? 200 : between(201, 2000),
        intervals,
      }
    }),
  }
}

/** The wall clock of Asia/Shanghai, which has no other time than this in these years. */
const offsetUs = 8 * hour
const freeGib = 200

/** Every line of every day before `throughDay`, `machine day item minutes fen`, in order of text. */
export function linesOfYear({ machines, prices }: DrawnYear, untilUs: number, throughDay: string): string[] {
  return machines.flatMap(machine => linesOf(machine, prices, untilUs, throughDay)).sort()
}

function linesOf(machine: DrawnMachine, prices: DrawnPrice[], untilUs: number, throughDay: string): string[] {
  const ran = machine.intervals.flatMap(({ startUs, endUs }) => {
    const end = endUs ?? untilUs
    return end > startUs ? [{ start: startUs, end }] : []
  })
  const anchor = ran[0]?.start ?? 0
  const marked = new Set<number>()
  for (const { start, end } of ran) {
    // Every slot of a minute that has any instant of this interval in it.
    for (let slot = Math.floor((start - anchor) / minute); anchor + slot * minute < end; slot++) marked.add(slot)
  }
  const sums = new Map<string, { minutes: number; micros: bigint }>()
  const count = (item: string, at: number, microsPerHour: number) => {
    const key = `${machine.id} ${new Date((at + offsetUs) / 1000).toISOString().slice(0, 10)} ${item}`
    const sum = sums.get(key) ?? { minutes: 0, micros: 0n }
    sums.set(key, { minutes: sum.minutes + 1, micros: sum.micros + BigInt(microsPerHour) })
  }
  for (const slot of marked) {
    const at = anchor + slot * minute
    const price = prices.findLast(({ effectiveUs }) => effectiveUs <= at)
    if (!price) throw new Error(`no price at ${at}`)
    count('machine', at, price.microsPerHour)
    if (machine.diskGib > freeGib) count('disk', at, price.diskGibMicros * (machine.diskGib - freeGib))
  }
  return [...sums].flatMap(([key, { minutes, micros }]) => {
    if ((key.split(' ')[1] ?? '') > throughDay) return []
    // A minute is a sixtieth of the hour, a fen 10,000 micros; half a fen is rounded up.
    const fen = (2n * micros + 600_000n) / 1_200_000n
    return [`${key} ${minutes} ${fen}`]
  })
}

/** A generator of 32 bits by Tommy Ettinger; public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
