// The model card: what the server must know of a model beyond its tensors. It travels inside the ONNX file, as JSON under
// the metadata key `berth.model`, so that a model is one file. onnxruntime-node does not hand metadata out, so the few
// bytes are read here: ModelProto's top-level fields are walked and everything but metadata_props is skipped unread.
import { closeSync, openSync, readSync } from 'node:fs'
import { z } from 'zod'
import { messageOf } from '../lib/errors.ts'

const modelCard = z.strictObject({
  /** `ink`: a drawing on a plain ground, cropped and centred as light ink on dark. `photo`: the whole picture. */
  image: z.enum(['ink', 'photo']).default('photo'),
  /** Names of the classes of the first output. */
  labels: z.array(z.string()).default([]),
  /** Per channel, on values of 0 to 1: (value - mean) / deviation. One number stands for every channel. */
  mean: z.array(z.number()).min(1).max(3).default([0]),
  deviation: z.array(z.number().positive()).min(1).max(3).default([1]),
})

export type ModelCard = z.infer<typeof modelCard>

/** The card in a model file; the defaults where it has none. */
export function readModelCard(path: string): ModelCard {
  const text = readMetadata(path).get('berth.model')
  if (text === undefined) return modelCard.parse({})
  try {
    return modelCard.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(`${path}: the metadata "berth.model" is not a model card: ${messageOf(error)}`, { cause: error })
  }
}

const metadataField = 14
const lengthDelimited = 2

function readMetadata(path: string): Map<string, string> {
  const file = openSync(path, 'r')
  const metadata = new Map<string, string>()
  try {
    const head = Buffer.alloc(20) // a tag and a length: at most ten bytes each
    for (let position = 0; ; ) {
      const size = readSync(file, head, 0, head.length, position)
      if (size === 0) return metadata
      const tag = varint(head.subarray(0, size), 0)
      const value = varint(head.subarray(0, size), tag.end)
      position += value.end
      if (tag.value % 8 !== lengthDelimited) continue // the other top-level fields of a ModelProto are varints
      if (tag.value === metadataField * 8 + lengthDelimited) {
        const entry = Buffer.alloc(Math.min(value.value, 1 << 20))
        const [key, text] = readEntry(entry.subarray(0, readSync(file, entry, 0, entry.length, position)))
        metadata.set(key, text)
      }
      position += value.value
    }
  } catch (error) {
    throw new Error(`${path} is not an ONNX model: ${messageOf(error)}`, { cause: error })
  } finally {
    closeSync(file)
  }
}

/** StringStringEntryProto: 1 key, 2 value. */
function readEntry(bytes: Buffer): [key: string, value: string] {
  const fields = ['', '']
  for (let position = 0; position < bytes.length; ) {
    const tag = varint(bytes, position)
    const length = varint(bytes, tag.end)
    const field = Math.floor(tag.value / 8) - 1
    if (field in fields) fields[field] = bytes.toString('utf8', length.end, length.end + length.value)
    position = length.end + length.value
  }
  return [fields[0] ?? '', fields[1] ?? '']
}

function varint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0
  for (let at = start, scale = 1; at < bytes.length && at < start + 10; at++, scale *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte % 128) * scale
    if (byte < 128) return { value, end: at + 1 }
  }
  throw new Error('a field is cut short')
}
