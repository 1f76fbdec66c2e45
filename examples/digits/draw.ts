// Draws a handwritten digit as grey pixels: ink 1 on ground 0. The writing (slant, turn, size, place) and the pen
// (width, edge, pressure, blur, noise) change with every digit; the same random draws the same picture.
import type { SeededRandom } from './random.ts'
import { type Point, type Stroke, writeDigit } from './skeleton.ts'

export const side = 28

export interface Pen {
  /** Width of a line in pixels, at its start and at its end. */
  width: number
  endWidth: number
  /** Pixels over which the edge fades. */
  edge: number
}

/** One digit of 28 × 28 pixels, as the model takes it: its longer side about 20 pixels, its mass about the centre. */
export function drawDigit(digit: number, random: SeededRandom): Float32Array {
  const lines = slope(writeLines(digit, random), random)
  const longer = random.chance(0.8) ? random.normal(0.7) + 19 : random.between(14, 23)
  const width = random.chance(0.88) ? random.between(1.1, 3.7) : random.between(3.7, 4.6)
  const pen = { width, endWidth: width * random.between(0.75, 1.25), edge: random.between(0.7, 1.6) }
  const wander = random.chance(0.8) ? 0.7 : 1.8
  const fitted = sizeAndPlace(lines, longer - pen.width, [
    side / 2 + random.normal(wander),
    side / 2 + random.normal(wander),
  ])
  const ink = paint(fitted, side, pen)
  if (random.chance(0.25)) blur(ink, side, random.between(0.2, 0.8))
  return weather(ink, random)
}

/** Slants, turns and stretches the whole digit, and bends it as a hasty hand does. */
export function slope(lines: readonly Point[][], random: SeededRandom): Point[][] {
  const [sway, bob] = [random.normal(0.035), random.normal(0.035)]
  const [swayAt, bobAt] = [random.between(0, 6), random.between(0, 6)]
  // One half written larger than the other: above and below, left and right.
  const [tall, broad] = [random.normal(0.16), random.normal(0.1)]
  const shear = random.normal(0.24) + 0.12
  const turn = random.normal(0.12)
  const stretch = random.chance(0.8) ? random.between(0.6, 1.1) : random.between(0.48, 1.5)
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  return lines.map(line =>
    line.map(([straightX, straightY]): Point => {
      const x = uneven(straightX, broad) + sway * Math.sin(4 * straightY + swayAt) - 0.5
      const y = uneven(straightY, tall) + bob * Math.sin(4 * straightX + bobAt) - 0.5
      const sheared = x * stretch - shear * y
      return [cos * sheared - sin * y, sin * sheared + cos * y]
    }),
  )
}

/** Moves what is between 0 and 1 towards one end, and keeps the order. */
const uneven = (at: number, amount: number) => at + Math.min(0.7, Math.max(-0.7, amount)) * at * (1 - at)

/** The digit's strokes as lines; hasty hands cut the corners. */
export function writeLines(digit: number, random: SeededRandom): Point[][] {
  const hasty = random.chance(0.35)
  return writeDigit(digit, random).map(stroke => {
    const line = bend(stroke)
    return stroke.round || !hasty ? line : cutCorners(cutCorners(line))
  })
}

/** Chaikin's rule: every corner is replaced by two blunter ones; the ends stay. */
function cutCorners(line: Point[]): Point[] {
  const [first, last] = [line[0], line.at(-1)]
  if (line.length < 3 || first === undefined || last === undefined) return line
  const blunt: Point[] = [first]
  for (const [from, to] of segments([line])) {
    blunt.push([from[0] * 0.8 + to[0] * 0.2, from[1] * 0.8 + to[1] * 0.2])
    blunt.push([from[0] * 0.2 + to[0] * 0.8, from[1] * 0.2 + to[1] * 0.8])
  }
  blunt.push(last)
  return blunt
}

