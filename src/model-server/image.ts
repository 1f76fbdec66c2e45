// A picture as the model's input: decoded by sharp, fitted to the size and layout the model declares.
import sharp from 'sharp'
import { messageOf, Refusal } from '../lib/errors.ts'
import type { ModelServerRefusal } from './errors.ts'
import { fitInk } from './ink.ts'
import type { ModelCard } from './model-card.ts'
import type { RawTensor, TensorSpec } from './tensor.ts'

// A picture of few bytes can hold any number of pixels: this many are decoded, 96 MB at three bytes each.
const pixelsMax = 32_000_000
/** Drawings are scaled to this at most before their ink is looked for. */
const drawingSide = 256

// One thread a picture, and no cache: a service instance has the processors and the memory it was given, not the host's.
sharp.concurrency(1)
sharp.cache(false)

/** How the model takes a picture. */
export interface ImageForm {
  input: string
  type: 'float32' | 'uint8'
  layout: 'NCHW' | 'NHWC'
  channels: 1 | 3
  width: number
  height: number
}

/** The form of a model whose one input is a picture of fixed size; null for every other model. */
export function imageFormOf(inputs: readonly TensorSpec[]): ImageForm | null {
  const [input] = inputs
  if (input === undefined || inputs.length !== 1 || input.shape.length !== 4) return null
  if (input.type !== 'float32' && input.type !== 'uint8') return null
  const [batch = 0, second = 0, third = 0, fourth = 0] = input.shape
  if (batch !== -1 && batch !== 1) return null
  const base = { input: input.name, type: input.type }
  const isChannels = (size: number): size is 1 | 3 => size === 1 || size === 3
  if (isChannels(second) && third > 0 && fourth > 0)
    return { ...base, layout: 'NCHW', channels: second, height: third, width: fourth }
  if (isChannels(fourth) && second > 0 && third > 0)
    return { ...base, layout: 'NHWC', channels: fourth, height: second, width: third }
  return null
}

/** Only what is plainly a PNG or JPEG reaches the decoder, whatever its label says. */
export function isPicture(bytes: Buffer): boolean {
  const png = bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
  return png || (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff)
}

export async function readImage(bytes: Buffer, form: ImageForm, card: ModelCard): Promise<RawTensor> {
  if (!isPicture(bytes)) throw refuse('the body is not a picture: send a PNG or a JPEG')
  const planes = await (card.image === 'ink' ? drawing(bytes, form) : photo(bytes, form)).catch(error => {
    if (error instanceof Refusal) throw error
    throw refuse(`the picture could not be decoded: ${messageOf(error)}`)
  })
  const { channels, width, height, layout, type } = form
  const dims = layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels]
  const data = type === 'uint8' ? new Uint8Array(planes.length) : new Float32Array(planes.length)
  const area = width * height
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = planes[pixel * channels + channel] ?? 0
      const scaled = (value - at(card.mean, channel)) / at(card.deviation, channel)
      data[layout === 'NCHW' ? channel * area + pixel : pixel * channels + channel] =
        type === 'uint8' ? Math.round(value * 255) : scaled
    }
  }
  return { type, dims, data }
}

const refuse = (message: string) => new Refusal<ModelServerRefusal>('InvalidImage', message, { field: 'body' })
const at = (values: readonly number[], channel: number): number => values[values.length === 1 ? 0 : channel] ?? 0

const open = (bytes: Buffer) => sharp(bytes, { limitInputPixels: pixelsMax, failOn: 'truncated' }).autoOrient()

/** The ink alone, the same in every channel; values from 0 to 1, channels last. */
async function drawing(bytes: Buffer, form: ImageForm): Promise<Float32Array> {
  const { data, info } = await open(bytes)
    .resize({ width: drawingSide, height: drawingSide, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const ink = fitInk({ width: info.width, height: info.height, rgba: data }, form.width, form.height)
  if (form.channels === 1) return ink
  return Float32Array.from(
    { length: ink.length * form.channels },
    (_, index) => ink[Math.floor(index / form.channels)] ?? 0,
  )
}

/** The middle of the whole picture; values from 0 to 1, channels last. */
async function photo(bytes: Buffer, form: ImageForm): Promise<Float32Array> {
  const fitted = open(bytes)
    .flatten({ background: 'white' })
    .resize({ width: form.width, height: form.height, fit: 'cover' })
  const colours = form.channels === 1 ? fitted.toColourspace('b-w') : fitted.toColourspace('srgb')
  const { data } = await colours.raw().toBuffer({ resolveWithObject: true })
  return Float32Array.from(data, value => value / 255)
}
