// A drawing as the model saw drawings in training: light ink on a dark ground, the ink's box scaled so that its longer
// side is 20/28 of the model's side, its mass in the middle. So a picture may be of any size, black on white or white
// on black, and the digit anywhere in it. Pure.
import { Refusal } from '../lib/errors.ts'
import type { ModelServerRefusal } from './errors.ts'

/** Four bytes a pixel: red, green, blue, opacity. */
export interface Pixels {
  width: number
  height: number
  rgba: Uint8Array
}

interface Plane {
  width: number
  height: number
  values: Float32Array
}

/** Differences from the ground below this part of the greatest one are grain, not ink. */
const grain = 0.25
/** A picture whose greatest difference from its ground is less (of 255) shows nothing. */
const leastContrast = 24
const inkSide = 20 / 28

/** The ink of a picture, as `height` × `width` values from 0 to 1. */
export function fitInk(picture: Pixels, width: number, height: number): Float32Array {
  const ink = findInk(picture)
  const box = boxOf(ink)
  const scale = Math.min((width * inkSide) / box.width, (height * inkSide) / box.height)
  const small = shrink(
    ink,
    box,
    Math.max(1, Math.round(box.width * scale)),
    Math.max(1, Math.round(box.height * scale)),
  )
  return placeByMass(small, width, height)
}

/** How far each pixel is from the ground, on the side where the picture differs from its ground the most. */
function findInk({ width, height, rgba }: Pixels): Plane {
  const grey = greyOf(rgba)
  const ground = median(rim(grey, width, height))
  let [darkest, lightest] = [255, 0]
  for (let at = 0; at < grey.length; at++) {
    const value = grey[at] ?? 0
    if (value < darkest) darkest = value
    if (value > lightest) lightest = value
  }
  const contrast = Math.max(ground - darkest, lightest - ground)
  if (contrast < leastContrast) {
    throw new Refusal<ModelServerRefusal>('InvalidImage', 'the picture is blank: nothing in it differs from its ground')
  }
  const sign = ground - darkest >= lightest - ground ? -1 : 1
  for (let at = 0; at < grey.length; at++) {
    const difference = (sign * ((grey[at] ?? 0) - ground)) / contrast
    grey[at] = difference < grain ? 0 : difference
  }
  return { width, height, values: grey }
}

/** Luma on a ground that shows: where the picture is transparent, white under dark ink and black under light ink. */
function greyOf(rgba: Uint8Array): Float32Array {
  const grey = new Float32Array(rgba.length / 4)
  let [opaque, sum] = [0, 0]
  for (let at = 0; at < grey.length; at++) {
    const luma = 0.299 * (rgba[4 * at] ?? 0) + 0.587 * (rgba[4 * at + 1] ?? 0) + 0.114 * (rgba[4 * at + 2] ?? 0)
    const opacity = (rgba[4 * at + 3] ?? 0) / 255
    grey[at] = luma
    opaque += opacity
    sum += luma * opacity
  }
  const ground = sum / Math.max(opaque, 1) < 128 ? 255 : 0
  for (let at = 0; at < grey.length; at++) {
    const opacity = (rgba[4 * at + 3] ?? 0) / 255
    grey[at] = (grey[at] ?? 0) * opacity + ground * (1 - opacity)
  }
  return grey
}

function rim(grey: Float32Array, width: number, height: number): number[] {
  const values: number[] = []
  for (let x = 0; x < width; x++) values.push(grey[x] ?? 0, grey[(height - 1) * width + x] ?? 0)
  for (let y = 0; y < height; y++) values.push(grey[y * width] ?? 0, grey[y * width + width - 1] ?? 0)
  return values
}

function median(values: number[]): number {
  values.sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? 0
}

interface Box {
  left: number
  top: number
  width: number
  height: number
}

function boxOf(ink: Plane): Box {
  let [left, top, right, bottom] = [ink.width, ink.height, -1, -1]
  for (let y = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++) {
      if (ink.values[y * ink.width + x] === 0) continue
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      bottom = y
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 }
}

/** Scales a box of the plane to width × height by the mean of the area below each pixel; the darkest ink becomes 1. */
function shrink(ink: Plane, box: Box, width: number, height: number): Plane {
  const values = new Float32Array(width * height)
  const [stepX, stepY] = [box.width / width, box.height / height]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      values[y * width + x] = meanOf(ink, box.left + x * stepX, box.top + y * stepY, stepX, stepY)
    }
  }
  const darkest = values.reduce((a, b) => Math.max(a, b), 1e-6)
  return { width, height, values: values.map(value => value / darkest) }
}

function meanOf(ink: Plane, left: number, top: number, width: number, height: number): number {
  let sum = 0
  for (let y = Math.floor(top); y < Math.min(ink.height, top + height); y++) {
    const tall = Math.min(y + 1, top + height) - Math.max(y, top)
    for (let x = Math.floor(left); x < Math.min(ink.width, left + width); x++) {
      sum += (ink.values[y * ink.width + x] ?? 0) * tall * (Math.min(x + 1, left + width) - Math.max(x, left))
    }
  }
  return sum / (width * height)
}

/** Lays the ink on an empty ground with its centre of mass in the middle, as far as it stays inside. */
function placeByMass(ink: Plane, width: number, height: number): Float32Array {
  let [mass, massX, massY] = [0, 0, 0]
  for (let y = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++) {
      const value = ink.values[y * ink.width + x] ?? 0
      mass += value
      massX += value * (x + 0.5)
      massY += value * (y + 0.5)
    }
  }
  const left = Math.min(Math.max(Math.round(width / 2 - massX / mass), 0), width - ink.width)
  const top = Math.min(Math.max(Math.round(height / 2 - massY / mass), 0), height - ink.height)
  const placed = new Float32Array(width * height)
  for (let y = 0; y < ink.height; y++) {
    placed.set(ink.values.subarray(y * ink.width, (y + 1) * ink.width), (top + y) * width + left)
  }
  return placed
}