/** A stroke as the short lines it is painted with: Catmull-Rom through the points of a round one. */
export function bend(stroke: Stroke): Point[] {
  const { points } = stroke
  if (!stroke.round) return [...points]
  const line: Point[] = []
  const at = (index: number): Point => points[Math.min(Math.max(index, 0), points.length - 1)] ?? [0, 0]
  for (let index = 0; index < points.length - 1; index++) {
    const [a, b, c, d] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
    for (let step = 0; step < 5; step++)
      line.push([curve(a[0], b[0], c[0], d[0], step / 5), curve(a[1], b[1], c[1], d[1], step / 5)])
  }
  line.push(at(points.length - 1))
  return line
}

const curve = (a: number, b: number, c: number, d: number, t: number) =>
  b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))

/** Scales the lines so that their longer side is `longer`, and moves the middle of their mass to `centre`. */
export function sizeAndPlace(lines: readonly Point[][], longer: number, centre: Point): Point[][] {
  const all = lines.flat()
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)]
  const scale = longer / Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 1e-6)
  let [mass, x, y] = [1e-6, 0, 0]
  for (const [from, to] of segments(lines)) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1])
    mass += length
    x += (length * (from[0] + to[0])) / 2
    y += (length * (from[1] + to[1])) / 2
  }
  return lines.map(line =>
    line.map((p): Point => [centre[0] + scale * (p[0] - x / mass), centre[1] + scale * (p[1] - y / mass)]),
  )
}

function* segments(lines: readonly Point[][]): Generator<[Point, Point]> {
  for (const line of lines) {
    for (let index = 1; index < line.length; index++) {
      const [from, to] = [line[index - 1], line[index]]
      if (from !== undefined && to !== undefined) yield [from, to]
    }
  }
}

/** Paints the lines on an empty square of `size` pixels. A pixel takes the darkest ink that any line leaves on it. */
export function paint(lines: readonly Point[][], size: number, pen: Pen): Float32Array {
  const ink = new Float32Array(size * size)
  for (const line of lines) {
    for (let index = 1; index < line.length; index++) {
      const [from, to] = [line[index - 1], line[index]]
      const share = index / line.length
      if (from && to) paintLine(ink, size, from, to, (pen.width + (pen.endWidth - pen.width) * share) / 2, pen.edge)
    }
  }
  return ink
}

function paintLine(ink: Float32Array, size: number, from: Point, to: Point, radius: number, edge: number): void {
  const reach = radius + edge
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const squared = dx * dx + dy * dy || 1e-9
  const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - reach))
  const bottom = Math.min(size - 1, Math.ceil(Math.max(from[1], to[1]) + reach))
  const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - reach))
  const right = Math.min(size - 1, Math.ceil(Math.max(from[0], to[0]) + reach))
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]]
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / squared))
      const distance = Math.hypot(px - along * dx, py - along * dy)
      const value = Math.min(1, Math.max(0, (radius - distance) / edge + 0.5))
      if (value > (ink[y * size + x] ?? 0)) ink[y * size + x] = value
    }
  }
}

/** Mixes each pixel with its neighbours; `amount` 1 is a full 3 × 3 mean. */
function blur(ink: Float32Array, size: number, amount: number): void {
  const before = ink.slice()
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      let sum = 0
      for (let row = -1; row <= 1; row++)
        for (let column = -1; column <= 1; column++) sum += before[(y + row) * size + x + column] ?? 0
      const at = y * size + x
      ink[at] = (1 - amount) * (before[at] ?? 0) + (amount * sum) / 9
    }
  }
}

/** Paler ink and grain, as scans and cameras have them. */
function weather(ink: Float32Array, random: SeededRandom): Float32Array {
  const strength = random.chance(0.6) ? 1 : random.between(0.6, 1)
  const grain = random.chance(0.6) ? 0 : random.between(0, 0.08)
  for (let at = 0; at < ink.length; at++) {
    const value = (ink[at] ?? 0) * strength + (grain === 0 ? 0 : random.normal(grain))
    ink[at] = Math.min(1, Math.max(0, value))
  }
  return ink
}
