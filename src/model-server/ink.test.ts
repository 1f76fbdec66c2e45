import { describe, expect, it } from 'vitest'
import { Refusal } from '../lib/errors.ts'
import { fitInk, type Pixels } from './ink.ts'

type Colour = readonly [red: number, green: number, blue: number, opacity: number]
const white: Colour = [255, 255, 255, 255]
const black: Colour = [0, 0, 0, 255]
const clear: Colour = [0, 0, 0, 0]

/** A bar of `ink` at (left, top) on a sheet of `ground`. */
function sheet(
  ink: Colour,
  ground: Colour,
  bar: { left: number; top: number; width: number; height: number },
  size = 100,
): Pixels {
  const rgba = new Uint8Array(size * size * 4)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inside = x >= bar.left && x < bar.left + bar.width && y >= bar.top && y < bar.top + bar.height
      rgba.set(inside ? ink : ground, (y * size + x) * 4)
    }
  }
  return { width: size, height: size, rgba }
}

const bar = { left: 10, top: 20, width: 8, height: 40 }

describe('ink', () => {
  it('fills 20 of 28 pixels along its longer side, in the middle, light on dark', () => {
    const fitted = fitInk(sheet(black, white, bar), 28, 28)
    const row = (y: number) => [...fitted.subarray(y * 28, y * 28 + 28)]
    for (let y = 0; y < 28; y++) expect(row(y).reduce((a, b) => a + b, 0)).toBe(y >= 4 && y < 24 ? 4 : 0)
    expect(row(14).findIndex(value => value > 0)).toBe(12)
  })

  it.each([
    ['white on black', sheet(white, black, bar)],
    ['blue on cream', sheet([30, 60, 160, 255], [250, 246, 232, 255], bar)],
    ['elsewhere on the sheet', sheet(black, white, { ...bar, left: 80, top: 55 })],
    ['at the edge of the sheet', sheet(black, white, { ...bar, left: 0, top: 0 })],
    ['twice as large', sheet(black, white, { left: 20, top: 40, width: 16, height: 80 }, 200)],
    ['black on a transparent sheet', sheet(black, clear, bar)],
    ['white on a transparent sheet', sheet(white, clear, bar)],
  ])('is the same %s', (_what, picture) => {
    expect(fitInk(picture, 28, 28)).toEqual(fitInk(sheet(black, white, bar), 28, 28))
  })

  it('is refused where there is none', () => {
    expect(() => fitInk(sheet(white, white, bar), 28, 28)).toThrow(Refusal)
    expect(() => fitInk(sheet(clear, clear, bar), 28, 28)).toThrow('blank')
    expect(() => fitInk(sheet([240, 240, 240, 255], white, bar), 28, 28)).toThrow('blank')
  })

  it('may be a single pixel, or the whole sheet but its rim', () => {
    expect(
      fitInk(sheet(black, white, { left: 3, top: 3, width: 1, height: 1 }), 28, 28).some(value => value === 1),
    ).toBe(true)
    expect(
      fitInk(sheet(black, white, { left: 1, top: 1, width: 98, height: 98 }), 28, 28).filter(value => value === 1),
    ).toHaveLength(400)
  })
})
