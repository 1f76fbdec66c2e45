// Request bodies as JSON, refused before anything else touches them when they are too deep, hold numbers that JSON can
// write but no double can hold, or keys that would reach an object's prototype (CORRECTNESS §0.9).
import { Refusal } from '../lib/errors.ts'

export type BodyRefusal = 'MalformedJson' | 'JsonTooDeep' | 'JsonNumberOutOfRange' | 'JsonKeyRefused' | 'TextRefused'

const depthMax = 32
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

export function parseJsonBody(bytes: Buffer): unknown {
  refuseDepth(bytes)
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : 'it is not UTF-8'
    throw new Refusal('MalformedJson' satisfies BodyRefusal, `The body is not JSON: ${why}.`)
  }
  refuseContents(value)
  return value
}

/** Counts brackets outside strings, so that depth is known before any recursion. */
function refuseDepth(bytes: Buffer): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > depthMax) {
        throw new Refusal('JsonTooDeep' satisfies BodyRefusal, `The body is nested deeper than ${depthMax} levels.`)
      }
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
}

function refuseContents(value: unknown): void {
  const pending: { value: unknown; path: string }[] = [{ value, path: '' }]
  for (let item = pending.pop(); item; item = pending.pop()) {
    if (typeof item.value === 'number' && !Number.isFinite(item.value)) {
      throw new Refusal(
        'JsonNumberOutOfRange' satisfies BodyRefusal,
        `${item.path || 'The body'} holds a number that is out of range.`,
        { field: item.path },
      )
    }
    refuseText(item.value, item.path || 'The body')
    if (typeof item.value !== 'object' || item.value === null) continue
    for (const [key, child] of Object.entries(item.value)) {
      const path = item.path === '' ? key : `${item.path}.${key}`
      refuseText(key, path)
      if (refusedKeys.has(key)) {
        throw new Refusal('JsonKeyRefused' satisfies BodyRefusal, `The key ${path} is not allowed.`, { field: path })
      }
      pending.push({ value: child, path })
    }
  }
}

/** NUL and halves of surrogate pairs can be written in JSON and in a URL, but are no text: nothing can keep them. */
export function refuseText(value: unknown, field: string): void {
  if (typeof value === 'string') {
    if (value.isWellFormed() && !value.includes('\0')) return
    const shown = field.toWellFormed().replaceAll('\0', '')
    throw new Refusal('TextRefused' satisfies BodyRefusal, `${shown} holds a NUL or half of a surrogate pair.`, {
      field: shown,
    })
  }
}
