// How people write digits: each digit is a few strokes through control points in a box of 1 × 1 (y grows downwards),
// in several styles. Every number here is moved a little for each digit drawn.
import type { SeededRandom } from './random.ts'

export type Point = readonly [x: number, y: number]
/** A line through `points`; `round` lines bend smoothly through them, others have corners. */
export interface Stroke {
  points: readonly Point[]
  round: boolean
}

const round = (...points: Point[]): Stroke => ({ points, round: true })
const straight = (...points: Point[]): Stroke => ({ points, round: false })

/** Part of an ellipse, in turns clockwise from the top: `from` 0 `to` 1 is the whole of it. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  const steps = Math.max(4, Math.ceil(Math.abs(to - from) * 12))
  const points: Point[] = []
  for (let step = 0; step <= steps; step++) {
    const angle = 2 * Math.PI * (from + ((to - from) * step) / steps)
    points.push([x + rx * Math.sin(angle), y - ry * Math.cos(angle)])
  }
  return { points, round: true }
}

type Draw = (random: SeededRandom) => Stroke[]

const zero: Draw = random => {
  const start = random.between(-0.3, 0.25)
  const ring = arc(0.5, 0.5, random.between(0.22, 0.5), 0.5, start, start + random.between(0.88, 1.12))
  if (random.chance(0.8)) return [ring]
  // The line runs on into the ring after it has closed it.
  const end = ring.points.at(-1) ?? [0.5, 0]
  const tail: Point = [end[0] + random.between(-0.25, 0.1), end[1] + random.between(0.05, 0.3)]
  return [{ points: [...ring.points, tail], round: true }]
}

const one: Draw = random => {
  const lean = random.between(-0.06, 0.12)
  const stem = straight([0.5 + lean, 0], [0.5 - lean, 1])
  const flag: Point = [0.5 + lean - random.between(0.08, 0.25), random.between(0.14, 0.36)]
  const base = straight([0.5 - lean - random.between(0.14, 0.32), 1], [0.5 - lean + random.between(0.14, 0.32), 1])
  const style = random.between(0, 1)
  if (style < 0.45) return [stem]
  const flagged = straight(flag, [0.5 + lean, 0], [0.5 - lean, 1])
  return style < 0.78 ? [flagged] : [flagged, base]
}

const two: Draw = random => {
  const left = random.between(0.05, 0.2)
  const hook: Point = [left + random.between(-0.04, 0.2), random.between(0.08, 0.44)]
  const bow: Point[] = [
    hook,
    [0.26 + random.normal(0.05), 0.06],
    [0.52, 0],
    [0.78, 0.1],
    [0.84, random.between(0.2, 0.38)],
  ]
  const reach = random.between(0.86, 1.25)
  const style = random.between(0, 1)
  if (style < 0.4)
    return [round(...bow, [0.62, 0.58], [left, 0.98]), straight([left, 0.98], [reach, random.between(0.9, 1.12)])]
  if (style < 0.88) {
    // A loop, large or only hinted at, where the bow turns into the foot.
    const [loop, wide] = [random.between(0.02, 0.34), random.between(0, 0.16)]
    const low = random.between(0.9, 1)
    const foot: Point = [reach, random.between(0.8, 1.2)]
    return [
      round(
        ...bow,
        [0.62, 0.6],
        [0.36, low - 0.06],
        [0.14 - wide, low],
        [0.06 - wide, low - loop * 0.6],
        [0.2, low - loop],
        [0.5, low - loop / 4],
        foot,
      ),
    ]
  }
  return [straight([left, 0.04], [0.84, 0.02], [left, 0.98], [reach, 0.98])]
}

const three: Draw = random => {
  const waist: Point = [random.between(0.3, 0.5), random.between(0.42, 0.52)]
  const lower: Point[] = [
    waist,
    [0.74, 0.54],
    [0.86, 0.74],
    [0.66, 0.96],
    [0.36, 1],
    [random.between(0.06, 0.18), random.between(0.8, 0.92)],
  ]
  if (random.chance(0.7)) {
    const upper: Point[] = [
      [random.between(0.08, 0.22), random.between(0.08, 0.2)],
      [0.46, 0],
      [0.78, 0.1],
      [0.76, 0.32],
      waist,
    ]
    return [round(...upper), round(...lower)]
  }
  return [straight([0.12, 0.02], [0.82, 0.02], waist), round(...lower)]
}

const four: Draw = random => {
  const bar = random.between(0.52, 0.72)
  const stem = random.between(0.58, 0.78)
  const reach = random.between(0.84, 1.02)
  const style = random.between(0, 1)
  if (style < 0.4) {
    // Open: the left arm and the stem do not meet at the top.
    const top = random.between(0.14, 0.36)
    return [
      straight([top, random.between(0, 0.1)], [random.between(0.06, 0.16), bar], [reach, bar - 0.02]),
      straight([stem, random.between(0, 0.26)], [stem - 0.04, 1]),
    ]
  }
  if (style < 0.6) {
    const turn: Point = [0.14, bar - 0.06]
    return [
      round([0.24, 0], turn, [0.3, bar + 0.04], [stem, bar - 0.04]),
      straight([stem + 0.02, random.between(0, 0.2)], [stem - 0.04, 1]),
    ]
  }
  return [
    straight([stem - 0.02, 0], [0.06, bar], [reach, bar]),
    straight([stem, random.between(-0.02, 0.06)], [stem, 1]),
  ]
}

const five: Draw = random => {
  const shoulder: Point = [random.between(0.1, 0.3), random.between(0.32, 0.52)]
  const right = random.between(0.66, 0.88)
  // The bowl ends anywhere from a short curl to almost closed.
  const close = random.between(0, 1)
  const end: Point = [random.between(0.02, 0.2), 0.98 - 0.3 * close * close]
  const bowl: Point[] = [
    shoulder,
    [right - 0.34, shoulder[1] - random.between(-0.02, 0.1)],
    [right - 0.03, 0.5],
    [right, 0.74],
    [right - 0.24, 0.98],
    end,
  ]
  const top: Point = [shoulder[0] + random.between(0, 0.16), random.between(0, 0.08)]
  const tip: Point = [random.between(0.7, 1.3), random.between(-0.16, 0.05)]
  const style = random.between(0, 1)
  if (style < 0.5) return [straight(top, tip), straight(top, shoulder), round(...bowl)]
  if (style < 0.65) {
    // The bar is put on last and may not meet the rest.
    const start: Point = [top[0] + random.between(-0.06, 0.16), top[1] - random.between(0, 0.08)]
    return [straight(start, tip), straight(top, shoulder), round(...bowl)]
  }
  if (style < 0.85) return [straight(tip, top, shoulder), round(...bowl)]
  return [round(tip, [0.34, 0.04], [top[0], 0.18], shoulder, ...bowl.slice(1))]
}

const six: Draw = random => {
  const loop = random.between(0.14, 0.32)
  const width = random.between(0.24, 0.5)
  const y = 1 - loop
  const left = 0.5 - width
  const stem: Point[] = [
    [random.between(left + 0.1, 0.9), 0],
    [left + 0.14, 0.26],
    [left, y - 0.06],
  ]
  return [
    round(
      ...stem,
      [left + 0.06, y + loop * 0.7],
      [0.5, 1],
      [0.5 + width, y + 0.02],
      [0.52, y - loop],
      [left + random.between(0.02, 0.16), y + random.between(-0.06, 0.08)],
    ),
  ]
}

const seven: Draw = random => {
  const corner: Point = [random.between(0.7, 0.95), random.between(-0.04, 0.08)]
  const foot: Point = [random.chance(0.8) ? random.between(0.2, 0.56) : random.between(0.56, corner[0]), 1]
  const start: Point = [random.between(-0.05, 0.18), random.between(0, 0.12)]
  const tick: Point = [start[0] + random.between(-0.06, 0.04), start[1] + random.between(0.08, 0.3)]
  const dip: Point = [(start[0] + corner[0]) / 2, random.between(0.02, 0.14)]
  const bar = random.chance(0.7) ? [start, corner] : [start, dip, corner]
  const head = random.chance(0.35) ? straight(tick, ...bar) : straight(...bar)
  const stem = random.chance(0.5)
    ? straight(corner, foot)
    : round(corner, [(corner[0] + foot[0]) / 2 - random.between(-0.08, 0.1), random.between(0.4, 0.52)], foot)
  if (random.chance(0.65)) return [head, stem]
  const height = random.between(0.42, 0.6)
  const lift = random.between(-0.08, 0.06)
  return [head, stem, straight([random.between(0.1, 0.36), height - lift], [random.between(0.7, 0.95), height + lift])]
}

const eight: Draw = random => {
  const waist = random.between(0.36, 0.56)
  const upper = random.between(0.14, 0.38)
  const lower = random.between(0.12, 0.42)
  if (random.chance(0.25)) {
    const start = random.between(-0.2, 0.6)
    return [
      arc(0.5, waist / 2, upper, waist / 2, start, start + 1.03),
      arc(0.5, (1 + waist) / 2, lower, (1 - waist) / 2, 0, 1.03),
    ]
  }
  // One line that crosses itself at the waist; it starts at the upper right, or at the waist.
  const start: Point = [0.5 + upper * random.between(0.7, 1.2), random.between(0.02, 0.24)]
  const down: Point[] = [
    [0.5, 0],
    [0.5 - upper, waist / 2],
    [0.5 + random.normal(0.05), waist],
    [0.5 + lower, (1 + waist) / 2 + 0.02],
    [0.5, 1],
  ]
  const up: Point[] = [
    [0.5 - lower, (1 + waist) / 2],
    [0.5 + random.normal(0.05), waist],
  ]
  if (random.chance(0.2))
    return [
      round(
        [0.5, waist],
        ...down.slice(1, 2).reverse(),
        [0.5, 0],
        [0.5 + upper, waist / 2],
        [0.5, waist],
        ...up.slice(0, 1),
        [0.5, 1],
        [0.5 + lower, (1 + waist) / 2],
        [0.5, waist],
      ),
    ]
  const gap = random.chance(0.5) ? 0 : random.between(0, 0.4)
  const end: Point = [start[0] + random.between(-0.02, 0.12) + gap, start[1] + random.between(-0.1, 0.06)]
  return [round(start, ...down, ...up, [0.5 + upper * random.between(0.6, 1), waist * random.between(0.5, 0.7)], end)]
}

const nine: Draw = random => {
  const loop = random.between(0.15, 0.32)
  const width = random.between(0.2, 0.42)
  const right = 0.5 + width
  const start = random.between(0.08, 0.24)
  const ring = arc(
    0.5,
    loop,
    width,
    loop,
    start,
    start + (random.chance(0.6) ? random.between(0.94, 1.04) : random.between(0.78, 0.94)),
  )
  const style = random.between(0, 1)
  if (style < 0.5) return [ring, straight([right, random.between(-0.04, loop)], [right - random.between(0, 0.2), 1])]
  if (style < 0.8) return [ring, round([right, loop * 0.7], [right - 0.02, 0.6], [right - random.between(0.1, 0.3), 1])]
  return [
    ring,
    round([right, loop * 0.8], [right, 0.72], [0.62, 0.98], [random.between(0.14, 0.3), random.between(0.86, 0.96)]),
  ]
}

const draws = [zero, one, two, three, four, five, six, seven, eight, nine]

/** The strokes of one digit, written in one of its styles by an unsteady hand. */
export function writeDigit(digit: number, random: SeededRandom): Stroke[] {
  const draw = draws[digit]
  if (draw === undefined) throw new Error(`${digit} is not a digit`)
  const tremor = random.between(0.006, 0.038)
  return draw(random).map(stroke => ({
    round: stroke.round,
    points: stroke.points.map(([x, y]): Point => [x + random.normal(tremor), y + random.normal(tremor)]),
  }))
}
