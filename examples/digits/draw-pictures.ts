// Draws the pictures of pictures/, which training never saw: node examples/digits/draw-pictures.ts
// Other sizes, other pens (a marker, a mouse, a brush), dark on light and light on dark, the digit anywhere on the sheet.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { paint, sizeAndPlace, slope, writeLines } from './draw.ts'
import { type SeededRandom, seededRandom } from './random.ts'
import type { Point } from './skeleton.ts'

interface Sheet {
  size: number
  ink: readonly [number, number, number]
  ground: readonly [number, number, number]
  /** Part of the sheet's side that the pen is wide, and that the digit is long. */
  pen: number
  digit: number
  taper: number
  jpeg?: true
}

const sheets: Record<string, Sheet> = {
  a: { size: 280, ink: [0, 0, 0], ground: [255, 255, 255], pen: 0.06, digit: 0.6, taper: 1 },
  b: { size: 112, ink: [245, 245, 245], ground: [20, 22, 30], pen: 0.09, digit: 0.72, taper: 0.6 },
  c: { size: 400, ink: [30, 60, 160], ground: [250, 246, 232], pen: 0.02, digit: 0.4, taper: 1.3, jpeg: true },
}

const seed = 77_003
const random = seededRandom(seed)
const directory = join(import.meta.dirname, 'pictures')
mkdirSync(directory, { recursive: true })
for (let digit = 0; digit < 10; digit++) {
  // Every digit twice: in black on white, and in one of the others.
  for (const style of ['a', digit % 2 === 0 ? 'b' : 'c']) {
    const sheet = sheets[style]
    if (sheet) await drawPicture(digit, style, sheet, random)
  }
}

async function drawPicture(digit: number, style: string, sheet: Sheet, chance: SeededRandom): Promise<void> {
  const { size, ink, ground } = sheet
  const room = (1 - sheet.digit) * size * 0.25
  const centre: Point = [size / 2 + chance.between(-room, room), size / 2 + chance.between(-room, room)]
  const lines = sizeAndPlace(slope(writeLines(digit, chance), chance), sheet.digit * size, centre)
  const width = sheet.pen * size
  const painted = paint(lines, size, { width, endWidth: width * sheet.taper, edge: 1.2 })
  const pixels = Buffer.alloc(size * size * 3)
  for (let at = 0; at < pixels.length; at++) {
    const [dark, light] = [ink[at % 3] ?? 0, ground[at % 3] ?? 0]
    pixels[at] = Math.round(light + (dark - light) * (painted[Math.floor(at / 3)] ?? 0))
  }
  const picture = sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
  if (sheet.jpeg) await picture.jpeg({ quality: 82 }).toFile(join(directory, `${digit}-${style}.jpg`))
  else await picture.png({ compressionLevel: 9 }).toFile(join(directory, `${digit}-${style}.png`))
}
